"""The elementary functions that `portable` offers, by number."""

from __future__ import annotations

NAMES = ("exp", "ln", "log1p", "expm1", "log2", "exp2", "power")
EXP, LN, LOG1P, EXPM1, LOG2, EXP2, POWER = range(len(NAMES))
