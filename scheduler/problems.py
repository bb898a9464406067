"""What is wrong in a file a school has written, in words that say what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError

T = TypeVar("T")
Place = tuple[str | int, ...]
"""Where something stands in nested tables: ("nudge", "letter", "at")."""


def problems_of(error: ValidationError, file_of: Callable[[Place], str], remedies: Mapping[str, str]) -> list[str]:
    """One line for each fault: file, place, what, remedy. `remedies` are by the last name of the place."""
    return list(dict.fromkeys(_line(fault, file_of, remedies) for fault in error.errors(include_url=False)))


def meant(word: str, known: list[str]) -> str:
    """The known word this may be a slip of, as a question; "" if none is near."""
    near = get_close_matches(word, known, 1)
    return f" Is “{near[0]}” meant?" if near else ""


def some(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values, of which there must be one. (Pydantic's own check also complains of a single value that is wrong.)"""
    if not values:
        raise ValueError("there is nothing in it")
    return values


def _line(fault: Any, file_of: Callable[[Place], str], remedies: Mapping[str, str]) -> str:
    place: Place = tuple(part for part in fault["loc"] if part != "[key]")
    names = [part for part in place if isinstance(part, str)]
    key = names[-1] if names else ""
    known = [*remedies]
    what = {"missing": "is missing", "extra_forbidden": "is not known here"}.get(fault["type"]) or _said(fault["msg"])
    of_a_row = fault["type"] == "value_error" and not isinstance(place[-1], str)  # it names its own remedy
    remedy = "" if of_a_row else remedies.get(key, "")
    if fault["type"] == "extra_forbidden":
        remedy = f"Take it out, or rename it.{meant(key, known)}"
    where = ".".join(str(part) if isinstance(part, str) else f"{part + 1}" for part in place)
    file = file_of(place[:-1] if fault["type"] == "missing" else place)
    return " ".join(f"{file}, {where}: {what}. {remedy}".split())


def _said(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
