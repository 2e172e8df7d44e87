"""Coroutines in a loop and thread of their own: tests with a browser leave a loop running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_a_loop(story: Coroutine[Any, Any, T]) -> T:
    """What a coroutine ends with."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()
