"""One row a run, and the receipts of finished blocks."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sim.errors import SimError
from sim.runs.curves import Layout
from sim.runs.files import set_aside, sha256
from sim.runs.run import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa


IDENTITY = ("point", "replicate", "seed", "status", "stage", "message")
NUMBERS = ("replicate", "seed")
NO_FACTORS: Mapping[str, str] = {}
FACTOR_TYPES = ("number", "whole", "flag", "text")
ROWS_A_GROUP = 1024
SETTINGS: Mapping[str, Any] = {
    "version": "2.6",
    "compression": "zstd",
    "use_dictionary": False,
    "store_schema": False,
    "data_page_version": "1.0",
    "write_page_checksum": True,
}


def table_of(records: Sequence[RunRecord], factors: Mapping[str, str] = NO_FACTORS) -> pa.Table:
    """Rows of some runs: identity, then factors, facts, outcomes; what a run lacks is missing.

    Parameters
    ----------
    records
        The runs.
    factors
        Type of each factor's column: a key of `FACTOR_TYPES`.
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
        columns[name] = pa.array([r.factors.get(name) for r in records], _type(kind))
    for name in facts:
        columns[name] = pa.array([r.facts.get(name) for r in records], pa.float64())
    for name in outcomes:
        columns[name] = pa.array([r.outcomes.get(name) for r in records], pa.float64())
    return pa.table(columns)


def _type(kind: str) -> Any:
    import pyarrow as pa

    return {"number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_(), "text": pa.string()}[
        kind
    ]


def in_order(
    tables: Sequence[pa.Table], points: Sequence[str], schema: Sequence[str], blank: pa.Schema
) -> pa.Table:
    """Rows of the blocks of some points, in the order of points, then replicates.

    Parameters
    ----------
    tables
        Rows of each block.
    points
        Names of the points in their order.
    schema
        Names of all columns in their order.
    blank
        Types of the columns that every table has; all others are float64.
    """
    import pyarrow as pa

    table = pa.concat_tables(tables, promote_options="default")
    held = set(table.column_names)
    for name in schema:
        if name not in held:
            table = table.append_column(name, pa.nulls(len(table), pa.float64()))
    table = table.select(list(schema))
    wanted = full_schema(schema, blank)
    if table.schema != wanted:
        table = table.cast(wanted)
    order = {name: rank for rank, name in enumerate(points)}
    keys = [
        (order[point], replicate)
        for point, replicate in zip(
            table["point"].to_pylist(), table["replicate"].to_pylist(), strict=True
        )
    ]
    order_of_runs = sorted(range(len(keys)), key=keys.__getitem__)
    if order_of_runs == list(range(len(keys))):
        return table.combine_chunks()
    return table.take(order_of_runs).combine_chunks()


def full_schema(names: Sequence[str], known: pa.Schema) -> pa.Schema:
    """Types of all columns: those of the known ones, float64 for the rest."""
    import pyarrow as pa

    types = dict(zip(known.names, known.types, strict=True))
    return pa.schema([pa.field(name, types.get(name, pa.float64())) for name in names])


def write_joined(groups: Iterable[pa.Table], schema: pa.Schema, file: BinaryIO) -> None:
    """One file of many tables, which are read one after the other.

    Small tables share a row group, so that the file of many blocks stays quick to read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, schema, **SETTINGS) as writer:
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
    pq.write_table(table.replace_schema_metadata(None), buffer, **SETTINGS)
    return buffer.getvalue()


FOLDER = "blocks"
SEAL = "sha256_of_receipt"
SEAL_LINE = f',\n  "{SEAL}": '  # its name sorts behind all others
END = b"\n}\n"
ROWS_SUFFIX = "arrow"
KINDS = 256  # of layouts and sets of columns that blocks of one ensemble share


@dataclass(frozen=True, slots=True)
class Receipt:
    """A finished block: how many of its runs have no numbers, which columns and curves it has."""

    block: int
    failed: int
    aborted: int
    facts: tuple[str, ...]
    outcomes: tuple[str, ...]
    layout: Layout

    @property
    def without_numbers(self) -> int:
        """Runs that failed or were aborted."""
        return self.failed + self.aborted


def receipt_path(folder: Path, block: int) -> Path:
    """Where the receipt of a block lies."""
    return folder / FOLDER / f"{block:06d}.json"


def rows_path(folder: Path, block: int) -> Path:
    """Where the rows of a block lie."""
    return folder / rows_name(block)


def rows_name(block: int) -> str:
    """Path of the rows of a block inside the result folder."""
    return f"{FOLDER}/{block:06d}.{ROWS_SUFFIX}"


def sealed(document: Mapping[str, Any]) -> bytes:
    """A receipt that carries the hash of the rest of itself; a line for each key."""
    lines = [f'  "{name}": {_line(document[name])}' for name in sorted(document) if name != SEAL]
    return _closed(("{\n" + ",\n".join(lines)).encode() + END)


def _line(value: Any) -> str:
    # Without an indent json writes ten times as fast.
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _closed(bare: bytes) -> bytes:
    return bare.removesuffix(END) + f'{SEAL_LINE}"{sha256(bare)}"'.encode() + END


def _is_sound(content: bytes) -> bool:
    """Whether a receipt carries its own hash."""
    rest = content.rpartition(SEAL_LINE.encode())[0]
    return _closed(rest + END) == content


def read_receipt(
    folder: Path, block: int, key: str, label: str
) -> tuple[Receipt | None, list[str]]:
    """The receipt of a block if the whole block is sound, and what had to be put aside.

    Returns
    -------
    tuple
        None as receipt means that the block must be run (again); each line of the list tells of
        one damaged file, which was renamed.
    """
    path = receipt_path(folder, block)
    if not path.exists():
        return None, []
    try:
        content = path.read_bytes()
        if not _is_sound(content):
            raise SimError("does not carry its own hash")
        document = json.loads(content)
        if document["key"] != key or document["block"] != block:
            raise SimError("belongs to another ensemble")
        receipt = Receipt(
            block,
            int(document["failed"]),
            int(document["aborted"]),
            _names("\n".join(document["facts"])),
            _names("\n".join(document["outcomes"])),
            _layout(json.dumps([document["dims"], document["axes"]])),
        )
        hashes = dict(document["sha256"])
        if rows_name(block) not in hashes:
            raise SimError("has its rows in another form")
    except (OSError, SimError, KeyError, TypeError, ValueError, AttributeError):
        return None, [_put_aside(path, label)]
    told = [
        _put_aside(folder / name, label)
        for name, expected in hashes.items()
        if (folder / name).exists() and sha256((folder / name).read_bytes()) != expected
    ]
    sound = not told and all((folder / name).exists() for name in hashes)
    return (receipt if sound else None), told


@lru_cache(KINDS)
def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


@lru_cache(KINDS)
def _layout(text: str) -> Layout:
    # Thousands of blocks have the same labels; they are kept once.
    dims, axes = json.loads(text)
    return Layout(_tuples(dims), _tuples(axes))


def _tuples(lists: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(items) for name, items in lists.items()}


def _put_aside(path: Path, label: str) -> str:
    aside = set_aside(path, "bad")
    verb = "runs" if label.startswith("replicate ") else "run"
    return f"{path} is damaged: kept as {aside.name}, {label} {verb} again"
