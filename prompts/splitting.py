"""Long texts in pieces: cut where a reader would pause, never inside a letter, nothing lost."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

_GRAPHEME = regex.compile(r"\X")


def split_text(text: str, limit: int) -> list[str]:
    """`text` in pieces of at most `limit` characters, cut at a line's end, else a word's, else between graphemes.

    Nothing is lost: `"".join(pieces) == text`. Only a single grapheme longer than `limit` is cut inside.
    """
    pieces = []
    while len(text) > limit:
        cut = _cut(text, limit)
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text] if text else pieces


def shorten(text: str, limit: int) -> str:
    """`text` if it has at most `limit` characters, else its beginning, cut at a word's end, and "…"."""
    if len(text) <= limit:
        return text
    return f"{text[: _cut(text, limit - 1)].rstrip()}…"


def _cut(text: str, limit: int) -> int:
    window = text[:limit]
    for blank in ("\n", " "):
        at = window.rfind(blank) + 1
        # A break near the start would leave pieces hardly begun; an accent may stand on a blank.
        if at > limit // 2 and _GRAPHEME.match(text, at - 1).end() == at:
            return at
    return _grapheme_end(text, limit)


def _grapheme_end(text: str, limit: int) -> int:
    """The last boundary between graphemes at or before `limit`; `limit` itself where there is none."""
    start = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit), 0)
    end = start
    for grapheme in _GRAPHEME.finditer(text, start):
        if grapheme.end() > limit:
            break
        end = grapheme.end()
    return end or limit
