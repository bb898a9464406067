"""Whether an answer is enough to work with, and what to ask if not; the words it goes by are a language's lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, product
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.dialogue.flow import Band, Worded
from bot.dialogue.phrases import Phrases, expand, fold, missing_lists, misspellings, respell
from bot.errors import FlowError

_LINK = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_DECIMAL = re.compile(r"\d[.,]\d")
_SHORTCODE = re.compile(r":(?:[a-z][a-z0-9_+-]*|[+-]1):", re.IGNORECASE)  # Slack sends an emoji as :name:
_SKIN = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]|:skin-tone-[2-6]:")
_NEEDED, _AROUND, _SAID, _UNLESS, _FILLER = "needed", "around", "said", "unless", "filler"


class Rule(StrEnum):
    """The ways an answer can be too thin to use (product: Coaching)."""

    EMPTY = "empty"
    LABEL = "label"
    VAGUE_GOAL = "vague_goal"
    STUDY_MORE = "study_more"
    GRADE = "grade"
    EVERYTHING = "everything"
    HARSH = "harsh"
    BLAME = "blame"
    HELP_ME = "help_me"
    EVIDENCE_BARE = "evidence_bare"
    SAME = "same"


class Control(StrEnum):
    """What a student can type instead of an answer."""

    BACK = "back"
    SKIP = "skip"
    PAUSE = "pause"
    HELP = "help"
    PREVIEW = "preview"
    MENU = "menu"
    START = "start"
    NEXT = "next"
    QUIET = "quiet"
    REMIND = "remind"
    PRACTICE = "practice"


@dataclass(frozen=True)
class Verdict:
    """The rule an answer runs into; None when it is good enough."""

    rule: str | None


@dataclass(frozen=True)
class Probe:
    """How a rule asks for more, in each band, and what may be tapped to start with; `again` is the second probe."""

    rule: str
    ask: Mapping[Band, str]
    again: Mapping[Band, str]
    starters: tuple[str, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Said = tuple[Annotated[str, Field(min_length=1)], ...]


class RuleWords(_Part):
    """One rule's words. Phrases are written as `bot.dialogue.phrases.expand` reads them."""

    ask: Worded
    again: Worded
    starters: tuple[Annotated[str, Field(min_length=1, max_length=75)], ...] = ()
    words: Said = ()  # the answer says one of these …
    around: Said = ()  # … and, fillers aside, nothing but these
    said: Said = ()  # or one of these stands anywhere in it …
    unless: Said = ()  # … and not as part of one of these
    at_most: int = 0  # `said` counts only in answers of so many words; 0: in any
    short: int = 0  # or it has at most so many words besides `around`, and none of `unless`

    def phrases(self) -> tuple[str, ...]:
        """All phrases of the rule."""
        return (*self.words, *self.around, *self.said, *self.unless)


class LexiconWords(_Part):
    """A lexicon.toml."""

    filler: Said
    same_word: dict[str, str] = Field(default_factory=dict)
    small: Said = ()  # words that say nothing when two answers are compared
    lists: dict[str, Said] = Field(default_factory=dict)
    rule: dict[Rule, RuleWords]
    control: dict[Control, Said]
    yes: Said
    no: Said
    number: dict[Annotated[str, Field(pattern="^[1-5]$")], Said]
    number_before: Said = ()
    number_after: Said = ()

    @model_validator(mode="after")
    def _complete(self) -> LexiconWords:
        for kind, there in ((Rule, self.rule), (Control, self.control)):
            missing = [name.value for name in kind if name not in there]
            if missing:
                raise ValueError(f"no [{kind.__name__.lower()}] for {', '.join(missing)}; add it")
        if len(self.rule[Rule.EMPTY].starters) != 3:
            raise ValueError("rule.empty: give three `starters` to tap")
        phrases = [*self.filler, *(phrase for rule in self.rule.values() for phrase in rule.phrases())]
        if missing := missing_lists(phrases, self.lists):
            raise ValueError(f"there is no list {', '.join(missing)}; add it under [lists]")
        return self


class _Test:
    """One rule, ready to be tried on an answer."""

    def __init__(self, parts: Sequence[RuleWords], lists: Mapping[str, Sequence[str]], same: Mapping[str, str]) -> None:
        self.whole, self.inside = Phrases(same), Phrases(same)
        self.at_most = max(part.at_most for part in parts) or 10_000
        self.short = max(part.short for part in parts)
        for part in parts:
            self.whole.add(_NEEDED, part.words, lists)
            self.inside.add(_SAID, part.said, lists)
        for part in parts:
            self.whole.add(_AROUND, part.around, lists)
            self.inside.add(_UNLESS, part.unless, lists)

    def met(self, words: Sequence[str]) -> bool:
        return self.whole.covers(words, _NEEDED) or self._says(words) or self._is_short(words)

    def _says(self, words: Sequence[str]) -> bool:
        return len(words) <= self.at_most and any(mark == _SAID for *_, mark in self.inside.found(words))

    def _is_short(self, words: Sequence[str]) -> bool:
        if not self.short or len(words) > 4 * self.short:
            return False
        return len(self.whole.without(words)) <= self.short and not any(self.inside.found(words))


