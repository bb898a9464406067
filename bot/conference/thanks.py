"""Whom a student means when they write who helped them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+")
_TITLE = re.compile(r"^\w+\.$")


@dataclass(frozen=True, slots=True)
class Adult:
    """Somebody the student may mean. `family`: they belong to the student's family."""

    id: int
    name: str
    family: bool = False


def meant(text: str, adults: Sequence[Adult], parent: Collection[str], family: Collection[str]) -> tuple[int, ...]:
    """The ids of those whom the text names for sure, in the order of `adults`.

    By their whole name, or by a first or last name that no other of them bears. A word of `parent` ("mom") means the
    one adult of the family, where there is only one; a word of `family` ("parents") all of them.
    """
    said = _bare(text)
    own = {adult.id: _parts(adult.name) for adult in adults}
    bearers = Counter(part for parts in own.values() for part in set(parts))
    relatives = [adult.id for adult in adults if adult.family]
    sure = {id_ for id_, parts in own.items() if _named(parts, said, bearers)}
    if said_any(said, family) or (len(relatives) == 1 and said_any(said, parent)):
        sure.update(relatives)
    return tuple(adult.id for adult in adults if adult.id in sure)


def said_any(said: Sequence[str], words: Collection[str]) -> bool:
    """Whether any of these words is among those that were said."""
    return not {word for each in words for word in _bare(each)}.isdisjoint(said)


def _named(parts: Sequence[str], said: Sequence[str], bearers: Counter[str]) -> bool:
    whole = any(list(said[at : at + len(parts)]) == list(parts) for at in range(len(said))) and len(parts) > 1
    return whole or any(part in said and bearers[part] == 1 for part in parts)


def _parts(name: str) -> list[str]:
    """The words of a name, without a title in front of it ("Ms.")."""
    words = name.split()
    return _bare(" ".join(words[1:] if len(words) > 1 and _TITLE.match(words[0]) else words))


def _bare(text: str) -> list[str]:
    """The words of a text, without case and accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in letters if not unicodedata.combining(letter)))
