"""The screen every free text passes before anything else: does it call for a person? It judges words, never people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.dialogue.phrases import GAP, Loose, Phrases, fold, missing_lists, misspellings, respell
from bot.errors import FlowError

_IDIOM, _MENTION, _STORY = "idiom", "mention", "story"
_DISGUISED = re.compile(r"[^\W\d_](?:[0-9@$!|€+]|[^\w\s'’‘`´ʼ]+[^\W\d_])|[0-9@$|€][^\W\d_]")
_SIGNS = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "€": "e", "+": "t"}
_SIGN = re.compile(r"[^\w\s]+")
_SHORT_NAME = re.compile(r":[a-z0-9_+'-]{1,50}:")  # how Slack writes an emoji in a text: ":knife:"
_READINGS = tuple(str.maketrans(_SIGNS | {"1": letter, "|": letter}) for letter in "il")
_MASK = re.compile(r"(?<=\w)[*#_•]+(?=\w)")
_MASKED_WORD = re.compile(r"[^\W_]+(?:\x01[^\W_]+)+")
_MASK_LETTERS = 3  # how many letters a mask stands for at most: "s***ide"
_ENDS = "!?.,;:"
_SHORTEST_SOUND = 6  # a word is known by its sound from this length: "suisidio"
_SOUNDS = (("c", "s"), ("s", "c"), ("z", "s"), ("s", "z"), ("v", "b"), ("b", "v"), ("h", ""), ("i", "y"), ("qu", "k"))
_SHORTEST_JOIN = 5  # two words are tried as one from this length: "sui cide", "matar me"


class Level(StrEnum):
    """How a text calls for a person: at once, or to have a look."""

    EXPLICIT = "explicit"
    LOOK = "look"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Said = tuple[Annotated[str, Field(min_length=1)], ...]


class SafetyWords(_Part):
    """A safety.toml. Phrases are written as `bot.dialogue.phrases.expand` reads them, with gaps or without."""

    explicit: Said = Field(min_length=1)  # alert now
    look: Said = Field(min_length=1)  # a person should read it
    mention: Said = ()  # the same, unless the text is about a story or history (one of `story` is in it)
    story: Said = ()
    idioms: Said = ()  # sounds like it, is not
    ignore: Said = ()  # words left out everywhere
    same_word: dict[str, str] = Field(default_factory=dict)
    emoji: dict[str, str] = Field(default_factory=dict)  # character, or Slack's ":short_name:" → word; no other counts
    lists: dict[str, Said] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> SafetyWords:
        phrases = (*self.explicit, *self.look, *self.mention, *self.story, *self.idioms)
        if missing := missing_lists(phrases, self.lists):
            raise ValueError(f"there is no list {', '.join(missing)}; add it under [lists]")
        return self


class Safety:
    """The screen, with the words of every language at once: students mix them.

    A phrase that lies inside a longer one does not count: so an idiom ("want to die of laughter") silences the alarm in
    it ("want to die"), and no other in the text. So does one that has the end of an alarm in it ("trash at math"). A
    phrase with a gap silences nothing by being longer.
    """

    def __init__(self, languages: Sequence[SafetyWords]) -> None:
        """The tables of all languages, at least one."""
        emoji = {sign: f" {word} " for words in languages for sign, word in words.emoji.items()}
        self._asides = {fold(word) for word in emoji.values()}
        self._short_names = {sign: word for sign, word in emoji.items() if len(sign) > 1}
        self._emoji = str.maketrans({sign: word for sign, word in emoji.items() if len(sign) == 1})
        same = {fold(word): fold(meant) for words in languages for word, meant in words.same_word.items()}
        same |= {fold(word): "" for words in languages for word in words.ignore}
        self._phrases, self._stories, self._loose = Phrases(same), Phrases(same), Loose(same)
        for words in languages:
            self._add(words)
        alarms = {said for said, mark in self._phrases.said.items() if mark in set(Level)}
        words_of_alarms = {word for said in alarms for word in said} | self._loose.words
        self._masked = dict(_masked(words_of_alarms))
        self._joinable = {word for word in words_of_alarms if len(word) >= _SHORTEST_JOIN}
        self._spelled = self._spellings(alarms, same)
        self._words_of_alarms = words_of_alarms | self._spelled.keys()

    @classmethod
    def parse(cls, data: Mapping[str, Mapping[str, Any]]) -> Safety:
        """The screen from the safety.toml tables of each language; FlowError lists everything wrong, file by file."""
        wrong: list[str] = []
        parsed: list[SafetyWords] = []
        for language, tables in data.items():
            try:
                parsed.append(SafetyWords.model_validate(tables))
            except ValidationError as error:
                wrong += (f"{language}: {problem}" for problem in problems(error))
        if wrong or not parsed:
            raise FlowError("safety.toml", wrong or ["no language has one; add one"])
        try:
            return cls(parsed)
        except ValueError as error:
            raise FlowError("safety.toml", [str(error)]) from None

    def screen(self, text: str) -> Level | None:
        """Whether a text calls for a person, in any of the languages; EXPLICIT wins. None is no sign, not proof."""
        found: Level | None = None
        for words in self._wordings(text):
            level = self._level(words)
            if level is Level.EXPLICIT:
                return level
            found = found or level
        return found

    def _level(self, words: Sequence[str]) -> Level | None:
        marks = self._marks(words)
        if Level.EXPLICIT in marks:
            return Level.EXPLICIT
        if Level.LOOK in marks or (_MENTION in marks and not any(self._stories.found(words))):
            return Level.LOOK
        return None

    def _marks(self, words: Sequence[str]) -> set[str]:
        """The marks of the phrases in a text, but those whose end lies in an idiom."""
        found = [*self._phrases.found(words), *self._loose.found(words)]
        idioms = [(start, end) for start, end, mark in found if mark == _IDIOM]
        marks = {mark for _, end, mark in found if not any(start < end <= until for start, until in idioms)}
        return marks if self._asides.isdisjoint(words) else marks | self._marks_around_asides(words)

    def _marks_around_asides(self, words: Sequence[str]) -> set[str]:
        """The marks of alarms that have an emoji in the middle ("kill 💀 myself")."""
        marks: set[str] = set()
        for number, word in enumerate(words):
            if word in self._asides:
                rest = [*words[:number], *words[number + 1 :]]
                found = (*self._phrases.found(rest), *self._loose.found(rest))
                marks.update(mark for start, end, mark in found if start < number < end and mark != _IDIOM)
        return marks

    def _readings(self, text: str) -> Iterator[str]:
        """The text as it stands, and as it reads if digits and signs stand for letters ("k1ll")."""
        text = text.casefold()
        if not text.isascii():
            text = text.translate(self._emoji)
        if ":" in text:
            text = _SHORT_NAME.sub(lambda name: self._short_names.get(name[0], " "), text)
        if _MASK.search(text):
            text = _MASKED_WORD.sub(self._unmasked, _MASK.sub("\x01", text))
        yield text
        if _DISGUISED.search(text):
            words = text.split()
            for letters in _READINGS:
                read = [self._undisguised(word, letters) for word in words]
                if read != words:
                    yield " ".join(read)

    def _undisguised(self, word: str, letters: Mapping[int, str]) -> str:
        if word.isalpha() or not _DISGUISED.search(word):
            return word
        read = word.rstrip(_ENDS).translate(letters)
        together = _SIGN.sub("", read)
        return next((one for one in (read, together) if fold(one) in self._words_of_alarms), word)

    def _unmasked(self, word: re.Match[str]) -> str:
        return self._masked.get("\x01".join(fold(part) for part in word[0].split("\x01")), word[0])

    def _wordings(self, text: str) -> Iterator[list[str]]:
        for reading in self._readings(text):
            words = ["#" if word.isdigit() else word for word in _spelled_out(fold(reading).split())]
            yield respell(words, self._spelled)
            if any(a + b in self._joinable for a, b in pairwise(words)):
                yield respell(self._together(words), self._spelled)

    def _together(self, words: Iterable[str]) -> list[str]:
        """Words typed in two pieces put together, where both make one the screen knows ("my self")."""
        joined: list[str] = []
        for word in words:
            if joined and joined[-1] + word in self._joinable:
                joined[-1] += word
            else:
                joined.append(word)
        return joined

    def _add(self, words: SafetyWords) -> None:
        # An idiom may be no alarm in one language only; the first mark of a phrase stays, so alarms come first.
        marked = {Level.EXPLICIT: words.explicit, Level.LOOK: words.look, _MENTION: words.mention, _IDIOM: words.idioms}
        for mark, phrases in marked.items():
            self._phrases.add(mark, [phrase for phrase in phrases if GAP not in phrase.split()], words.lists)
            self._loose.add(mark, [phrase for phrase in phrases if GAP in phrase.split()], words.lists)
        self._stories.add(_STORY, words.story, words.lists)

    def _spellings(self, alarms: Iterable[tuple[str, ...]], same: dict[str, str]) -> dict[str, str]:
        """Wrong or run-together spellings of what the alarms are made of, and the words they stand for."""
        known = {word for said in (*self._phrases.said, *self._stories.said) for word in said} | self._loose.words
        words = {word for said in alarms for word in said} | self._loose.words
        slips = ((wrong, word) for word in sorted(words) for wrong in (*_sounding_like(word), *misspellings(word)))
        spelled = {wrong: word for wrong, word in slips if wrong not in known}
        short = [(fold(meant.replace(" ", "")), word) for word, meant in same.items() if " " in meant]
        for said in alarms:
            together = fold("".join(said))
            if len(said) > 1 and len(together) >= _SHORTEST_JOIN:
                ways = {together, *(together.replace(full, word) for full, word in short if full in together)}
                spelled |= {f"{i}{way}": " ".join(said) for way in ways for i in ("", "i") if f"{i}{way}" not in known}
        return spelled | same


def _spelled_out(words: list[str]) -> list[str]:
    """Three and more single letters in a row read as one word ("k i l l"); an "i" or "y" before it stays apart."""
    if sum(len(word) == 1 for word in words) < 3:
        return words
    read: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1 and not word.isdigit():
            run.append(word)
            continue
        if len(run) >= 3:
            apart = 1 if run[0] in "iy" and len(run) > 3 else 0
            run = [*run[:apart], fold("".join(run[apart:]))]
        read += run
        run = []
        if word:
            read.append(word)
    return read


def _sounding_like(word: str) -> Iterator[str]:
    """A word as somebody may write it who goes by its sound."""
    if len(word) >= _SHORTEST_SOUND:
        yield from (fold(word.replace(letters, others)) for letters, others in _SOUNDS if letters in word[1:])


def _masked(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word with one to three letters inside it masked, and the word."""
    for word in sorted(words):
        for start in range(1, len(word)):
            for end in range(start + 1, min(start + _MASK_LETTERS + 1, len(word))):
                yield f"{word[:start]}\x01{word[end:]}", word


def problems(error: ValidationError) -> Iterable[str]:
    """Each fault, with its place."""
    for item in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"])
        yield f"{place}: {item['msg']}" if place else item["msg"]
