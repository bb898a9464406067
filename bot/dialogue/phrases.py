"""Phrases and how they are found in what a student types: spelling folded away, words compared, the longest counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

_APOSTROPHES = re.compile("['’‘`´ʼ]")
_INVISIBLE = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u20e3]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()}  # the same for plain text, several times faster
_REPEATED = re.compile(r"([^\W\d_])\1+")
# Letters of other alphabets that look like ours and are used to slip past a word list.
_LOOKALIKES = str.maketrans("аеорсухіѕԁјкмтнѵıłøß", "aeopcyxisdjkmthvilos")
_LIST = re.compile(r"@(\w+)")
_MOST_READINGS = 20_000

Words = tuple[str, ...]


@lru_cache(maxsize=8)
def fold(text: str) -> str:
    """The text as bare words: no case, accents, punctuation or doubled letters ("¡Sííí, ALL!" → "si al")."""
    if text.isascii():
        text = text.casefold().replace("'", "").replace("`", "").translate(_ASCII)
    else:
        text = _APOSTROPHES.sub("", text.casefold())
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = _BETWEEN_WORDS.sub(" ", _INVISIBLE.sub("", text).translate(_LOOKALIKES))
    return _REPEATED.sub(r"\1", " ".join(text.split()))


def expand(phrase: str, lists: Mapping[str, Sequence[str]]) -> Iterator[Words]:
    """Every way to say a phrase, as folded words.

    Words are separated by spaces; `a|b` is either, a `?` at the end makes a word optional, `_` joins two words to one
    alternative, `@name` is any entry of a list (KeyError if there is none), `#` any number.
    """
    for parts in product(*(_slot(slot, lists) for slot in phrase.split())):
        words = tuple(word for part in parts for word in part)
        if words:
            yield words


def missing_lists(phrases: Iterable[str], lists: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of lists the phrases, or entries of the lists, ask for (`@name`) that are not there, each once."""
    every = [*phrases, *(entry for entries in lists.values() for entry in entries)]
    return sorted({name for phrase in every for name in _LIST.findall(phrase) if name not in lists})


def _slot(slot: str, lists: Mapping[str, Sequence[str]]) -> list[Words]:
    optional = slot.endswith("?")
    choices: list[Words] = [()] if optional else []
    for choice in slot.removesuffix("?").split("|"):
        if choice.startswith("@"):
            choices += (words for entry in lists[choice[1:]] for words in expand(entry, lists))
        else:
            choices.append(("#",) if choice == "#" else tuple(fold(choice).split()))
    return choices


def respell(words: Iterable[str], same: Mapping[str, str]) -> list[str]:
    """The words with each that stands for others put in full."""
    return " ".join([same.get(word, word) for word in words]).split()


def misspellings(word: str) -> Iterator[str]:
    """A word with two neighbours swapped (from 4 letters) or one letter left out inside (from 6); the first stays."""
    if len(word) >= 4:
        yield from (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1))
    if len(word) >= 6:
        yield from (word[:i] + word[i + 1 :] for i in range(1, len(word) - 1))


class _Node(dict[str, "_Node"]):
    __slots__ = ("mark",)

    def __init__(self) -> None:
        self.mark: str | None = None


class Phrases:
    """Marked phrases. One that lies inside a longer one does not count.

    `same` gives folded words that stand for others ("dont": "do not"); it is applied to every phrase added, so that a
    text must have it applied too (`respell`).
    """

    def __init__(self, same: Mapping[str, str] | None = None) -> None:
        self._root = _Node()
        self._same = same or {}
        self.said: dict[Words, str] = {}

    def add(self, mark: str, phrases: Iterable[str], lists: Mapping[str, Sequence[str]]) -> None:
        """Add phrases under a mark; the first mark of a phrase stays. KeyError names a missing list."""
        for phrase in phrases:
            for number, plain in enumerate(expand(phrase, lists)):
                if number > _MOST_READINGS:
                    raise ValueError(f"{phrase!r} can be said in too many ways; split it")
                words = tuple(respell(plain, self._same))
                self.said.setdefault(words, mark)
                self._insert(words)

    def _insert(self, words: Words) -> None:
        node = self._root
        for word in words:
            node = node.setdefault(word, _Node())
        node.mark = self.said[words]

    def ends(self, words: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
        """Each phrase that begins at `start`, shortest first: where it ends, and its mark."""
        node = self._root
        for end in range(start, len(words)):
            following = node.get(words[end])
            if following is None:
                return
            node = following
            if node.mark is not None:
                yield end + 1, node.mark

    def _longest(self, words: Sequence[str], start: int) -> tuple[int, str]:
        """The last of `ends`; (0, "") where there is none."""
        node, found = self._root, (0, "")
        for end in range(start, len(words)):
            following = node.get(words[end])
            if following is None:
                break
            node = following
            if node.mark is not None:
                found = (end + 1, node.mark)
        return found

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """The phrases in a text from left to right, none inside another: start, end, mark."""
        root, reached = self._root, 0
        for start, word in enumerate(words):
            if word in root:
                end, mark = self._longest(words, start)
                if end > reached:
                    reached = end
                    yield start, end, mark

    def without(self, words: Sequence[str]) -> list[str]:
        """The text with these phrases taken out."""
        kept: list[str] = []
        at = 0
        for start, end, _ in self.found(words):
            kept += words[at:start]
            at = end
        return kept + list(words[at:])

    def covers(self, words: Sequence[str], needed: str) -> bool:
        """Whether the text is made of these phrases only, at least one of them marked `needed`."""
        if not words or words[0] not in self._root:
            return False
        plain, full = [False] * (len(words) + 1), [False] * (len(words) + 1)
        plain[0] = True
        for start in range(len(words)):
            if not (plain[start] or full[start]):
                continue
            for end, mark in self.ends(words, start):
                plain[end] |= plain[start]
                full[end] |= full[start] or mark == needed
        return full[-1]
