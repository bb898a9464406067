"""What was measured, beside what it is compared with: a row each of one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(".bench/results.json")
COLUMNS = ("section", "what", "ours", "peer", "ratio", "wanted")
_NUMBERS = (2, 4)


@dataclass(frozen=True)
class Figure:
    """One row. `peer`: what something else takes for the same, and `beside` what that is; `ratio`: ours to theirs.

    ours is None where it was not measured. wanted is "" where it is only told. counts: whether a run in which it does
    not hold has failed; never of a time, which is the machine's as much as ours.
    """

    section: str
    what: str
    ours: float | None
    unit: str = ""
    peer: float | None = None
    beside: str = ""
    wanted: str = ""
    holds: bool = True
    counts: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's; None without one."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        peer = "" if self.peer is None else f"{self.beside}: {_told(self.peer, self.unit)}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3g} ×"
        wanted = self.wanted and f"{self.wanted} {'yes' if self.holds else 'NO'}"
        return self.section, self.what, _told(self.ours, self.unit), peer, ratio, wanted


def told(section: str, what: str, ours: float, unit: str = "") -> Figure:
    """A figure on its own."""
    return Figure(section, what, ours, unit)


def hoped(section: str, what: str, ours: float, unit: str, *, most: float | None = None, least: float = 0) -> Figure:
    """A time, or a number in a time, with what is wanted of it: told, and never held against a run."""
    wanted, holds = _wish(ours, most, least or None)
    return Figure(section, what, ours, unit, wanted=wanted, holds=holds, counts=False)


def at_most(section: str, what: str, ours: float, limit: float, unit: str = "") -> Figure:
    """A number that is to be no larger, on any machine."""
    wanted, holds = _wish(ours, limit, None)
    return Figure(section, what, ours, unit, wanted=wanted, holds=holds)


def compared(
    section: str, what: str, ours: float, unit: str, beside: str, peer: float, *,
    most: float | None = None, least: float | None = None,
) -> Figure:  # fmt: skip
    """Two that were measured in turns. most, least: what the ratio is to be."""
    wanted, holds = _wish(ours / peer, most, least, " ×")
    return Figure(section, what, ours, unit, peer, beside, wanted, holds)


def missing(section: str, what: str) -> Figure:
    """One that could not be measured."""
    return Figure(section, what, None, wanted="measured", holds=False)


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    table = Table(*COLUMNS)
    for column in _NUMBERS:
        table.columns[column].justify = "right"
    for one in figures:
        table.add_row(*one.cells)
    Console(width=None if Console().is_terminal else 150).print(table)


def keep(figures: Sequence[Figure], path: Path = RESULTS) -> None:
    """Write the figures to the file; those of other sections that stand there stay."""
    sections = {one.section for one in figures}
    others = [one for one in _kept(path) if one.get("section") not in sections]
    path.parent.mkdir(exist_ok=True)
    every = [*others, *({**asdict(one), "ratio": one.ratio} for one in figures)]
    path.write_text(json.dumps(every, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _kept(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return found


def _wish(value: float, most: float | None, least: float | None, unit: str = "") -> tuple[str, bool]:
    if most is not None:
        return f"≤ {most:,g}{unit}", value <= most
    if least is not None:
        return f"≥ {least:,g}{unit}", value >= least
    return "", True


def _told(value: float | None, unit: str) -> str:
    """Three digits say all that is known."""
    if value is None:
        return "–"
    digits = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{digits} {unit}".strip()
