"""The agenda of one conference, compiled from answers: what is said, in which part, in how many minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from bot.conference.answers import NOTHING_SET, OFF_UNTIL_SAID, Given, Setting, Spot, visibility
from bot.conference.minutes import Topic, allot
from bot.dialogue.flow import Flow, Question, Rounds, Section, Visibility
from bot.dialogue.state import Work

# The option by which a student keeps all that one round of a flow says off the agenda.
KEEP_OFF = "off"
ELSE = "else"

# Lines that say what they are, in the order they stand in within one goal, ask or struggle; all others stand alone, in
# quotation marks. The keys are in labels.toml.
LINE_LABELS: Mapping[tuple[str, str], str] = {
    ("struggles", "moment"): "line.moment",
    ("struggles", "part"): "line.moment",
    ("struggles", "before"): "line.before",
    ("struggles", "tried"): "line.tried",
    ("struggles", "cost"): "line.cost",
    ("struggles", "own_idea"): "line.own_idea",
    ("struggles", "ideas_on"): "line.ideas_on",
    ("goals", "was"): "line.was",
    ("goals", "am"): "line.am",
    ("goals", "wish"): "line.want",
    ("goals", "best"): "line.best",
    ("goals", "know"): "line.know",
    ("goals", "obstacle"): "line.obstacle",
    ("goals", "plan"): "line.plan",
    ("supports", "who"): "line.who",
    ("supports", "how"): "line.how",
    ("supports", "ideas_on"): "line.ideas_on",
}
_ORDER = {place: number for number, place in enumerate(LINE_LABELS, 1)}
_MAY_OPEN = (Topic.STRENGTHS, Topic.STRUGGLES, Topic.GOALS)
_KINDS = ("file", "photo", "link")
_URL_SAFE = "/?#[]@!$&'+,;=:~-._%"

Label = Callable[[str], str]
Settings = Mapping[Spot, Setting]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work. `url` is "" or http(s); `chosen_by` is "" for the student's own choice, else `why` says why."""

    kind: str
    title: str
    url: str = ""
    chosen_by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """An adult's reply to the ask at a spot's flow and round."""

    flow: str
    round: int
    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Pride:
    """What an adult is proud of, in their words."""

    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One answer on the agenda, in the student's words; `goal` is the short name of the goal an ask belongs to."""

    spot: Spot
    words: str
    works: tuple[Piece, ...] = ()
    label: str = ""  # a key of labels.toml
    goal: str = ""
    revisions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the meeting: its minutes, the student's lines, and what adults added."""

    section: Topic
    minutes: int
    lines: tuple[Line, ...] = ()
    pieces: tuple[Piece, ...] = ()
    ideas: tuple[Idea, ...] = ()
    prides: tuple[Pride, ...] = ()


@dataclass(frozen=True, slots=True)
class Agenda:
    """The parts of a meeting in their order; the minutes add up to its length."""

    sections: tuple[Part, ...]

    @property
    def lines(self) -> Iterator[Line]:
        """Every line of every part."""
        return (line for part in self.sections for line in part.lines)


