"""The files over the curves are those that the zarr package itself would write."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.codecs import ZstdCodec

from sim.experiment.curves import Layout, chunk_path, described, encoded_chunk
from sim.experiment.grid import Grid
from sim.experiment.zarr_files import ZSTD_LEVEL

START = date(2024, 5, 1)
UNITS = {"units": "days since 2024-05-01", "calendar": "standard"}
AXES = {"family": ("qwen", "mañana", '"a\\b'), "vendor": ("one", "火山")}
DIMS = {"share": ("vendor",), "sold": ("vendor", "family"), "total": ()}
TOLD = {"share": {"unit": "share", "long_name": "part of all, 份额"}}
GRID = Grid(5, 4, 2, 2)
POINTS = tuple(f"p{number}" for number in range(GRID.points))
MONTHS = range(2, 12, 3)


def array(store: dict[str, Any], name: str, shape: list[int], **more: Any) -> Any:
    return zarr.create_array(
        zarr.storage.MemoryStore(store),
        name=name,
        shape=shape,
        zarr_format=3,
        compressors=ZstdCodec(level=ZSTD_LEVEL),
        chunk_key_encoding={"name": "default", "separator": "."},
        config={"write_empty_chunks": True},
        **more,
    )


@pytest.fixture(scope="module")
def by_package() -> dict[str, bytes]:
    """Coordinates, descriptions and the chunks of the second row and column, written by zarr."""
    store: dict[str, Any] = {}
    zarr.create_group(zarr.storage.MemoryStore(store), zarr_format=3)
    days = [(date(2024 + (4 + m) // 12, (4 + m) % 12 + 1, 1) - START).days for m in MONTHS]
    labels: dict[str, Any] = {"point": POINTS, "replicate": range(4), "month": days, **AXES}
    for name, held in labels.items():
        numbers = name in ("replicate", "month")
        values = np.array(list(held), dtype=np.int64 if numbers else object)
        array(
            store,
            name,
            [len(held)],
            chunks=(len(held),),
            dtype="int64" if numbers else str,
            dimension_names=[name],
            attributes=UNITS if name == "month" else {},
        )[...] = values
    for name, dims in DIMS.items():
        extra = [len(AXES[dim]) for dim in dims]
        made = array(
            store,
            name,
            [GRID.points, GRID.replicates, len(MONTHS), *extra],
            chunks=(*GRID.shape, len(MONTHS), *extra),
            dtype="float64",
            fill_value=np.nan,
            dimension_names=["point", "replicate", "month", *dims],
            attributes=TOLD.get(name, {}),
        )
        made[2:4, 2:4] = numbers_of(name)
    return {f"curves.zarr/{key}": value.to_bytes() for key, value in store.items()}


def numbers_of(name: str) -> Any:
    extra = [len(AXES[dim]) for dim in DIMS[name]]
    values = np.random.default_rng(3).normal(size=(*GRID.shape, len(MONTHS), *extra))
    values[0, 0, 0] = np.nan
    return values


def test_files_are_those_of_the_package(by_package: dict[str, bytes]) -> None:
    files = described(Layout(DIMS, AXES), POINTS, GRID, START, MONTHS, TOLD)
    chunks = {
        chunk_path(name, (1, 1), len(dims)): encoded_chunk(numbers_of(name))
        for name, dims in DIMS.items()
    }
    assert list(files)[-1] == "curves.zarr/zarr.json"
    assert files | chunks == by_package
