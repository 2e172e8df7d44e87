"""One row a run: the table of an ensemble as parquet, its bytes given by its content alone."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.experiment.run import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa

IDENTITY = ("point", "replicate", "seed", "status", "stage", "message")
NUMBERS = ("replicate", "seed")


def table_of(records: Sequence[RunRecord]) -> pa.Table:
    """Rows of some runs: identity, then facts, then outcomes; what a run lacks is missing."""
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
    for name in facts:
        columns[name] = pa.array([r.facts.get(name) for r in records], pa.float64())
    for name in outcomes:
        columns[name] = pa.array([r.outcomes.get(name) for r in records], pa.float64())
    return pa.table(columns)


def joined_table(
    files: Iterable[Path],
    more: Sequence[RunRecord],
    points: Sequence[str],
    columns: Sequence[str],
) -> pa.Table:
    """Rows of all blocks in the order of points, then replicates.

    Parameters
    ----------
    files
        Stored rows of the blocks.
    more
        Runs that left no block.
    points
        Names of the worlds in their order.
    columns
        Facts and outcomes in their order.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.ParquetFile(path).read() for path in files]
    if more:
        tables.append(table_of(more))
    table = pa.concat_tables(tables, promote_options="default")
    for name in columns:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), pa.float64()))
    table = table.select([*IDENTITY, *columns])
    order = {name: rank for rank, name in enumerate(points)}
    keys = [
        (order[point], replicate)
        for point, replicate in zip(
            table["point"].to_pylist(), table["replicate"].to_pylist(), strict=True
        )
    ]
    return table.take(sorted(range(len(keys)), key=keys.__getitem__)).combine_chunks()


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as parquet with every setting fixed and nothing in it but the table."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(None),
        buffer,
        version="2.6",
        compression="zstd",
        use_dictionary=False,
        store_schema=False,
        data_page_version="1.0",
        write_page_checksum=True,
    )
    return buffer.getvalue()
