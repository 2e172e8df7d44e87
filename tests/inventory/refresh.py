"""Write the baseline anew; run it from the project's root: `python -m tests.inventory.refresh`.

What is gone stays in the lists. Name it in the table `dropped` with the reason, or bring it back.
"""

from __future__ import annotations

import json

from tests.inventory.names import BASELINE, inventory


def merged(held: dict[str, list[str]], now: dict[str, list[str]]) -> dict[str, list[str]]:
    """The held names and the new ones."""
    return {kind: sorted({*held.get(kind, ()), *now.get(kind, ())}) for kind in {**held, **now}}


if __name__ == "__main__":
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    baseline["names"] = merged(baseline["names"], inventory())
    text = json.dumps(baseline, indent=1, ensure_ascii=False)
    BASELINE.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {BASELINE}")
