"""Put the figures of a comparison into docs/explanation/speed.md: `python -m benchmarks.page FILE`.

FILE is what `python -m benchmarks.compare --json FILE` wrote. No figure of that page is typed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.compare import LIMITS

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "speed.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def table(figures: dict[str, float]) -> str:
    """A row a figure, with its limit where there is one."""
    rows = ["| figure | measured | limit |", "|---|---|---|"]
    for name in (*LIMITS, *sorted(figures.keys() - LIMITS.keys())):
        if name in figures:
            limit = " ".join(f"{part}" for part in LIMITS.get(name, ()))
            rows.append(f"| `{name}` | {figures[name]:,.4g} | {limit} |")
    return "\n".join(rows) + "\n"


def with_figures(page: str, figures: dict[str, float]) -> str:
    """The page with its table replaced.

    Raises
    ------
    ValueError
        The page has no place for it.
    """
    before, found, rest = page.partition(BEGIN)
    _, also, after = rest.partition(END)
    if not found or not also:
        raise ValueError(f"no lines {BEGIN.strip()} and {END.strip()} in the page")
    return f"{before}{BEGIN}\n{table(figures)}\n{END}{after}"


def main() -> int:
    """Rewrite the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    figures = json.loads(parser.parse_args().file.read_text(encoding="utf-8"))
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
