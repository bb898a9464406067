"""Words as they can be set on paper: line by line, each in its own direction; names within our sentences in theirs."""

from __future__ import annotations

import unicodedata
from typing import Any

import regex  # type: ignore[import-untyped]

LONGEST = 24
"""Letters after which a word without a break may be broken: an address, or a key held down."""

_UNSEEN = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\u202a-\u202e\ufdd0-\ufdef\ufeff]")
_TINTS = regex.compile(r"[\U0001f3fb-\U0001f3ff\ufe0f]")
_LONG = regex.compile(rf"[^\s\u200b]{{{LONGEST + 1},}}")
_LETTERS = regex.compile(r"\X")
_BREAK = "\u200b"

_FROM_THE_RIGHT = frozenset({"ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi"})
"""Languages written from right to left."""
_BEGINS, _ENDS = "\u2066\u2067\u2068", "\u2069"
"""What isolates a part of a line from the direction of the rest: UAX #9."""
_ISOLATE = "\u2068"


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of a text, without empty ones at its ends: of each its words, and whether it runs from the right."""
    shown = _TINTS.sub("", text).replace("\t", " ").strip().splitlines()
    return [{"text": _breakable(_paired(_UNSEEN.sub("", line)).strip()), "rtl": from_the_right(line)} for line in shown]


def isolated(text: str, language: str) -> str:
    """A name, or other words, as a part of a sentence in `language` that keeps the sentence's direction."""
    against = ("L",) if language.partition("_")[0] in _FROM_THE_RIGHT else ("R", "AL")
    plain = unmarked(text)
    turns = any(unicodedata.bidirectional(letter) in against for letter in plain)
    return f"{_ISOLATE}{plain}{_ENDS}" if turns else plain


def unmarked(text: str) -> str:
    """A text without isolates."""
    return "".join(letter for letter in text if letter not in _BEGINS + _ENDS)


def from_the_right(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left: the rule P2 of Unicode's UAX #9."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in ("R", "AL") for kind in kinds if kind in ("L", "R", "AL")), False)


def _paired(line: str) -> str:
    """Without isolates that do not end, and ends of none: they would reach beyond the line."""
    begun: list[int] = []
    whole: set[int] = set()
    for place, letter in enumerate(line):
        if letter in _BEGINS:
            begun.append(place)
        elif letter == _ENDS and begun:
            whole |= {begun.pop(), place}
    return "".join(letter for place, letter in enumerate(line) if letter not in _BEGINS + _ENDS or place in whole)


def _breakable(line: str) -> str:
    """The same, with places at which very long words may be broken."""
    return str(_LONG.sub(lambda word: _broken(word.group()), line))


def _broken(word: str) -> str:
    letters = _LETTERS.findall(word)
    parts = ("".join(letters[start : start + LONGEST]) for start in range(0, len(letters), LONGEST))
    return _BREAK.join(parts)
