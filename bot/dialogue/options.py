"""Typed words matched to what could have been tapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_SEPARATORS = re.compile(r"\s*(?:,|;|/|\+|&|\n|\band\b|\by\b|\be\b)\s*", re.IGNORECASE)
_SHORTEST = 3  # a shorter beginning of a label says too little


def match(text: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the options these words name, in the options' order; () if any of the words names none.

    An option is named by its number, its label, or the beginning of its label where no other begins so.
    """
    whole = _one(text, labels)
    if whole:
        return (whole,)
    found = [_one(part, labels) for part in _SEPARATORS.split(text) if part.strip()]
    return tuple(id_ for id_ in labels if id_ in found) if found and all(found) else ()


def _one(text: str, labels: Mapping[str, str]) -> str:
    typed = _fold(text)
    numbered = {str(number): id_ for number, id_ in enumerate(labels, 1)}
    if typed in numbered:
        return numbered[typed]
    folded = {id_: _fold(label) for id_, label in labels.items()}
    exact = [id_ for id_, label in folded.items() if label == typed]
    begun = [id_ for id_, label in folded.items() if len(typed) >= _SHORTEST and label.startswith(typed)]
    return exact[0] if exact else begun[0] if len(begun) == 1 else ""


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
    return " ".join(kept.split())
