"""What does it: counterfactual worlds of a scenario and what they say of the incumbent's moves.

Each part is one file: the worlds it runs and how it reads them. All are found by `parts()`.
"""
