"""The commands `sim` and `python` as copies of one process that has loaded the package.

A page holds dozens of commands, and each would spend its first seconds on imports. A copy has
arguments, folder, environment, streams and exit code of its own, as a fresh process has.
`python -m tests.docs.preloaded SOCKET` is the process that is copied.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.figures import without_layout

ROOT = Path(__file__).parents[2]
READY = b"!"
SIZE_BYTES = 8
LOADED = (  # what most verbs import when they are called
    "PIL.PngImagePlugin",
    "dask.array",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow.parquet",
    "rich.console",
    "rich.table",
    "sim.analysis.forecasts.forecast",
    "sim.cli.app",
    "sim.cli.findings",
    "sim.cli.results",
    "sim.cli.run",
    "sim.cli.screen",
    "sim.cli.sweep",
    "sim.plot.save",
    "sim.report.page",
    "statsmodels.stats.inter_rater",
    "statsmodels.stats.proportion",
    "xarray.backends.zarr",
    "zarr",
)
COMMAND = """#!{python} -IS
import json, os, socket, sys
asked = json.dumps([{name!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    socket.send_fds(link, [len(asked).to_bytes({size}, "big")], [0, 1, 2])
    link.sendall(asked)
    code = link.recv(1)
os._exit(code[0] if code else 1)
"""


@contextlib.contextmanager
def preloaded_commands() -> Iterator[Path]:
    """A folder with `sim` and `python`, for the front of PATH."""
    with tempfile.TemporaryDirectory() as name:
        address = str(Path(name) / "socket")
        for command in ("sim", "python"):
            facts = {"python": sys.executable, "name": command, "address": address}
            path = Path(name) / command
            path.write_text(COMMAND.format(**facts, size=SIZE_BYTES), encoding="utf-8")
            path.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.docs.preloaded", address],
            cwd=ROOT,
            env=os.environ | {"SIM_THREADS": "1"},  # a copy would lack all threads but one
            stdout=subprocess.PIPE,
        )
        assert server.stdout is not None
        assert server.stdout.read(len(READY)) == READY
        yield Path(name)
        server.terminate()
        server.wait()


def serve(address: str) -> None:
    """Load the package, then answer each request by a copy of this process."""
    from sim.plot.registry import plots
    from sim.runs.executors import compile_market

    for module in LOADED:
        importlib.import_module(module)
    plots()
    compile_market()  # loads its kernels, too
    without_layout(pytest.MonkeyPatch())  # nobody looks at the figures of the pages
    gc.collect()
    gc.freeze()  # or each copy would search what all share for garbage, at the latest at its end
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        os.write(sys.stdout.fileno(), READY)
        while True:
            link, _ = door.accept()
            if os.fork() == 0:
                break
            link.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answer(link)


def answer(link: socket.socket) -> None:
    """In a copy: run the command in a copy of its own, and hand the exit code back."""
    size, streams, _, _ = socket.recv_fds(link, SIZE_BYTES, 3)
    with link.makefile("rb") as request:
        asked = request.read(int.from_bytes(size, "big"))
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        link.sendall(bytes([code % 256]))
        os._exit(0)
    link.close()
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (
        open(descriptor, mode, closefd=False)  # noqa: SIM115
        for descriptor, mode in enumerate("rww")
    )
    command, arguments, folder, environment = json.loads(asked)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if command == "sim":
        arguments = [str(Path(sys.executable).with_name("sim")), *arguments]
    sys.argv[:] = arguments
    sys.path[0] = str(Path(arguments[0]).parent)
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1])
