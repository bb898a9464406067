"""The agenda line by line, for the student to keep, change or keep off: with who will see each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bot.conference.agenda import (
    LINE_LABELS,
    Label,
    Piece,
    Settings,
    in_flows,
    kept_off,
    line_words,
    on_agenda,
    pieces_of,
    still_asked,
    work_context,
)
from bot.conference.answers import NOTHING_SET, Given, Spot, visibility
from bot.conference.minutes import Topic, allot
from bot.dialogue.flow import Flow, Question, Visibility

LINES_PER_MESSAGE = 12  # each takes up to four of a Slack message's 50 blocks


@dataclass(frozen=True, slots=True)
class Audience:
    """The names of those who see an answer, besides the student."""

    advisor: str
    teachers: tuple[str, ...] = ()
    conference: tuple[str, ...] = ()

    def names(self, visible: Visibility) -> tuple[str, ...]:
        """Who sees an answer with this visibility."""
        match visible:
            case Visibility.CONFERENCE:
                return self.conference
            case Visibility.TEACHERS:
                return tuple(dict.fromkeys((self.advisor, *self.teachers)))
            case _:
                return (self.advisor,)


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One answer; `n` counts from 1 in its message, `visible` is who sees it as things stand."""

    n: int
    spot: Spot
    words: str
    works: tuple[Piece, ...]
    label: str
    visible: Visibility
    held: str  # the advisor's reason for holding it back, or ""


@dataclass(frozen=True, slots=True)
class Review:
    """One message of the review: lines of one section."""

    section: Topic
    lines: tuple[ReviewLine, ...]


def review(
    given: Mapping[Spot, Given], settings: Settings, flows: Mapping[str, Flow], minutes: int | None = None
) -> tuple[Review, ...]:
    """Every answer that is or could be on the agenda, by section, at most 12 lines a message.

    An answer a person has to read for the student's safety is not among them; with `minutes`, neither is a section for
    which a meeting of that length has no time.
    """
    topics = [topic for topic in Topic if minutes is None or allot(minutes)[topic]]
    found = {topic: list(_lines(topic, given, flows)) for topic in topics}
    return tuple(
        Review(topic, tuple(_line(n, *line, settings, flows, given) for n, line in enumerate(chunk, 1)))
        for topic, lines in found.items()
        for chunk in _chunks(lines)
    )


def review_context(part: Review, audience: Audience, label: Label) -> dict[str, Any]:
    """Plain data for the message `review_section`; each line has the slot `item-<n>` for its controls."""
    return {
        "title": label(f"section.{part.section}"),
        "advisor": audience.advisor,
        "lines": [
            {
                "n": line.n,
                "label": label(line.label) if line.label else "",
                "words": line.words,
                "works": [work_context(piece, label) for piece in line.works],
                "visible": line.visible.value,
                "who": list(audience.names(line.visible)),
                "held": line.held,
            }
            for line in part.lines
        ],
    }


def review_end_context(parts: Sequence[Review], audience: Audience, student: str) -> dict[str, Any]:
    """Plain data for the message `review_end`; it has the slot `approve`."""
    lines = [line for part in parts for line in part.lines]
    shown = [line for line in lines if line.visible is Visibility.CONFERENCE and not line.held]
    return {"student": student, "who": list(audience.conference), "on": len(shown), "off": len(lines) - len(shown)}


def _lines(topic: Topic, given: Mapping[Spot, Given], flows: Mapping[str, Flow]) -> Iterator[tuple[Given, Question]]:
    for answer, question in in_flows(given, flows):
        says = bool(line_words(answer, question) or answer.evidence) and not answer.alarm
        if says and question.section == topic.value and still_asked(answer.spot, flows[answer.flow], given):
            yield answer, question


def _line(
    n: int, given: Given, question: Question, settings: Settings, flows: Mapping[str, Flow], every: Mapping[Spot, Given]
) -> ReviewLine:
    setting = settings.get(given.spot, NOTHING_SET)
    visible = visibility(question, setting)
    shown = on_agenda(given, question, setting) and not kept_off(given.spot, flows[given.flow], every, settings)
    if visible is Visibility.CONFERENCE and not shown and not setting.held_reason:
        visible = Visibility.ADVISOR
    label = LINE_LABELS.get((given.flow, given.question), "")
    words = line_words(given, question)
    return ReviewLine(n, given.spot, words, pieces_of(given), label, visible, setting.held_reason)


def _chunks(lines: Sequence[tuple[Given, Question]]) -> Iterator[list[tuple[Given, Question]]]:
    for _, chunk in groupby(enumerate(lines), key=lambda numbered: numbered[0] // LINES_PER_MESSAGE):
        yield [line for _, line in chunk]
