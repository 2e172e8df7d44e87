"""How the runs of an ensemble fall into blocks: chunks of points by chunks of replicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Points x replicates, cut into blocks that workers run and store as a whole.

    Blocks are numbered with the replicates running fastest, and each is one chunk of every curve.
    """

    points: int
    replicates: int
    points_a_block: int
    replicates_a_block: int

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.points * self.replicates

    @property
    def columns(self) -> int:
        """Blocks that share the same points."""
        return -(-self.replicates // self.replicates_a_block)

    @property
    def rows(self) -> int:
        """Chunks of points."""
        return -(-self.points // self.points_a_block)

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return self.rows * self.columns

    @property
    def shape(self) -> tuple[int, int]:
        """Points and replicates of a whole chunk; those at the edges are filled up."""
        return self.points_a_block, self.replicates_a_block

    def chunk(self, block: int) -> tuple[int, int]:
        """Place of a block: its row of points and its column of replicates."""
        return divmod(block, self.columns)

    def block_of(self, point: int, replicate: int) -> int:
        """The block that holds a run."""
        row, column = point // self.points_a_block, replicate // self.replicates_a_block
        return row * self.columns + column

    def points_of(self, block: int) -> range:
        """Numbers of the points of a block."""
        first = self.chunk(block)[0] * self.points_a_block
        return range(first, min(self.points, first + self.points_a_block))

    def replicates_of(self, block: int) -> range:
        """Replicates of a block."""
        first = self.chunk(block)[1] * self.replicates_a_block
        return range(first, min(self.replicates, first + self.replicates_a_block))

    def runs_of(self, block: int) -> int:
        """Number of runs of a block."""
        return len(self.points_of(block)) * len(self.replicates_of(block))

    def row_blocks(self) -> Iterator[range]:
        """Blocks that share the same points, row after row."""
        for row in range(self.rows):
            yield range(row * self.columns, (row + 1) * self.columns)

    def document(self) -> dict[str, int]:
        """The grid, ready for JSON."""
        return {
            "points": self.points,
            "replicates": self.replicates,
            "points_a_block": self.points_a_block,
            "replicates_a_block": self.replicates_a_block,
        }

    def label(self, block: int) -> str:
        """What a block holds, in words."""
        replicates = _span("replicate", self.replicates_of(block))
        if self.points_a_block >= self.points:
            return replicates
        return f"{_span('point', self.points_of(block))}, {replicates}"


def _span(noun: str, numbers: range) -> str:
    if len(numbers) == 1:
        return f"{noun} {numbers[0]}"
    return f"{noun}s {numbers[0]} to {numbers[-1]}"
