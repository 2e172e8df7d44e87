"""The command `sim`: one file per group of verbs."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress

from sim import registry
from sim.runs.settings import search_seldom

EXPECTED_ERROR = 2
STOPPED = "interrupted"
RESUMABLE = (
    "run",
    "sweep",
    "compare",
    "attribute",
    "sensitivity",
    "tournament",
    "frontier",
    "calibrate",
    "validate",
    "forecast",
)
"""Verbs that keep the runs that were finished; the same command goes on."""
INTERRUPTED = 130
RUNNING = (*RESUMABLE, "train", "verify", "explain", "serve", "plot", "report", "export")
LEAST_SPACE, EASY_SPACE = 900 << 20, 3 << 30
"""Bytes of address space without which no verb that runs or draws begins, and that need no care."""
SPARING = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **{"NUMBA_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"},
    **{"ZARR_THREADING__MAX_WORKERS": "1", "ZARR_ASYNC__TIMEOUT": "300"},
}
"""What keeps libraries from taking address space for threads and pools before they need it."""
ARENAS = -8
"""`M_ARENA_MAX` of the C library of Linux."""
NO_ROOM = b"this machine is short of memory; the same command goes on when it has more\n"


def printable(text: str) -> str:
    """The text without control characters, which a file's keys and values may hold."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def complain(text: str) -> None:
    """Lines on the error stream."""
    print(printable(text), file=sys.stderr)


def space() -> int | None:
    """Bytes of address space that this process may use; None where nobody limits it."""
    with suppress(ImportError, AttributeError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        return None if limit == resource.RLIM_INFINITY else limit
    return None


def spare(found: int, verb: str) -> None:
    """Prepare for little address space, here and in workers. SimError if it is too little."""
    from sim.errors import SimError

    if found < LEAST_SPACE and verb in RUNNING:
        raise SimError(
            f"this process may use {found >> 20} MB of address space (ulimit -v); "
            f"sim {verb} takes {LEAST_SPACE >> 20} MB or more"
        )
    for name, value in SPARING.items():
        os.environ.setdefault(name, value)
    with suppress(AttributeError, OSError, TypeError):
        import ctypes

        ctypes.CDLL(None).mallopt(ARENAS, 1)  # the variable alone is read when a process starts


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 bug, 2 expected error, 130 interrupted.

    A verb that returns a whole number ends with it.
    """
    search_seldom()
    in_a_library, registry.on_hang = registry.on_hang, _end
    # A damaged array leaves tasks behind, of which asyncio would tell beside our own line; of a
    # font that is not there we tell ourselves.
    for name in ("asyncio", "matplotlib.font_manager"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(_status(sys.argv[1:] if arguments is None else arguments))
    except MemoryError:  # while another was told
        os.write(2, NO_ROOM)
        sys.exit(EXPECTED_ERROR)
    finally:
        registry.on_hang = in_a_library


def _end(told: str) -> None:
    """End at once, from another thread than the one that hangs."""
    os.write(2, f"{printable(told)}\n".encode(errors="backslashreplace"))
    os._exit(EXPECTED_ERROR)


def _status(arguments: Sequence[str]) -> int:
    from typer import Exit

    from sim.cli.app import command
    from sim.errors import SimError, is_shortage, short_of

    try:
        found = space()
        if found is not None and found < EASY_SPACE:
            spare(found, arguments[0] if arguments else "")
        # Not `main` of click: it ends with 1 when the reader of the output has gone.
        with command().make_context("sim", [*arguments]) as context:
            code = context.command.invoke(context)
        sys.stdout.flush()
    except Exit as done:
        code = done.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SimError as error:
        complain(str(error))
        return EXPECTED_ERROR
    except BrokenPipeError:
        # The reader of the output has gone; the interpreter must not flush into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}")
        return EXPECTED_ERROR
    except Exception as error:
        if is_shortage(error):
            complain(short_of(error))
            return EXPECTED_ERROR
        if not hasattr(error, "format_message"):
            raise
        complain(f"{_place(error)}: {error.format_message()}")
        return EXPECTED_ERROR
    if code == INTERRUPTED:
        again = arguments and arguments[0] in RESUMABLE
        complain(f"interrupted; to go on: {shlex.join(['sim', *arguments])}" if again else STOPPED)
    return code if isinstance(code, int) else 0


def _place(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "sim"
