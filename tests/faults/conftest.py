from __future__ import annotations

from tests.unit.runs.conftest import duel, run_duel, whole

__all__ = ["duel", "run_duel", "whole"]
