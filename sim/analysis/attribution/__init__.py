"""What does it: counterfactual worlds of a scenario and what they say of the incumbent's moves.

Each part states the worlds it runs and how it reads them; `attribute.PARTS` lists them.
"""
