"""What a check has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMED = 5
"""So many are named; of the others, how many they are."""


class State(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"  # it works, and yet not all of it, or not for long
    FAILED = "failed"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on how something stands; the variable or file it concerns, "" if none; what to do, "" if nothing."""

    state: State
    said: str
    concerns: str = ""
    remedy: str = ""


def fine(said: str, concerns: str = "") -> Finding:
    """All is well."""
    return Finding(State.OK, said, concerns)


def doubtful(said: str, concerns: str, remedy: str) -> Finding:
    """Something that should be mended, though the bot runs."""
    return Finding(State.WARNING, said, concerns, remedy)


def failed(said: str, concerns: str, remedy: str) -> Finding:
    """Something that must be mended."""
    return Finding(State.FAILED, said, concerns, remedy)


def unseen(because: str, concerns: str = "") -> Finding:
    """Nothing can be said, or nothing is to be; `because` goes on where “not looked at, because …” ends."""
    return Finding(State.NOT_LOOKED_AT, f"Not looked at, because {because}.", concerns)


def of_error(error: Exception, concerns: str) -> Finding:
    """What one of our own errors says: its first sentence is what is wrong, the rest what to do."""
    said, _, remedy = " ".join(str(error).split()).partition(". ")
    return failed(f"{said.rstrip('.')}.", concerns, remedy)


def listed(names: Sequence[str]) -> str:
    """The first few of them, and how many more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
