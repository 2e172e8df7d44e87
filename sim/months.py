"""Months as the first day of each, and the arithmetic between them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator


def first_of_month(value: object) -> object:
    """Accept a date or the text YYYY-MM[-DD]; a month is kept as its first day."""
    if isinstance(value, str):
        parts = value.split("-")
        if len(parts) in (2, 3) and all(part.isdigit() and len(part) <= 4 for part in parts):
            return date(int(parts[0]), int(parts[1]), 1)
    if isinstance(value, date):
        return date(value.year, value.month, 1)
    return value


Month = Annotated[date, BeforeValidator(first_of_month)]


def months_between(start: date, month: date) -> int:
    """Whole calendar months from `start` to `month` (negative if earlier)."""
    return (month.year - start.year) * 12 + month.month - start.month


def month_after(start: date, months: int) -> date:
    """The first day of the month that lies `months` after `start`."""
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
