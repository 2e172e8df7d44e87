"""Where containment begins and ends in two parameters.

Refinement near the boundary, and sweeps from both sides.
May not: draw.
"""
