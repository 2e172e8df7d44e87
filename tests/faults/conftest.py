from __future__ import annotations

from tests.unit.runs.conftest import duel, light_workers, run_duel, whole

__all__ = ["duel", "light_workers", "run_duel", "whole"]
