"""Write the baselines anew; run it from the project's root: `python -m tests.golden.refresh`.

A change of a file belongs in the commit that moves the numbers, with an entry in the changelog.
"""

from __future__ import annotations

import json

from tests.golden import bits
from tests.golden.baseline import FILE, curves, written

if __name__ == "__main__":
    FILE.write_text(written(curves()), encoding="utf-8")
    print(f"wrote {FILE}")
    bits.FILE.write_text(json.dumps(bits.all_bits(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {bits.FILE}")
