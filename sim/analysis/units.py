"""Sizes of units such as "M tokens" or "billion yuan", so that figures of two units compare."""

from __future__ import annotations

from sim.errors import SimError

MULTIPLES = {
    "1000": 1e3,
    "thousand": 1e3,
    "M": 1e6,
    "million": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "T": 1e12,
    "trillion": 1e12,
}
PER_MONTH = ("/month", " a month", " per month")


def size_of(unit: str) -> tuple[float, str]:
    """Size of a unit and its base: ``"M tokens/month"`` is ``(1e6, "tokens")``.

    A sum of monthly amounts has the unit of the amount, so that "/month" is left out.

    Raises
    ------
    SimError
        If the unit is empty.
    """
    text = unit.strip()
    for ending in PER_MONTH:
        text = text.removesuffix(ending)
    words = text.split()
    if not words:
        raise SimError("a unit is missing")
    if len(words) > 1 and words[0] in MULTIPLES:
        return MULTIPLES[words[0]], " ".join(words[1:])
    return 1.0, " ".join(words)


def factor(source: str, target: str) -> float:
    """What a sum in `source` units is multiplied with to be in `target` units.

    Raises
    ------
    SimError
        If the two units do not measure the same thing.
    """
    (source_size, source_base), (target_size, target_base) = size_of(source), size_of(target)
    if source_base != target_base:
        raise SimError(f"unit {source!r} does not convert to {target!r}")
    return source_size / target_size
