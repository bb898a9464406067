"""What was measured against what is wanted: printed as a table, kept in .bench/results.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(".bench/results.json")


@dataclass(frozen=True)
class Figure:
    """One figure. `goal` is "" where it is only told, and then it holds; `value` is None where it was not measured."""

    name: str
    value: float | None
    unit: str
    goal: str = ""
    holds: bool = True


def at_most(name: str, value: float, limit: float, unit: str) -> Figure:
    """A figure that is to be no larger."""
    return Figure(name, round(value, 3), unit, f"≤ {limit:g}", value <= limit)


def at_least(name: str, value: float, limit: float, unit: str) -> Figure:
    """A figure that is to be no smaller."""
    return Figure(name, round(value, 3), unit, f"≥ {limit:g}", value >= limit)


def told(name: str, value: float, unit: str) -> Figure:
    """A figure without a goal."""
    return Figure(name, round(value, 3), unit)


def missing(name: str, unit: str) -> Figure:
    """A figure that could not be measured."""
    return Figure(name, None, unit, "measured", holds=False)


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    table = Table("figure", "value", "unit", "goal", "holds")
    for column in (1, 3):
        table.columns[column].justify = "right"
    for one in figures:
        value = "–" if one.value is None else f"{one.value:g}"
        table.add_row(one.name, value, one.unit, one.goal, _mark(one))
    Console(width=None if Console().is_terminal else 110).print(table)


def keep(figures: Sequence[Figure], path: Path = RESULTS) -> None:
    """Write the figures to the file; those of other benchmarks that stand there stay."""
    names = {one.name for one in figures}
    others = [one for one in _kept(path) if one["name"] not in names]
    path.parent.mkdir(exist_ok=True)
    every = [*others, *(asdict(one) for one in figures)]
    path.write_text(json.dumps(every, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _kept(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return found


def _mark(one: Figure) -> str:
    return "" if not one.goal else ("yes" if one.holds else "NO")
