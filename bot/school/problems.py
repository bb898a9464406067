"""What is wrong in a school's folder, gathered so that all of it can be said at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class Wrong(ValueError):  # noqa: N818 - it is raised to be told, with a remedy
    """A value that cannot be taken: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what} {remedy}")


@dataclass(frozen=True)
class Place:
    """Where something stands: a table's row (as a spreadsheet numbers it) and column, or a line and key of TOML."""

    file: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        table = self.file.endswith(".csv")
        row = f"{'row' if table else 'line'} {self.row}" if self.row is not None else ""
        column = f"column {self.column}" if table and self.column else self.column
        return ", ".join(part for part in (self.file, row, column) if part)


class Problems:
    """Gathers problems in the order of files and rows, each once."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self._files = files
        self._found: list[tuple[Place, str]] = []

    def add(self, place: Place, wrong: Wrong) -> None:
        """Note a problem; the rest of the folder is still looked at."""
        self._found.append((place, f"{place}: {wrong}"))

    def tell(self, file: str, line: str) -> None:
        """Note a problem that was put into words elsewhere: a whole line, which names the file itself."""
        self._found.append((Place(file), line))

    def take(self, place: Place, value: object, parse: Callable[[object], T]) -> T | None:
        """What `parse` makes of the value, or None and a problem noted."""
        try:
            return parse(value)
        except Wrong as wrong:
            self.add(place, wrong)
            return None

    def lines(self) -> tuple[str, ...]:
        """One line for each problem: file, row, column, what, remedy."""
        ordered = sorted(self._found, key=lambda found: (self._files.index(found[0].file), found[0].row or 0))
        return tuple(dict.fromkeys(line for _, line in ordered))
