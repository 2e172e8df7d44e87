"""Files that a user names or a result holds go through `sim.files`; no other room opens any."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SIM = Path(__file__).parents[2] / "sim"
DOORS = ("files.py", "runs/files.py")
OPENERS = ("open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen")
READERS = ("read_csv", "read_excel", "read_feather", "loadtxt", "genfromtxt", "fromfile")
PACKAGED = ("resources", "files", "data", "PACKAGE")
"""What a file of the package itself is found by."""
KNOWN = {
    "cli/__init__.py: open",  # the null device, in place of a closed stream
    "runs/executors.py: write_text",  # a starting market in a folder of its own
    "web/state.py: write_text",  # an uploaded scenario in a folder of its own
    "report/verdicts.py: read_csv",  # of a file that the door opened
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node


def is_of_package(call: ast.Call) -> bool:
    names = {node.id for node in ast.walk(call.func) if isinstance(node, ast.Name)}
    return bool(names & set(PACKAGED))


def opened(path: Path) -> set[str]:
    tree, room = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(SIM).as_posix()
    doors = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in ("sim.files", "sim.runs.files", "sim.scenario.reader")
        for alias in node.names
    }
    doors |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {
        f"{room}: {name}"
        for name, call in calls(tree)
        if (name in OPENERS or name in READERS)
        and name not in doors
        and not is_of_package(call)
        and not (isinstance(call.func, ast.Attribute) and _is_browser(call.func))
    }


def _is_browser(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id in ("webbrowser", "self")


def test_files_are_opened_by_their_doors() -> None:
    found = {
        name
        for path in sorted(SIM.rglob("*.py"))
        if path.relative_to(SIM).as_posix() not in DOORS
        for name in opened(path)
    }
    assert found - KNOWN == set()
    assert KNOWN - found == set()
