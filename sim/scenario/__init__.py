"""Scenario files: reading, checking, changing, describing.

`schema` states the tables. Reading: `reader`, `typed`, `checks`. Changing: `patches`, `paths`.
May not: run a market.
"""

from sim.scenario.patches import replace
from sim.scenario.schema.scenario import Scenario

Scenario.replace = replace
