"""Clients counted by what they have, compiled: sets of marks as bits of a whole number.

Weights are added up by each byte of the sets, and by mark when all clients are there: one addition
a client and byte in place of one a mark.
"""

from __future__ import annotations

import numpy as np

from sim.market.population import FIXED_POINT
from sim.numeric.compiled import step

BYTE = 8  # marks that are counted together
VALUES = 2**BYTE


def bytes_of(marks: int) -> int:
    """Bytes that hold so many marks."""
    return -(-marks // BYTE)


@step
def add_marks(c, who, marks, weight, by_byte, by_number):  # type: ignore[no-untyped-def]
    """Add weights of clients `who`, places 1 to c, to `by_byte` (bytes, VALUES) and `by_number`."""
    for x in range(np.uint64(1), np.uint64(c + 1)):
        whole = np.int64(np.float64(weight[who[x]]) * FIXED_POINT + 0.5)
        left = np.uint64(marks[x])
        for b in range(by_byte.shape[0]):
            value = left & np.uint64(VALUES - 1)
            by_byte[b, value] += whole
            left >>= np.uint64(BYTE)
        left = np.uint64(marks[x])
        # bits of a word added up side by side (Warren 2012, Hacker's Delight, section 5-1)
        left -= (left >> np.uint64(1)) & np.uint64(0x5555555555555555)
        left = (left & np.uint64(0x3333333333333333)) + (
            (left >> np.uint64(2)) & np.uint64(0x3333333333333333)
        )
        left = (left + (left >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        number = (left * np.uint64(0x0101010101010101)) >> np.uint64(56)
        by_number[number] += whole


@step
def read_marks(by_byte, counts):  # type: ignore[no-untyped-def]
    """Add what `add_marks` counted to `counts`, by mark."""
    for b in range(by_byte.shape[0]):
        for mark in range(b * BYTE, min((b + 1) * BYTE, counts.shape[0])):
            for value in range(VALUES):
                counts[mark] += by_byte[b, value] * (value >> (mark - b * BYTE) & 1)
