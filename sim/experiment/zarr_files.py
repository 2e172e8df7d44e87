"""Files of zarr format 3, byte for byte as the zarr package writes them, without importing it.

The package takes as long to import as a thousand small runs take to store. Reading is left to it.
Source: Zarr core specification, version 3, https://zarr-specs.readthedocs.io.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

ZSTD_LEVEL = 3
TEXT, WHOLE, NUMBER = "string", "int64", "float64"
FILL: Mapping[str, object] = {TEXT: "", WHOLE: 0, NUMBER: "NaN"}


@cache
def codec() -> Any:
    """Compressor of every chunk."""
    from numcodecs.zstd import Zstd

    return Zstd(level=ZSTD_LEVEL)


def group_json() -> bytes:
    """`zarr.json` of a group."""
    return _text({"attributes": {}, "zarr_format": 3, "node_type": "group"})


def array_json(
    shape: Sequence[int],
    chunks: Sequence[int],
    kind: str,
    dims: Sequence[str],
    attributes: Mapping[str, str],
) -> bytes:
    """`zarr.json` of an array of `TEXT`, `WHOLE` or `NUMBER`."""
    numbers = {"name": "bytes", "configuration": {"endian": "little"}}
    texts = {"name": "vlen-utf8", "configuration": {}}
    packed = {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}
    return _text(
        {
            "shape": list(shape),
            "data_type": kind,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "fill_value": FILL[kind],
            "codecs": [texts if kind == TEXT else numbers, packed],
            "attributes": dict(attributes),
            "dimension_names": list(dims),
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": [],
        }
    )


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=2, allow_nan=False).encode()


def number_chunk(values: npt.NDArray[Any], kind: str = NUMBER) -> bytes:
    """Bytes of a chunk of numbers."""
    dtype = "<i8" if kind == WHOLE else "<f8"
    return bytes(codec().encode(np.ascontiguousarray(values, dtype=dtype)))


def text_chunk(labels: Sequence[str]) -> bytes:
    """Bytes of a chunk of labels: their number, then each with its length in bytes before it."""
    encoded = [label.encode() for label in labels]
    parts = [struct.pack("<I", len(encoded))]
    parts += [struct.pack("<I", len(label)) + label for label in encoded]
    return bytes(codec().encode(b"".join(parts)))
