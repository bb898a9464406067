"""The script of a conference: a cue card for each part that is held, made of the student's own words. Pure.

A card holds only beginnings: what was written stays as it is, and is cut, never reworded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from bot.conference.agenda import Agenda, Idea, Label, Line, Part, Piece, Settings, one_line, work_context
from bot.conference.answers import NOTHING_SET
from bot.conference.minutes import Topic
from bot.dialogue.flow import Flow

LONGEST = 90
"""Characters of a cue: what is read at a glance, two lines on a phone."""

MOST = 6
"""Cues on a card; the rest stands on the agenda."""

FEW_WORDS = 5
"""A minute with fewer words than this on its card has to be filled by heart."""

_FRAME = frozenset({Topic.WELCOME, Topic.COMMITMENTS, Topic.QUESTIONS, Topic.THANKS})
"""Parts that are held whatever was prepared: there is always a word to say."""

_OTHERS_SPEAK = frozenset({*_FRAME, Topic.ASKS})
"""Parts whose minutes are not for the student's words alone."""

_SPOT = ("strengths", "spot")
"""The answer that says where to look at the piece of work."""

# Where a goal or an ask has more lines than a card has room for, those that are said first.
_FIRST = {
    ("goals", "wish"): 0,
    ("goals", "plan"): 1,
    ("goals", "was"): 2,
    ("supports", "who"): 0,
    ("supports", "how"): 1,
}
_LATER = 9

_SENTENCE = re.compile(r".+?[.!?…](?=\s|$)")


class Thin(StrEnum):
    """Why a card may leave the student without words."""

    EMPTY = "empty"  # nothing was written
    DEVELOP = "develop"  # only what the coach asked more about
    SHORT = "short"  # many minutes, few words


@dataclass(frozen=True, slots=True)
class Cue:
    """The beginning of something to say; `label` is a key of labels.toml or "", `goal` the short name of its goal.

    place: the flow and the round it comes from: what belongs together.
    """

    words: str
    place: tuple[str, int]
    label: str = ""
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A part of the meeting as it is said.

    own: the student's own version, "" where it is made of the answers. more: lines that have no room on it.
    look: the spot to look at in the work.
    """

    topic: Topic
    minutes: int
    cues: tuple[Cue, ...] = ()
    more: int = 0
    pieces: tuple[Piece, ...] = ()
    look: str = ""
    ideas: tuple[Idea, ...] = ()
    own: str = ""
    thin: Thin | None = None


def script(agenda: Agenda, settings: Settings, flows: Mapping[str, Flow], own: Mapping[Topic, str]) -> tuple[Card, ...]:
    """The cards of a meeting, in its order. `flows`: those of the student's level; a part that none of them prepares,
    and that has no words, is left to the adults. `own`: the cards the student wrote themselves."""
    sections = (question.section for flow in flows.values() for question in flow.questions)
    prepared = {Topic(section) for section in sections if section is not None}
    held = (part for part in agenda.sections if _is_held(part, prepared, own))
    return tuple(_card(part, settings, own.get(part.section, ""), part.section in prepared) for part in held)


def something_to_say(cards: Iterable[Card]) -> bool:
    """Whether there is anything of the student's to practise with."""
    return any(card.own or card.cues or card.pieces for card in cards)


def text_of(card: Card, label: Label) -> str:
    """A card's words as the student may change them: theirs, or a line for each cue."""
    return card.own or "\n".join(_spoken(cue, label) for cue in card.cues)


def card_context(card: Card, cards: Sequence[Card], label: Label) -> dict[str, Any]:
    """Plain data for the message `cue_card`."""
    return {
        "key": card.topic.value,
        "title": label(f"section.{card.topic}"),
        "minutes": card.minutes,
        "n": cards.index(card) + 1,
        "total": len(cards),
        "plan": [label(f"section.{one.topic}") for one in cards if one.topic is not Topic.WELCOME],
        "words": card.own or "\n".join(_bullets(card.cues, label)),
        "more": 0 if card.own else card.more,
        "works": [work_context(piece, label) for piece in card.pieces],
        "look": card.look,
        "ideas": [{"by": idea.by, "words": short(idea.words)} for idea in card.ideas],
    }


def short(words: str) -> str:
    """The beginning of what was written: its first line, or that line's first sentence, at most 90 characters."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    if len(first) <= LONGEST:
        return f"{first} …" if len(lines) > 1 else first
    sentence = _SENTENCE.match(first)
    if sentence is not None and len(sentence[0]) <= LONGEST:
        return f"{sentence[0]} …"
    return f"{first[: first.rfind(' ', 0, LONGEST) if ' ' in first[:LONGEST] else LONGEST].rstrip(' ,;:')} …"


def _is_held(part: Part, prepared: Collection[Topic], own: Mapping[Topic, str]) -> bool:
    topic = part.section
    return topic in _FRAME or topic in prepared or topic in own or bool(part.lines or part.pieces)


def _card(part: Part, settings: Settings, own: str, prepared: bool) -> Card:
    spoken = [line for line in part.lines if line.words and (line.spot.flow, line.spot.question) != _SPOT]
    look = next((short(line.words) for line in part.lines if (line.spot.flow, line.spot.question) == _SPOT), "")
    chosen = list(_with_room(spoken))
    pieces = (*(piece for line in part.lines for piece in line.works), *part.pieces)
    thin = None if own else _thin(part, pieces, settings, prepared)
    cues = tuple(Cue(short(line.words), _place(line), line.label, line.goal) for line in chosen)
    return Card(part.section, part.minutes, cues, len(spoken) - len(chosen), pieces, look, part.ideas, own, thin)


def _with_room(lines: Sequence[Line]) -> Iterator[Line]:
    """As many lines as a card holds, each round its share, in the order of the agenda."""
    rounds = [list(group) for _, group in groupby(lines, key=_place)]
    share = max(1, MOST // max(1, len(rounds)))
    left = MOST
    for group in rounds:
        first = sorted(group, key=lambda line: _FIRST.get((line.spot.flow, line.spot.question), _LATER))
        kept = {id(line) for line in first[: min(share, left)]}
        left -= len(kept)
        yield from (line for line in group if id(line) in kept)


def _place(line: Line) -> tuple[str, int]:
    return line.spot.flow, line.spot.round


def _thin(part: Part, pieces: Sequence[Piece], settings: Settings, prepared: bool) -> Thin | None:
    if not (part.lines or pieces):
        return Thin.EMPTY if prepared else None
    if part.lines and all(settings.get(line.spot, NOTHING_SET).develop for line in part.lines):
        return Thin.DEVELOP
    to_fill = part.minutes - len(pieces)  # a piece of work is worth a minute of looking
    words = sum(len(line.words.split()) for line in part.lines)
    few = to_fill > 1 and words < FEW_WORDS * to_fill
    return Thin.SHORT if few and part.section not in _OTHERS_SPEAK else None


def _bullets(cues: Sequence[Cue], label: Label) -> Iterator[str]:
    """A line for each cue, what belongs together under the name of its goal, with a free line between."""
    for number, (_, group) in enumerate(groupby(cues, key=lambda cue: cue.place)):
        several = list(group)
        if number:
            yield ""
        if several[0].goal:
            yield f"{short(several[0].goal)}:"
        yield from (f"• {_spoken(cue, label)}" for cue in several)


def _spoken(cue: Cue, label: Label) -> str:
    return f"{label(cue.label)}: {cue.words}" if cue.label else one_line(cue.words)
