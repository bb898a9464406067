"""Phrases and how they are found in what a student types: spelling folded away, words compared, the longest counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

_APOSTROPHES = re.compile("['’‘`´ʼ]")
# What is seen of no text: joiners, marks of direction, fillers, and marks that combine with the letter before them.
_INVISIBLE = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()}  # the same for plain text, several times faster
_REPEATED = re.compile(r"([^\W\d_])\1+")
# Letters of other alphabets, and small capitals, that look like ours and are used to slip past a word list.
_LOOKALIKES = str.maketrans(
    "аеорсухіѕԁјкмтнѵгԛԝһѐёıłøßαβεικνορτυχγηωσςօսոհցᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢɑɡɩ",
    "aeopcyxisdjkmthvrqwheeilosabeiknoptuxynwssounhgabcdefghijklmnopqrstuvwyzagi",  # pragma: allowlist secret
)
# Letters in squares, in circles filled in, and as halves of flags, which are no letters to Unicode.
_FRAMED = {first + place: ord("a") + place for first in (0x1F150, 0x1F170, 0x1F1E6) for place in range(26)}
_LOOKALIKES |= _FRAMED
_LIST = re.compile(r"@(\w+)")
_MOST_READINGS = 20_000
GAP = "~"
"""In a phrase: up to `WIDEST_GAP` words of any kind, or none."""
WIDEST_GAP = 4

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
    alternative, `@name` is any entry of a list (KeyError if there is none), `#` any number, `~` up to four words of any
    kind (for `Loose` alone).
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
            choices.append((choice,) if choice in ("#", GAP) else tuple(fold(choice).split()))
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


class _Stage:
    """How far a phrase with gaps has come: what each word leads to, and what may follow a gap."""

    __slots__ = ("after_gap", "mark", "on")

    def __init__(self) -> None:
        self.on: dict[str, list[_Stage]] = {}
        self.after_gap: _Stage | None = None
        self.mark: str | None = None


class Loose:
    """Marked phrases with gaps in them. Every one that is in a text counts, also within another.

    What is between two spaces of a phrase is kept once and not multiplied out, so that lists may be long.
    """

    def __init__(self, same: Mapping[str, str]) -> None:
        """`same` as in Phrases."""
        self._root = _Stage()
        self._same = same
        self._known: dict[tuple[int, str], _Stage] = {}
        self.words: set[str] = set()

    def add(self, mark: str, phrases: Iterable[str], lists: Mapping[str, Sequence[str]]) -> None:
        """Add phrases under a mark; the first mark of a phrase stays. KeyError names a missing list."""
        known: dict[tuple[int, str], _Stage] = {}  # phrases that begin alike are kept together
        for phrase in phrases:
            reached = [self._root]
            for slot in phrase.split():
                key = (id(reached[-1]), slot)
                following = known.setdefault(key, _Stage())
                self._lead(reached, slot, following, lists)
                reached = [*reached, following] if slot.endswith("?") else [following]
            for stage in reached:
                stage.mark = stage.mark or mark

    def _lead(
        self, reached: Sequence[_Stage], slot: str, following: _Stage, lists: Mapping[str, Sequence[str]]
    ) -> None:
        for stage in reached:
            if slot == GAP:
                stage.after_gap = following
            else:
                for words in _slot(slot, lists):
                    self._put(stage, respell(words, self._same), following)

    def _put(self, stage: _Stage, words: Sequence[str], following: _Stage) -> None:
        self.words.update(words)
        for word in words[:-1]:
            between = self._known.setdefault((id(stage), f"{id(following)} {word}"), _Stage())
            _link(stage, word, between)
            stage = between
        if words:
            _link(stage, words[-1], following)

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """The phrases in a text: start, end, mark."""
        root = self._root.on
        for start, word in enumerate(words):
            if word in root:
                for end, mark in self._ends(words, start):
                    yield start, end, mark

    def _ends(self, words: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
        waiting, size = [(self._root, start)], len(words)
        while waiting:
            stage, at = waiting.pop()
            for following in stage.on.get(words[at], ()):
                end = at + 1
                if following.mark is not None:
                    yield end, following.mark
                if end < size and following.on:
                    waiting.append((following, end))
                after = following.after_gap
                if after is not None:
                    gap = range(end, min(end + WIDEST_GAP + 1, size))
                    waiting += [(after, later) for later in gap if words[later] in after.on]


def _link(stage: _Stage, word: str, following: _Stage) -> None:
    leads = stage.on.setdefault(word, [])
    if not any(one is following for one in leads):
        leads.append(following)
