"""Draws the rooms of `sim/` from its own imports: `python docs/house.py`.

Rows are the layers of the import contract in `pyproject.toml`. An arrow says "imports"; an arrow
that follows from two others is left out. The picture is docs/pictures/architecture.png.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "architecture.png"
WIDTH, ROW, GAP = 12.0, 1.0, 0.25


class Room(NamedTuple):
    """A folder or file of `sim/`: its name, files, lines and first line of documentation."""

    name: str
    files: int
    lines: int
    says: str


def layers() -> list[list[str]]:
    """Names of rooms, the highest layer first, as the import contract states them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    stated = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = [re.findall(r"sim\.(\w+)", row) or re.findall(r"\w+", row) for row in stated]
    return [there for row in rows if (there := [name for name in row if _files(name)])]


def _files(name: str) -> list[Path]:
    folder, file = ROOT / "sim" / name, ROOT / "sim" / f"{name}.py"
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [file] if file.exists() else []


def room_of(name: str) -> Room:
    """What stands in a room."""
    files = _files(name)
    doc = ast.get_docstring(ast.parse(files[0].read_text(encoding="utf-8"))) or ""
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    return Room(name, len(files), lines, doc.split("\n")[0].rstrip("."))


def _inside(name: str) -> list[str]:
    """Rooms within a room."""
    folder = ROOT / "sim" / name
    return sorted(file.parent.name for file in folder.glob("*/__init__.py"))


def imports() -> set[tuple[str, str]]:
    """(room, room that it imports), without what follows from two other pairs."""
    names = [name for row in layers() for name in row]
    uses = {name: _used(name, set(names)) for name in names}
    return {
        (name, other)
        for name, found in uses.items()
        for other in found
        if not any(other in _reached(between, uses) for between in found - {other})
    }


def _used(name: str, names: set[str]) -> set[str]:
    text = "\n".join(file.read_text(encoding="utf-8") for file in _files(name))
    return (set(re.findall(r"^\s*from sim\.(\w+)", text, re.MULTILINE)) & names) - {name}


def _reached(name: str, uses: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [name]
    while left:
        fresh = uses[left.pop()] - found
        found |= fresh
        left += fresh
    return found


def draw(path: Path = PICTURE) -> None:
    """Write the picture."""
    rows = layers()
    fig, ax = plt.subplots(figsize=(WIDTH, (ROW + GAP) * len(rows)))
    place: dict[str, tuple[float, float, float]] = {}
    for number, row in enumerate(rows):
        bottom = (len(rows) - number - 1) * (ROW + GAP)
        width = (WIDTH - GAP * (len(row) - 1)) / len(row)
        for at, name in enumerate(row):
            room, left = room_of(name), at * (width + GAP)
            place[name] = left + width / 2, bottom, width
            ax.add_patch(
                plt.Rectangle(
                    (left, bottom), width, ROW * 0.8, facecolor="#e8eef4", edgecolor="#33506b"
                )
            )
            size = (
                f"{room.files} files, {room.lines:,} lines"
                if room.files > 1
                else f"{room.lines} lines"
            )
            ax.text(left + 0.1, bottom + 0.55, room.name, weight="bold", va="center")
            ax.text(left + width - 0.1, bottom + 0.55, size, ha="right", va="center", size=8)
            inside = ", ".join(_inside(name))
            says = f"rooms: {inside}" if inside else room.says.split(":")[0]
            ax.text(
                left + 0.1,
                bottom + 0.22,
                shorten(says, int(width * 11), placeholder=""),
                va="center",
                size=8,
            )
    for number, (above, below) in enumerate(sorted(imports())):
        x, y, wide = place[above]
        to, floor, narrow = place[below]
        shift = (number % 9 - 4) / 10
        ax.annotate(
            "",
            xy=(to + shift * narrow, floor + ROW * 0.8),
            xytext=(x + shift * wide, y),
            arrowprops={"arrowstyle": "->", "color": "#888888", "linewidth": 0.8},
        )
    ax.set_xlim(-0.05, WIDTH + 0.05)
    ax.set_ylim(-0.05, (ROW + GAP) * len(rows))
    ax.axis("off")
    fig.savefig(path, dpi=90, bbox_inches="tight", metadata={"Software": None})
    plt.close(fig)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
