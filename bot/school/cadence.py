"""`cadence.toml`: what a school changes in the quarter's nudges."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.school.problems import Place, Problems
from bot.school.sheet import SAVE_TEXT, decode
from bot.school.values import meant
from scheduler.cadence import CadenceError, parse_cadence

CADENCE = "cadence.toml"
_HERE = f"./{CADENCE}"
"""The packaged file has the same name, and must be told apart."""


def check_cadence(raw: bytes, problems: Problems) -> str:
    """The file's text, "" where it says nothing; its faults, laid over the packaged one, are noted."""
    text = problems.take(Place(CADENCE), raw, lambda _: decode(raw, SAVE_TEXT)) or ""
    if not text.strip():
        return ""
    try:
        parse_cadence((_HERE, text))
    except CadenceError as error:
        for line in error.problems:
            problems.tell(CADENCE, line.removeprefix("./"))
    return text


def unsaid(text: str, messages: Collection[str], flows: Collection[str], conditions: Collection[str]) -> Iterator[str]:
    """What a cadence that was checked says by names that stand for nothing: a line for each, with its remedy."""
    for name, row in tomllib.loads(text).get("nudge", {}).items():
        for one in _unknown(row, conditions):
            remedy = f"Write one of {', '.join(sorted(conditions))}.{meant(one, conditions)}"
            yield f"{CADENCE}, nudge.{name}.unless: There is no condition “{one}”. {remedy}"
        for key, known in (("message", messages), ("flow", flows)):
            if row.get(key) and row[key] not in known and row.get("off") is not True:
                remedy = f"Write the name of one of prompts/<language>/{key}s.{meant(row[key], known)}"
                yield f"{CADENCE}, nudge.{name}.{key}: There is no {key} “{row[key]}” in every language. {remedy}"


def _unknown(row: Mapping[str, Any], conditions: Collection[str]) -> list[str]:
    unless = row.get("unless", ())
    listed = [unless] if isinstance(unless, str) else unless
    return [] if row.get("off") is True else [one for one in listed if one not in conditions]
