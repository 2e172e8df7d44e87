"""One row a run: its record in memory and the tables of many runs on disk."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = npt.NDArray[np.float64]

DONE = "done"
FAILED = "failed"
ABORTED = "aborted"

IDENTITY = ("point", "replicate", "seed", "status", "stage", "message")
NUMBERS = ("replicate", "seed")
ROWS_A_GROUP = 1024
PARQUET: Mapping[str, Any] = {
    "version": "2.6",
    "compression": "zstd",
    "use_dictionary": False,
    "store_schema": False,
    "data_page_version": "1.0",
    "write_page_checksum": True,
}


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What is kept of a run; one that failed has a stage and a message instead of numbers."""

    point: str
    replicate: int
    seed: int
    status: str
    stage: str = ""
    message: str = ""
    outcomes: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, FloatArray] = field(default_factory=dict)
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0


def table_of(records: Sequence[RunRecord], factors: Mapping[str, str]) -> pa.Table:
    """Rows of some runs: identity, then factors, facts, outcomes; what a run lacks is missing.

    `factors` holds the type of each factor's column: number, whole, flag or text.
    """
    import pyarrow as pa

    facts = sorted({name for record in records for name in record.facts})
    outcomes = sorted({name for record in records for name in record.outcomes})
    columns: dict[str, Any] = {
        name: pa.array(
            [getattr(record, name) for record in records],
            pa.int64() if name in NUMBERS else pa.string(),
        )
        for name in IDENTITY
    }
    for name, kind in factors.items():
        columns[name] = pa.array([r.factors.get(name) for r in records], factor_type(kind))
    for name in facts:
        columns[name] = pa.array([r.facts.get(name) for r in records], pa.float64())
    for name in outcomes:
        columns[name] = pa.array([r.outcomes.get(name) for r in records], pa.float64())
    return pa.table(columns)


def factor_type(kind: str) -> Any:
    """Type of the column of a factor of a kind: number, whole, flag or text."""
    import pyarrow as pa

    types = {"number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_(), "text": pa.string()}
    return types[kind]


def schema_of(
    factors: Mapping[str, str], facts: Iterable[str], outcomes: Iterable[str]
) -> pa.Schema:
    """All columns of a table of runs: identity, factors, then facts and outcomes by name."""
    import pyarrow as pa

    numbers = [pa.field(name, pa.float64()) for name in (*sorted(facts), *sorted(outcomes))]
    return pa.schema([*table_of([], factors).schema, *numbers])


def in_order(tables: Sequence[pa.Table], points: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Rows of the blocks of some points, in the order of points, then replicates."""
    import pyarrow as pa

    # the empty table orders the columns and fills up those that a block lacks
    table = pa.concat_tables([schema.empty_table(), *tables], promote_options="default")
    rank = {name: number for number, name in enumerate(points)}
    places = [rank[point] for point in table["point"].to_pylist()]
    return table.take(np.lexsort((table["replicate"], places))).combine_chunks()


def write_joined(groups: Iterable[pa.Table], schema: pa.Schema, file: BinaryIO) -> None:
    """One file of many tables, which are read one after the other.

    Small tables share a row group, so that the file of many blocks stays quick to read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, schema, **PARQUET) as writer:
        held: list[pa.Table] = []
        for table in groups:
            held.append(table)
            if sum(map(len, held)) >= ROWS_A_GROUP:
                writer.write_table(pa.concat_tables(held).combine_chunks())
                held = []
        if held:
            writer.write_table(pa.concat_tables(held).combine_chunks())


def rows_bytes(table: pa.Table) -> bytes:
    """The rows of one block in Arrow's file format, which is quicker than parquet for few rows."""
    import pyarrow as pa

    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    content: bytes = stream.getvalue().to_pybytes()
    return content


def read_rows(content: bytes) -> pa.Table:
    """The table of `rows_bytes`."""
    import pyarrow as pa

    return pa.ipc.open_file(pa.BufferReader(content)).read_all()


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as parquet with every setting fixed and nothing in it but the table."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), buffer, **PARQUET)
    return buffer.getvalue()
