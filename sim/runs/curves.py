"""Curves as zarr (format 3): chunks that workers write apart, and how runs fall into chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import SimError
from sim.months import month_after


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


FloatArray = npt.NDArray[np.float64]

FOLDER = "curves.zarr"
ROOT = f"{FOLDER}/zarr.json"
ZSTD_LEVEL = 3
COMMON_DIMS = ("point", "replicate", "month")


@dataclass(frozen=True)
class CurveLayout:
    """Which curves there are, over which labels."""

    dims: Mapping[str, tuple[str, ...]]
    axes: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(
        cls, dims: Mapping[str, tuple[str, ...]], axes: Mapping[str, tuple[str, ...]]
    ) -> CurveLayout:
        """The curves with the axes that they use; a curve over no label at all has no numbers."""
        held = {name: names for name, names in dims.items() if all(axes[axis] for axis in names)}
        used = {axis for names in held.values() for axis in names}
        return cls(held, {name: axes[name] for name in sorted(used)})

    def joined(self, other: CurveLayout) -> CurveLayout:
        """Both layouts in one; where worlds differ in their labels, all labels in sorted order.

        SimError if they contradict each other about the dimensions of a curve.
        """
        for name in self.dims.keys() & other.dims.keys():
            if self.dims[name] != other.dims[name]:
                raise SimError(
                    f"runs disagree about {name}: {self.dims[name]} and {other.dims[name]}"
                )
        axes = {**self.axes, **other.axes}
        for name in self.axes.keys() & other.axes.keys():
            if self.axes[name] != other.axes[name]:
                axes[name] = tuple(sorted({*self.axes[name], *other.axes[name]}))
        return CurveLayout({**self.dims, **other.dims}, axes)

    def extent(self, name: str) -> tuple[int, ...]:
        """Lengths of the dimensions of a curve."""
        return tuple(len(self.axes[dim]) for dim in self.dims[name])

    def widened(self, values: FloatArray, name: str, into: CurveLayout) -> FloatArray:
        """A curve (..., *dims) of this layout in the labels of another; NaN where it has none."""
        dims = self.dims[name]
        if all(self.axes[dim] == into.axes[dim] for dim in dims):
            return values
        places = [[into.axes[dim].index(label) for label in self.axes[dim]] for dim in dims]
        out = np.full((*values.shape[: values.ndim - len(dims)], *into.extent(name)), np.nan)
        index: Any = (..., *np.ix_(*places))
        out[index] = values
        return out


EMPTY = CurveLayout({}, {})


def chunk_path(name: str, chunk: tuple[int, int], dims: int) -> str:
    """Path of a chunk inside the result folder."""
    places = [*chunk, *[0] * (1 + dims)]
    return f"{FOLDER}/{name}/" + ".".join(["c", *map(str, places)])


def _array(store: dict[str, Any], name: str, shape: Sequence[int], **more: Any) -> Any:
    import zarr
    from zarr.codecs import ZstdCodec

    return zarr.create_array(
        zarr.storage.MemoryStore(store),
        name=name,
        shape=tuple(shape),
        zarr_format=3,
        compressors=ZstdCodec(level=ZSTD_LEVEL),
        chunk_key_encoding={"name": "default", "separator": "."},
        config={"write_empty_chunks": True},
        **more,
    )


@cache
def _codec() -> Any:
    from numcodecs.zstd import Zstd

    return Zstd(level=ZSTD_LEVEL)


def encoded_chunk(values: FloatArray) -> bytes:
    """Bytes of the chunk of a block, (points, replicates, months, *dims).

    What zarr's own codecs make of it, without an array and its event loop for every chunk.
    """
    return bytes(_codec().encode(np.ascontiguousarray(values, dtype="<f8")))


def decoded_chunk(content: bytes, shape: Sequence[int]) -> FloatArray:
    """The numbers of a chunk; see `encoded_chunk`."""
    values: FloatArray = np.frombuffer(_codec().decode(content), dtype="<f8").reshape(shape)
    return values


def described(
    layout: CurveLayout,
    points: Sequence[str],
    grid: Grid,
    start: date,
    months: Sequence[int],
    attributes: Mapping[str, Mapping[str, str]],
) -> dict[str, bytes]:
    """Every file of the zarr group but the chunks, by path; the root comes last.

    `months` are counted from `start`; `attributes` holds unit and long name of each curve.
    """
    import zarr

    store: dict[str, Any] = {}
    zarr.create_group(zarr.storage.MemoryStore(store), zarr_format=3)
    root = store.pop("zarr.json")
    coordinates: dict[str, npt.NDArray[Any]] = {
        "point": np.array(points, dtype=object),
        "replicate": np.arange(grid.replicates, dtype=np.int64),
        "month": _days(start, months),
        **{name: np.array(labels, dtype=object) for name, labels in layout.axes.items()},
    }
    for name, values in coordinates.items():
        _add_coordinate(store, name, values, start)
    for name, dims in layout.dims.items():
        extra = layout.extent(name)
        _array(
            store,
            name,
            [grid.points, grid.replicates, len(months), *extra],
            chunks=(*grid.shape, len(months), *extra),
            dtype="float64",
            fill_value=np.nan,
            dimension_names=[*COMMON_DIMS, *dims],
            attributes=dict(attributes.get(name, {})),
        )
    files = {f"{FOLDER}/{key}": store[key].to_bytes() for key in sorted(store)}
    return {**files, ROOT: _consolidated(root.to_bytes(), files)}


def _consolidated(root: bytes, files: Mapping[str, bytes]) -> bytes:
    """The root with the metadata of every array in it, so that xarray opens it without a search.

    Written here and not by zarr, which warns of its own function: the format does not have it yet.
    """
    end = "/zarr.json"
    arrays = {
        path.removeprefix(f"{FOLDER}/").removesuffix(end): json.loads(content)
        for path, content in files.items()
        if path.endswith(end)
    }
    held = {"kind": "inline", "must_understand": False, "metadata": arrays}
    document = json.loads(root) | {"consolidated_metadata": held}
    return json.dumps(document, indent=2).encode()


def _days(start: date, months: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.array([(month_after(start, m) - start).days for m in months], dtype=np.int64)


def _add_coordinate(
    store: dict[str, Any], name: str, values: npt.NDArray[Any], start: date
) -> None:
    attributes = {}
    if name == "month":
        attributes = {"units": f"days since {start.isoformat()}", "calendar": "standard"}
    array = _array(
        store,
        name,
        values.shape,
        chunks=(max(1, len(values)),),
        dtype=str if values.dtype == object else "int64",
        dimension_names=[name],
        attributes=attributes,
    )
    array[...] = values
