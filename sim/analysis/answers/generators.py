"""The counter-based generator of NumPy on this machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification import Inputs, family

WORD_BITS = 64
BLOCK_WORDS = 4
UNIFORM_BITS = 53


@family("rng_philox")
def rng_philox(inputs: Inputs) -> dict[str, Any]:
    """One block of Philox4x64-10 and its uniforms on [0, 1)."""
    if inputs["generator"] != "Philox4x64-10":
        raise ValueError(f"unknown generator {inputs['generator']!r}")
    counter = _join(inputs["counter_words"])
    # NumPy counts up before it makes a block.
    before = (counter - 1) % (1 << WORD_BITS * BLOCK_WORDS)
    block = np.random.Philox(counter=before, key=_join(inputs["key_words"])).random_raw(BLOCK_WORDS)
    words = [int(word) for word in block]
    return {
        "output_hex": [f"{word:016x}" for word in words],
        "uniforms": [(word >> (WORD_BITS - UNIFORM_BITS)) / 2**UNIFORM_BITS for word in words],
    }


def _join(words: list[str]) -> int:
    return sum(int(word) << (WORD_BITS * place) for place, word in enumerate(words))
