"""Words as they can be set on paper: line by line, each in its own direction."""

from __future__ import annotations

import unicodedata
from typing import Any

import regex  # type: ignore[import-untyped]

LONGEST = 24
"""Letters after which a word without a break may be broken: an address, or a key held down."""

_UNSEEN = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff]")
_TINTS = regex.compile(r"[\U0001f3fb-\U0001f3ff\ufe0f]")
_LONG = regex.compile(rf"[^\s\u200b]{{{LONGEST + 1},}}")
_LETTERS = regex.compile(r"\X")
_BREAK = "\u200b"


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of a text, without empty ones at its ends: of each its words, and whether it runs from the right."""
    shown = _TINTS.sub("", text).replace("\t", " ").strip().splitlines()
    return [{"text": _breakable(_UNSEEN.sub("", line).strip()), "rtl": from_the_right(line)} for line in shown]


def from_the_right(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left: the rule P2 of Unicode's UAX #9."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in ("R", "AL") for kind in kinds if kind in ("L", "R", "AL")), False)


def _breakable(line: str) -> str:
    """The same, with places at which very long words may be broken."""
    return str(_LONG.sub(lambda word: _broken(word.group()), line))


def _broken(word: str) -> str:
    letters = _LETTERS.findall(word)
    parts = ("".join(letters[start : start + LONGEST]) for start in range(0, len(letters), LONGEST))
    return _BREAK.join(parts)
