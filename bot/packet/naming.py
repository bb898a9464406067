"""What a packet's file is called."""

from __future__ import annotations

import unicodedata

import regex  # type: ignore[import-untyped]

LONGEST = 160
"""Bytes of a name without its ending: file systems take 255, and a number may follow."""

_UNSEEN = regex.compile(r"\p{Cf}+")
_NO_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}_]+")


def file_name(*parts: str, number: int = 1) -> str:
    """packet-<part>-<part>.pdf, in small letters of any script. `number`: which of several with the same parts."""
    words = [_NO_LETTERS.sub("-", _UNSEEN.sub("", unicodedata.normalize("NFC", part).lower())) for part in parts]
    named = "-".join(filter(None, (word.strip("-_") for word in ("packet", *words))))
    short = named.encode()[:LONGEST].decode(errors="ignore").strip("-_")
    return f"{short}-{number}.pdf" if number > 1 else f"{short}.pdf"
