"""Looks at a growing ensemble, planned before the first run so that peeking costs nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SequentialPlan:
    """Numbers of replicates at which a verdict may be read, and the error spent at each.

    Raises
    ------
    ValueError
        If looks do not grow, lengths differ or an error share is not positive.
    """

    looks: tuple[int, ...] = (30, 60, 120, 240)
    alpha_spent: tuple[float, ...] = (0.005, 0.01, 0.015, 0.02)

    def __post_init__(self) -> None:
        if len(self.looks) != len(self.alpha_spent) or not self.looks:
            raise ValueError("a plan needs as many error shares as looks, at least one")
        if list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 2:
            raise ValueError("looks must grow and begin at two replicates or more")
        if min(self.alpha_spent) <= 0.0 or sum(self.alpha_spent) >= 0.5:
            raise ValueError("error shares must be positive and add up to less than 0.5")


@dataclass(frozen=True)
class Look:
    """Where an ensemble of n replicates stands in the plan."""

    number: int
    """Look reached, counted from 1; 0 before the first."""
    planned: int | None
    alpha: float | None
    next_n: int | None
    """Replicates of the next look; None after the last."""
    note: str


def look_at(n: int, plan: SequentialPlan | None = None) -> Look:
    """Look that n replicates have reached, the error it may spend and the next one.

    Raises
    ------
    ValueError
        If n is below 1.

    Notes
    -----
    The shares add up to the error of the whole plan (Bonferroni over looks), so a verdict read
    at any look keeps that error.
    """
    if n < 1:
        raise ValueError("needs at least one replicate")
    steps = plan or SequentialPlan()
    number = sum(1 for look in steps.looks if look <= n)
    next_n = steps.looks[number] if number < len(steps.looks) else None
    more = f"next look at {next_n}" if next_n else "no further look planned"
    if number == 0:
        return Look(0, None, None, next_n, f"before the first planned look; {more}")
    planned, alpha = steps.looks[number - 1], steps.alpha_spent[number - 1]
    off = "" if planned == n else f", {n - planned} replicates past it"
    note = f"look {number} of {len(steps.looks)} at {planned} replicates{off}; {more}"
    return Look(number, planned, alpha, next_n, note)
