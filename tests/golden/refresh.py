"""Write the baseline anew; run it from the project's root: `python -m tests.golden.refresh`.

A change of the file belongs in the commit that moves the numbers, with an entry in the changelog.
"""

from __future__ import annotations

from tests.golden.baseline import FILE, curves, written

if __name__ == "__main__":
    FILE.write_text(written(curves()), encoding="utf-8")
    print(f"wrote {FILE}")
