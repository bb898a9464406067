"""`python -m tests.bench.load`: five hundred students at once, for a minute, and then faster. Ends with 1 if anything
was lost or came twice. Only 127.0.0.1 is used, and it stops by itself."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bot.words import Words
from tests.bench.figures import show
from tests.bench.load.figures import measure


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        found = list(measure(Path(folder), Words.load(hears=False)))
    show(found)
    return 0 if all(one.holds or not one.counts for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