class Lexicon:
    """A language's words for judging answers: what is too thin, how to ask for more, and what is no answer at all."""

    def __init__(self, own: LexiconWords, heard: Sequence[LexiconWords] = ()) -> None:
        """`own` gives the wording; words of all in `heard` are understood too (own first)."""
        self._own = own
        self._heard = [own, *(words for words in heard if words is not own)]
        self._small = frozenset(word for words in self._heard for entry in words.small for word in fold(entry).split())
        self._compile()

    @classmethod
    def parse(cls, data: Mapping[str, Any], source: str = "lexicon.toml") -> Lexicon:
        """A lexicon from its TOML tables; FlowError lists everything that is wrong, with the file named."""
        try:
            return cls(LexiconWords.model_validate(data))
        except ValidationError as error:
            raise FlowError(source, _problems(error)) from None
        except ValueError as error:
            raise FlowError(source, [str(error)]) from None

    def judge(self, answer: str, rules: Sequence[str], *, evidence: int = 0, last: str = "") -> Verdict:
        """The first of a question's rules that the answer runs into.

        `evidence` is the number of files and links that came with it, `last` the answer to this of the last
        conference ("" if none). ValueError if a rule is not known.
        """
        text, links = _LINK.subn(" ", answer)
        evidence += links
        words = self._words(text)
        for rule in rules:
            if self._meets(Rule(rule), words, evidence, last):
                return Verdict(rule)
        return Verdict(None)

    def probe(self, rule: str) -> Probe:
        """The wording of a rule in this language; ValueError if there is no such rule."""
        words = self._own.rule[Rule(rule)]
        return Probe(rule, words.ask, words.again, words.starters)

    def control(self, text: str) -> str | None:
        """The control a whole message stands for: a value of Control, or None."""
        return self._controls.get(self._key(text))

    def yes_no(self, text: str) -> bool | None:
        """Whether a whole message says yes or no; None if neither."""
        return self._yes_no.get(self._key(text))

    def number(self, text: str) -> int | None:
        """The point on a scale from 1 to 5 a whole message names ("like a 4", "3/5", "tres"), or None."""
        return None if _DECIMAL.search(text) else self._numbers.get(self._key(text))

    def _meets(self, rule: Rule, words: Sequence[str], evidence: int, last: str) -> bool:
        if rule is Rule.EMPTY:
            return not evidence and (not words or self._tests[rule].met(words))
        if rule is Rule.SAME and last and self._repeats(words, self._words(last)):
            return True
        if not words:
            return rule is Rule.EVIDENCE_BARE
        return self._tests[rule].met(words)

    def _repeats(self, words: Sequence[str], last: Sequence[str]) -> bool:
        """Nothing in it that was not said last time; endings aside, so that "raising" is "raise"."""
        now, before = self._gist(words), self._gist(last)
        return bool(now) and now <= before and 2 * len(now) >= len(before)

    def _gist(self, words: Sequence[str]) -> set[str]:
        return {word[:4] for word in words if word not in self._small}

    def _words(self, text: str) -> list[str]:
        return self._filler.without(respell(fold(_without_emoji(text)).split(), self._spelled))

    @staticmethod
    def _key(text: str) -> str:
        return fold(_without_emoji(text)) or _SKIN.sub("", text).strip().casefold()

    def _compile(self) -> None:
        lists, same = self._lists(), self._same_words()
        self._filler = Phrases(same)
        for words in self._heard:
            self._filler.add(_FILLER, words.filler, lists)
        self._tests = {rule: _Test([words.rule[rule] for words in self._heard], lists, same) for rule in Rule}
        self._spelled = self._misspelled() | same
        self._controls: dict[str, str] = {}
        self._yes_no: dict[str, bool] = {}
        self._numbers: dict[str, int] = {}
        for words in self._heard:
            self._compile_short(words)

    def _lists(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for words in self._heard:
            for name, entries in words.lists.items():
                lists.setdefault(name, []).extend(entries)
        return lists

    def _same_words(self) -> dict[str, str]:
        pairs = [pair for words in reversed(self._heard) for pair in words.same_word.items()]
        return {fold(word): fold(meant) for word, meant in pairs}

    def _misspelled(self) -> dict[str, str]:
        phrases = [self._filler, *(phrases for test in self._tests.values() for phrases in (test.whole, test.inside))]
        known = {word for among in phrases for said in among.said for word in said}
        return {wrong: word for word in sorted(known) for wrong in misspellings(word) if wrong not in known}

    def _compile_short(self, words: LexiconWords) -> None:
        for control, phrases in words.control.items():
            self._controls |= {key: control.value for key in _keys(phrases) if key not in self._controls}
        for answer, phrases in ((True, words.yes), (False, words.no)):
            self._yes_no |= {key: answer for key in _keys(phrases) if key not in self._yes_no}
        around = product(_keys(words.number_before) | {""}, _keys(words.number_after) | {""})
        for (before, after), (number, phrases) in product(around, words.number.items()):
            self._numbers |= {f"{before} {key} {after}".strip(): int(number) for key in _keys(phrases)}


class Coach(Lexicon):
    """The lexicon of a conversation: its language gives the wording, every language there is is understood."""

    def __init__(self, lexicons: Mapping[str, Lexicon], language: str) -> None:
        own = lexicons[language]
        super().__init__(own._own, [lexicon._own for lexicon in lexicons.values()])


def _without_emoji(text: str) -> str:
    return _SHORTCODE.sub(" ", text) if ":" in text else text


def _keys(phrases: Iterable[str]) -> set[str]:
    """Whole messages as `Lexicon._key` reads them: folded words, or the emoji as it is."""
    folded = {phrase: Lexicon._key(phrase) for phrase in phrases}
    emoji = {key for key in folded.values() if not fold(key) or _SHORTCODE.fullmatch(key)}
    words = (expand(phrase, {}) for phrase, key in folded.items() if key not in emoji)
    return emoji | {" ".join(said) for said in chain.from_iterable(words)}


def _problems(error: ValidationError) -> Iterable[str]:
    for item in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"])
        yield f"{place}: {item['msg']}" if place else item["msg"]
