"""The list of what is wrong, each with the place it is wrong at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problems:
    """Collects problems of one payload, and the ids that must not come twice in it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.block_ids: set[str] = set()
        self.action_ids: set[str] = set()

    def add(self, place: str, what: str) -> None:
        """One problem, at a JSON pointer."""
        self.found.append(f"{what} [json-pointer:{place}]")

    def keys(self, thing: Mapping[str, Any], place: str, required: frozenset[str], allowed: frozenset[str]) -> bool:
        """Whether the required keys are there; unknown keys are a problem, too."""
        keys = thing.keys()
        for name in keys - required - allowed:
            self.add(f"{place}/{name}", f"unknown key: {name}")
        missing = required - keys
        for name in missing:
            self.add(place, f"missing required field: {name}")
        return not missing

    def length(self, value: object, place: str, longest: int, shortest: int = 1) -> None:
        """A string of shortest to longest characters."""
        if not isinstance(value, str):
            self.add(place, "must be a string")
        elif len(value) > longest:
            self.add(place, f"must be less than {longest + 1} characters")
        elif len(value) < shortest:
            self.add(place, f"must be more than {shortest - 1} characters")

    def count(self, value: object, place: str, most: int, least: int = 1) -> bool:
        """A list of least to most items; whether it is a list at all."""
        if not isinstance(value, list):
            self.add(place, "must be an array")
            return False
        if len(value) > most:
            self.add(place, f"no more than {most} items allowed")
        elif len(value) < least:
            self.add(place, f"must have at least {least} item")
        return True

    def unique(self, value: object, place: str, seen: set[str], what: str) -> None:
        """An id of 1 to 255 characters that did not come before."""
        self.length(value, place, 255)
        if isinstance(value, str):
            if value in seen:
                self.add(place, f"{what} must be unique: {value} comes twice")
            seen.add(value)
