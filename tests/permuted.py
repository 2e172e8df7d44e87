"""Clients stored in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.market.clients.population import CLIENT_COLUMNS, WORK_COLUMNS, Population


def permuted(people: Population, order: Any) -> Population:
    """The same clients stored in another order (results must not change)."""
    counts = np.diff(people.first)[order]
    spans = [np.arange(people.first[c], people.first[c + 1]) for c in order]
    work = np.concatenate(spans)
    moved = {name: getattr(people, name)[order] for name in CLIENT_COLUMNS}
    moved |= {name: getattr(people, name)[work] for name in WORK_COLUMNS}
    moved["client"] = np.repeat(np.arange(len(order), dtype=np.int32), counts)
    moved["first"] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Population(**moved)
