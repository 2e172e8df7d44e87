"""Time spent in each part of a run, for `sim run --profile`: this process only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_BOOKS: list[dict[str, float]] = []  # whoever collects times now


@contextmanager
def profiled() -> Iterator[dict[str, float]]:
    """Seconds by part of all runs made inside, in the order in which parts first ended."""
    book: dict[str, float] = {}
    _BOOKS.append(book)
    try:
        yield book
    finally:
        _BOOKS.remove(book)


class timed:
    """Book the time of what happens inside under the name of a part."""

    __slots__ = ("began", "part")

    def __init__(self, part: str) -> None:
        self.part = part

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        for book in _BOOKS:
            book[self.part] = book.get(self.part, 0.0) + time.perf_counter() - self.began


def booked(part: str, act: Callable[[T], None], given: T) -> None:
    """Call `act`, and book its time where somebody collects times."""
    if not _BOOKS:
        act(given)
        return
    with timed(part):
        act(given)


def profile_lines(book: dict[str, float], total: float) -> list[str]:
    """A table of the parts and of what is left of the total."""
    rows = dict(book)
    rows["everything else"] = max(0.0, total - sum(book.values()))
    lines = [f"{'part':18s} {'seconds':>9s} {'share':>7s}"]
    for part, seconds in rows.items():
        share = seconds / total if total > 0.0 else 0.0
        lines.append(f"{part:18s} {seconds:9.3f} {share:7.1%}")
    return [*lines, f"{'total':18s} {total:9.3f} {1.0:7.1%}"]
