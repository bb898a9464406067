"""What a bundle cannot tell, as the table [oneroster] of school.toml says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.school import values
from bot.school.problems import Place, Wrong

KNOWN = ("school", "advisory", "coordinators", "leave_out", "preferred_names")
BY = ("classType", "title", "classCode", "courseCode")
"""By which column an advisory is known: of classes.csv, the last of courses.csv."""
PATTERN = 100
"""Characters of a pattern."""
_HOW = 'Write one of {}: advisory = {{ title = "Advisory *" }}.'.format(", ".join(BY))


@dataclass(frozen=True)
class Advisory:
    """How a class is known to be an advisory: what stands in a column, in any case; * is for anything."""

    column: str = "classType"
    pattern: str = "homeroom"

    @property
    def of_course(self) -> bool:
        """Whether it is known by its course."""
        return self.column == "courseCode"

    def fits(self, text: str) -> bool:
        return fnmatchcase(text.casefold(), self.pattern.casefold())


@dataclass(frozen=True)
class Choice:
    """school: the sourcedId of the one that is meant, "" for the only one; coordinators, leave_out: ids of users;
    preferred: whether people go by the names they prefer, where the bundle has these. `places`: where each stands."""

    school: str = ""
    advisory: Advisory = field(default_factory=Advisory)
    coordinators: tuple[str, ...] = ()
    leave_out: frozenset[str] = frozenset()
    preferred: bool = False
    places: Mapping[str, Place] = field(default_factory=dict)


def advisory(value: object) -> Advisory:
    """How an advisory is known."""
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in BY:
        raise Wrong("This does not say how an advisory is known.", _HOW)
    ((column, pattern),) = value.items()
    return Advisory(column, values.short(PATTERN)(pattern))


def ids(value: object) -> tuple[str, ...]:
    """A list of sourcedIds, each once."""
    if not isinstance(value, list):
        raise Wrong("This is a list of ids.", 'Write them as in leave_out = ["1204", "1377"].')
    return tuple(dict.fromkeys(values.short(255)(one) for one in value))


def switch(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong(f"“{value}” is neither true nor false.", "Write true or false, without quotation marks.")
    return value
