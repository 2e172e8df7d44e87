"""Studies: factors, a design over them, outcomes and claims.

From the study file to its points, runs and result.
May not: judge claims.
"""
