"""What a transcript says people do: one step a line. What the coach said is left out; it is written anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.practice.people import Person

COACH = "Coach"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_AFTER = re.compile(r"\((\d+) (second|minute|hour|day|week)s? later\)")

_DUE = re.compile(r"\(it is time for (\w+) about (\w+)\)")

Names = Mapping[str, Person]


class TranscriptError(Exception):
    """A line of a transcript that means nothing."""


@dataclass(frozen=True)
class Step:
    """One line: who does what. `who` is "" for a line in brackets, which is about the world."""

    line: str
    who: str = ""
    verb: str = ""
    values: tuple[str, ...] = ()


_GESTURES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (verb, re.compile(pattern))
    for verb, pattern in (
        ("says", r": (.+)"),
        ("taps", rf" taps \[([^\]]+)\](?: under {_QUOTED})?(?: for {_QUOTED})?"),
        ("chooses", rf" chooses {_QUOTED} for {_QUOTED}"),
        ("edits", rf" edits {_QUOTED} to {_QUOTED}"),
        ("overtakes", rf" writes {_QUOTED} and edits it to {_QUOTED}; the edit arrives first"),
        ("takes back", rf" writes {_QUOTED} and deletes it; the deletion arrives first"),
        ("deletes", rf" deletes {_QUOTED}"),
        ("shares", rf" shares (\S+)(?: {_QUOTED})?"),
        ("types", r" types (/.+)"),
        ("fills in", rf" fills in ({_QUOTED}: {_QUOTED}(?:, {_QUOTED}: {_QUOTED})*)"),
        ("closes", r" closes the window"),
        ("opens", r" opens (the chat|the home)"),
    )
)


def steps(text: str, names: Names) -> list[Step]:
    """The steps of a transcript, comments and blank lines among them; what the coach said is left out."""
    found = []
    for line in text.splitlines():
        if line.startswith((" ", COACH)) or not line.strip():
            continue
        found.append(Step(line) if line.startswith(("#", "(")) else _gesture(line, names))
    return found


def _gesture(line: str, names: Names) -> Step:
    who = next((name for name in sorted(names, key=len, reverse=True) if line.startswith(name)), None)
    if who is None:
        raise TranscriptError(f"{line!r}: nobody here is called so; there are {', '.join(sorted(names))}")
    for verb, pattern in _GESTURES:
        match = pattern.fullmatch(line.removeprefix(who))
        if match:
            return Step(line, who, verb, tuple((value or "").replace('\\"', '"') for value in match.groups()))
    raise TranscriptError(f"{line!r}: no such gesture")


def filled_in(text: str) -> dict[str, str]:
    """What is written in a window, by label: `"Your idea": "Start in room 12", "Why?": "…"`."""
    words = [word.replace('\\"', '"') for word in re.findall(_QUOTED, text)]
    return dict(zip(words[::2], words[1::2], strict=True))


def about_whom(line: str) -> tuple[str, str] | None:
    """The step of the cadence and the student in "(it is time for ideas about Noor)"; None for any other line."""
    match = _DUE.fullmatch(line)
    return (match[1], match[2]) if match else None


def time_passed(line: str) -> timedelta | None:
    """How long "(3 days later)" is; None for any other line."""
    match = _AFTER.fullmatch(line)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else None