@dataclass(frozen=True, slots=True)
class Added:
    """What adults put beside the student's words. What they are proud of stands with the strengths: it is heard before
    anything is asked of them."""

    pieces: Mapping[Topic, tuple[Piece, ...]]
    ideas: tuple[Idea, ...] = ()
    prides: tuple[Pride, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """The facts of a conference: `date` ISO, `time` "17:30" local, length in whole minutes."""

    student: str
    date: str
    time: str
    minutes: int
    place: str


NOTHING_ADDED = Added({})


def compile_agenda(
    given: Mapping[Spot, Given],
    settings: Settings,
    flows: Mapping[str, Flow],
    minutes: int,
    opening: str = "",
    *,
    asked: Mapping[Spot, Given] | None = None,
    added: Added = NOTHING_ADDED,
) -> Agenda:
    """The agenda these answers make: only what the whole conference may see.

    `asked`: all answers that stand, where `given` holds only some of them: a question's condition is looked up there.
    `opening`: the section to start with after the introduction ("" is the usual order). ValueError if `minutes` < 1.
    """
    lines = _lines(given, settings, flows, given if asked is None else asked)
    parts = (
        Part(
            topic, length, lines.get(topic, ()), added.pieces.get(topic, ()), _ideas(topic, lines, added),
            added.prides if topic is Topic.STRENGTHS else (),
        )
        for topic, length in _in_order(allot(minutes), opening)
        if length
    )  # fmt: skip
    return Agenda(tuple(parts))


def frame(minutes: int, opening: str = "") -> Agenda:
    """The agenda without any of the student's words: what there is before they approve."""
    return compile_agenda({}, {}, {}, minutes, opening)


def on_agenda(given: Given, question: Question, setting: Setting) -> bool:
    """Whether everyone at the conference may see this answer, once it is approved."""
    waits = setting.develop in OFF_UNTIL_SAID and setting.visible is None
    shown = visibility(question, setting) is Visibility.CONFERENCE
    return shown and question.section is not None and not (given.alarm or setting.held_reason or waits)


def in_flows(given: Mapping[Spot, Given], flows: Mapping[str, Flow]) -> Iterator[tuple[Given, Question]]:
    """The answers to questions that have a section, in the order of the agenda: by flow, round, line."""
    for name, flow in flows.items():
        places = {question.id: _ORDER.get((name, question.id), number) for number, question in _numbered(flow)}
        spots = (spot for spot in given if spot.flow == name and spot.question in places)
        for spot in sorted(spots, key=lambda spot: (spot.round, places[spot.question])):
            yield given[spot], flow.question(spot.question)


def still_asked(spot: Spot, flow: Flow, given: Mapping[Spot, Given]) -> bool:
    """Whether the question's condition holds with the answers that stand now."""
    when = flow.question(spot.question).when
    if when is None or not when.answered:
        return True
    condition = Spot(spot.flow, when.question, spot.round)
    return condition in given and not set(given[condition].choices).isdisjoint(when.answered)


def kept_off(spot: Spot, flow: Flow, given: Mapping[Spot, Given], settings: Settings) -> bool:
    """Whether the student chose to keep this round of the flow off, and did not put this very line on after all."""
    if settings.get(spot, NOTHING_SET).visible is Visibility.CONFERENCE:
        return False
    rounds = (given.get(Spot(spot.flow, question.id, spot.round)) for question in flow.questions)
    return any(KEEP_OFF in answer.choices for answer in rounds if answer is not None)


def line_words(given: Given, question: Question) -> str:
    """What a line says: the labels of what was chosen, tapped or typed, or else the student's words.

    "Something else" by itself says nothing.
    """
    labels = {option.id: "" if option.id == ELSE else option.label for option in question.options}
    chosen = [labels[choice] for choice in given.choices if choice in labels]
    return ", ".join(filter(None, chosen)) if chosen else given.text


def pieces_of(given: Given) -> tuple[Piece, ...]:
    """The pieces of work that came with an answer, all chosen by the student."""
    return tuple(_piece(work) for work in given.evidence)


def web_address(url: str) -> str:
    """An address that can stand in a link of ours; "" if it is not http(s)."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return quote(parts.geturl(), safe=_URL_SAFE)


def agenda_context(agenda: Agenda, meeting: Meeting, label: Label) -> dict[str, Any]:
    """Plain data for the messages `agenda`, `agenda_frame` and `preview`; `label` gives the words of a label's key."""
    return {
        "student": meeting.student,
        "date": meeting.date,
        "time": meeting.time,
        "place": meeting.place,
        "minutes": meeting.minutes,
        "turn": next((n for n, part in enumerate(agenda.sections, 1) if part.section is Topic.ASKS), 0),
        "sections": [_section(number, part, label) for number, part in enumerate(agenda.sections, 1)],
    }


def work_context(piece: Piece, label: Label) -> dict[str, Any]:
    """A piece of work as plain data for a message: title on one line, the word for its kind, address, who chose it and
    why, on one line."""
    kind = label(f"work.{piece.kind}") if piece.kind in _KINDS else ""
    title = one_line(piece.title)
    named = title or kind or label("fallback.untitled_work")
    return {
        "title": named,
        "kind": kind if title else "",
        "url": web_address(piece.url),
        "by": piece.chosen_by,
        "why": one_line(piece.why),
    }


def one_line(words: str) -> str:
    """Words that stand inside a sentence of ours: the same, without line breaks."""
    return " ".join(words.split())


def _in_order(plan: Mapping[Topic, int], opening: str) -> list[tuple[Topic, int]]:
    first = [topic for topic in _MAY_OPEN if topic == opening]
    introduction = [Topic.WELCOME, Topic.LETTER]
    rest = [topic for topic in Topic if topic not in introduction and topic not in first]
    return [(topic, plan[topic]) for topic in (*introduction, *first, *rest)]


def _lines(
    given: Mapping[Spot, Given], settings: Settings, flows: Mapping[str, Flow], asked: Mapping[Spot, Given]
) -> dict[Topic, tuple[Line, ...]]:
    shown = [
        (answer, question)
        for answer, question in in_flows(given, flows)
        if on_agenda(answer, question, settings.get(answer.spot, NOTHING_SET))
        and still_asked(answer.spot, flows[answer.flow], asked)
        and not kept_off(answer.spot, flows[answer.flow], asked, settings)
    ]
    goals = {answer.round: one_line(answer.text) for answer, question in shown if question.label}
    found: dict[Topic, tuple[Line, ...]] = {}
    for answer, question in shown:
        goal = goals.get(answer.round, "") if flows[answer.flow].rounds is Rounds.GOALS else ""
        line = _line(answer, question, goal)
        if line.words or line.works:
            topic = Topic(question.section or Section.LETTER)
            found[topic] = (*found.get(topic, ()), line)
    return found


def _line(given: Given, question: Question, goal: str) -> Line:
    label = LINE_LABELS.get((given.flow, given.question), "")
    return Line(given.spot, line_words(given, question), pieces_of(given), label, goal, given.revisions)


def _piece(work: Work) -> Piece:
    return Piece(work.kind, work.title, web_address(work.link))


def _ideas(topic: Topic, lines: Mapping[Topic, Sequence[Line]], added: Added) -> tuple[Idea, ...]:
    """The ideas for asks that are on the agenda: an idea about anything else would tell what was kept off."""
    asks = {(line.spot.flow, line.spot.round) for line in lines.get(topic, ())}
    return tuple(idea for idea in added.ideas if topic is Topic.ASKS and (idea.flow, idea.round) in asks)


def _numbered(flow: Flow) -> Iterator[tuple[int, Question]]:
    return ((number, question) for number, question in enumerate(flow.questions) if question.section is not None)


def _section(number: int, part: Part, label: Label) -> dict[str, Any]:
    return {
        "n": number,
        "key": part.section.value,
        "title": label(f"section.{part.section}"),
        "minutes": part.minutes,
        "said": [_said(lines, part.ideas, label) for lines in together(part.lines)],
        "works": [work_context(piece, label) for piece in (*_shown_works(part), *part.pieces)],
        "prides": [{"by": pride.by, "words": pride.words} for pride in part.prides],
    }


def _shown_works(part: Part) -> Iterator[Piece]:
    return (piece for line in part.lines for piece in line.works)


def together(lines: Sequence[Line]) -> list[list[Line]]:
    """Labelled lines of one round stand together, any other line alone."""
    groups: list[list[Line]] = []
    for line in lines:
        before = groups[-1][-1] if groups else None
        same = before is not None and (before.spot.flow, before.spot.round) == (line.spot.flow, line.spot.round)
        if same and before is not None and before.label and line.label:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _said(lines: Sequence[Line], ideas: Sequence[Idea], label: Label) -> dict[str, Any]:
    spot = lines[0].spot
    labelled = bool(lines[0].label)
    spoken = (f"{label(line.label)}: {line.words}" if labelled else line.words for line in lines if line.words)
    return {
        "goal": lines[0].goal,
        "labelled": labelled,
        "words": "\n".join(spoken),
        "ideas": [
            {"by": idea.by, "words": one_line(idea.words)}
            for idea in ideas
            if (idea.flow, idea.round) == (spot.flow, spot.round)
        ],
    }
