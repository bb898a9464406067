"""`python -m tests.bench`: every benchmark, a table, and .bench/results.json. Ends with 1 if a goal is missed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bot.words import Words
from tests.bench import agendas, quarter, turn
from tests.bench.figures import keep, show


def main() -> int:
    """Measure, print, keep."""
    words = Words.load()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        figures = [*turn.measure(place, words), *quarter.measure(place), *agendas.measure(place, words)]
    show(figures)
    keep(figures)
    return 0 if all(one.holds for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
