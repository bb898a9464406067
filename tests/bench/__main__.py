"""`python -m tests.bench [SECTION …]`: measure, print one table, keep it in .bench/results.json and, if it was all of
it, in a dated file of docs/benchmarks. Ends with 1 if a ratio or a number is not as wanted."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.words import Words
from tests.bench import agendas, dialogue, dwell, quarter, report, turn
from tests.bench.figures import Figure, keep, show
from tests.bench.load import figures as load

Section = Callable[[Path, Words], Iterable[Figure]]

SECTIONS: Mapping[str, Section] = {
    "turn": turn.measure,
    "dialogue": dialogue.measure,
    "quarter": quarter.measure,
    "agenda": agendas.measure,
    "dwell": dwell.measure,
    "load": load.measure,
}


def main(wanted: Sequence[str]) -> int:
    """Measure, print, keep."""
    unknown = set(wanted) - SECTIONS.keys()
    if unknown:
        print(f"There is no section {', '.join(sorted(unknown))}. There are: {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    words, busy = Words.load(), os.getloadavg()[0]
    figures = [one for name in SECTIONS if not wanted or name in wanted for one in _measured(name, words)]
    show(figures)
    keep(figures)
    if not wanted:
        print(f"Written to {report.write(figures, datetime.now(UTC).date(), busy)}.")
    return 0 if all(one.holds or not one.counts for one in figures) else 1


def _measured(name: str, words: Words) -> Iterator[Figure]:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield from SECTIONS[name](Path(folder), words)
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
