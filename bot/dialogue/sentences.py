"""How well the screen does: sentences of which it is known how they must be taken, and what it makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.dialogue.safety import Level, Safety, problems
from bot.errors import FlowError

NONE = "none"
LEVELS = (Level.EXPLICIT.value, Level.LOOK.value, NONE)

FLOORS = {Level.EXPLICIT.value: 0.95, Level.LOOK.value: 0.9}
"""The share of sentences of each level that must be noticed, of the tables that lists are mended by."""
MOST_FALSE = 0.03
"""The share of those that only sound like it that may be taken for an alarm there."""


class Sentences(BaseModel):
    """A table of sentences. held_out: written without a look at the word lists. note: what its figures are worth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"[a-z_]{1,32}")
    held_out: bool
    note: str = ""
    explicit: tuple[str, ...] = Field(min_length=1)
    look: tuple[str, ...] = Field(min_length=1)
    none: tuple[str, ...] = Field(min_length=1)

    def of(self, level: str) -> tuple[str, ...]:
        """Those that must be taken so: explicit, look or none."""
        return {LEVELS[0]: self.explicit, LEVELS[1]: self.look}.get(level, self.none)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    table: tuple[Sentences, ...] = Field(min_length=1)


def parse(data: Mapping[str, Any], source: str) -> tuple[Sentences, ...]:
    """The tables of a safety_sentences.toml; FlowError lists everything wrong. `source` names the file."""
    try:
        return _File.model_validate(data).table
    except ValidationError as error:
        raise FlowError(source, problems(error)) from None


@dataclass(frozen=True, slots=True)
class Count:
    """What the screen made of the sentences of one level."""

    level: str
    sentences: int
    noticed: int  # taken for an alarm of either level
    right: int  # taken just as they must be
    wrong: tuple[str, ...]  # missed; of NONE, those that were noticed

    @property
    def share(self) -> float:
        """The share that was noticed, between 0 and 1: recall, or for NONE the false alarms."""
        return self.noticed / self.sentences

    @property
    def enough(self) -> bool:
        """Whether that is good enough for a table that lists are mended by."""
        return self.share <= MOST_FALSE if self.level == NONE else self.share >= FLOORS[self.level]


def count(safety: Safety, table: Sentences) -> tuple[Count, ...]:
    """What the screen makes of a table, level by level."""
    return tuple(_count(safety, level, table.of(level)) for level in LEVELS)


def _count(safety: Safety, level: str, sentences: Iterable[str]) -> Count:
    taken = {sentence: safety.screen(sentence) or NONE for sentence in sentences}
    noticed = [sentence for sentence, as_level in taken.items() if as_level != NONE]
    missed = [sentence for sentence, as_level in taken.items() if as_level == NONE]
    right = sum(as_level == level for as_level in taken.values())
    return Count(level, len(taken), len(noticed), right, tuple(noticed if level == NONE else missed))
