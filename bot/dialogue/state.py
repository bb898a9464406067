"""Where a student stands in one flow: small, versioned, kept as JSON between turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from bot.dialogue.flow import MAX_GOALS

VERSION = 1
EARLY_CHANGES = 50  # how many edits and deletions may wait for their message
PROMPTS = 8  # how many prompts before the open one are remembered


class Spot(NamedTuple):
    """A question in one of the flow's rounds."""

    question: str
    round: int = 1

    def key(self) -> str:
        """As text, for JSON and buttons: `want#2`."""
        return f"{self.question}#{self.round}"

    @classmethod
    def parse(cls, key: str) -> Spot:
        """The spot of a key; ValueError where it is none."""
        question, _, number = key.partition("#")
        return cls(question, int(number))


class Work(NamedTuple):
    """A piece of work shown as evidence: `kind` is file, photo or link; `ref` is Slack's file id or the address."""

    kind: str
    title: str
    ref: str
    link: str


class Act(StrEnum):
    """What a revision of an answer is."""

    SAID = "said"
    ASIDE = "aside"  # kept, but not part of the answer: "idk"
    VAGUE = "vague"  # the answer only until something better is said after it: "be better"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"  # by the student
    REPLACED = "replaced"  # by a new answer
    CHOSEN = "chosen"


class Part(NamedTuple):
    """One message or tap of an answer, keyed by Slack's ts; `revised` is the ts of its latest wording."""

    ts: str
    text: str
    revised: str
    act: Act = Act.SAID
    works: tuple[Work, ...] = ()
    choices: tuple[str, ...] = ()  # the options it names
    edits: tuple[str, ...] = ()  # the edits that were taken in
    gone: str = ""  # withdrawn or replaced
    alarmed: str = ""  # the ts of its latest wording that alarmed
    unheard: bool = False  # only an alarming edit of it has arrived


_PLAIN = Part("", "", "")[4:]


@dataclass(slots=True)
class Reply:
    """All that was said to one question."""

    parts: list[Part] = field(default_factory=list)
    probes: int = 0  # put so far
    met: int = 0  # of these, how many the student had seen when they answered
    rule: str = ""  # the probe that is open
    thin: str = ""  # what the answer lacks as it was taken: "develop with advisor"
    closed: bool = False
    reopened: bool = False  # being changed: the next answer takes the old one's place

    def standing(self) -> list[Part]:
        """The parts that are the answer, in the order they were written.

        What was written before an alarm does not count, nor what was written before the latest choice; a vague part
        gives way to a better one. `bot.conference.answers.fold` reads stored revisions the same way.
        """
        parts = [part for part in self._heard() if part.act is not Act.ASIDE]
        if len(parts) < 2:
            return parts
        chosen = max((index for index, part in enumerate(parts) if part.choices), default=0)
        parts = parts[chosen:]
        return [part for part in parts if part.act is not Act.VAGUE] or parts

    def _heard(self) -> list[Part]:
        """What was said since the last alarm and not taken back."""
        parts = [part for part in self.parts if not (part.gone or part.alarmed)]
        alarms = [moment(part.alarmed) for part in self.parts if part.alarmed]
        if alarms:
            parts = [part for part in parts if _order(part) > max(alarms)]
        return sorted(parts, key=_order) if len(parts) > 1 else parts

    def text(self) -> str:
        """The student's words, in the order they were written."""
        return "\n".join(part.text for part in self.standing() if part.text)

    @property
    def choices(self) -> tuple[str, ...]:
        """The ids of the options that were chosen last."""
        parts = self.standing()
        return parts[0].choices if parts else ()

    @property
    def answered(self) -> bool:
        """Whether anything stands there as the answer."""
        return bool(self.standing())

    def last_words(self) -> str | None:
        """What was said last, be it only "idk"; None if nothing was, or it was taken back."""
        parts = self._heard()
        return parts[-1].text if parts else None

    def copy(self) -> Reply:
        """A reply of its own."""
        return Reply([*self.parts], self.probes, self.met, self.rule, self.thin, self.closed, self.reopened)


def moment(ts: str) -> tuple[float, str]:
    """Slack's ts ("1700000000.000100", seconds) as something that sorts; "" comes before all."""
    return (float(ts) if ts else 0.0, ts)


def _order(part: Part) -> tuple[float, str]:
    return moment(part.ts)


class Prompt(NamedTuple):
    """A prompt before the open one: the spot it was about, the ts at which it was shown ("0": some time ago), and how
    many probes had been put to that spot with it."""

    spot: str
    shown: str
    probes: int = 0


class Early(NamedTuple):
    """An edit or deletion (text None) that came before its message."""

    ts: str
    revised: str
    text: str | None


class Left(NamedTuple):
    """The question whose answer brought the open one, and the detour that ended with it."""

    spot: str
    detour: str | None


@dataclass(slots=True)
class State:
    """A flow in progress. `spot` is the open question, None before the first and after the last."""

    spot: Spot | None = None
    asked: list[Prompt] = field(default_factory=list)  # oldest first
    prompt: int = 0  # grows with every prompt: an old button carries an old number
    replies: dict[str, Reply] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)  # answered or skipped, for "back"
    labels: tuple[str, ...] = ()  # the goals, for a flow that goes through them
    carried: Mapping[str, str] = field(default_factory=dict)  # the last conference's answers, by spot
    early: list[Early] = field(default_factory=list)
    left: Left | None = None  # while the student has not seen the open question
    detour: str | None = None  # one answer is being changed: the spot to come back to, "" for the end
    held: str = ""  # a safeguarding level: the flow waits until the student goes on
    done: bool = False
    # Of a flow that comes again (State.again): when this time of it was begun, and how many rounds were before it.
    period: str = ""
    offset: int = 0

    @property
    def before(self) -> Spot | None:
        """The spot of the prompt before the open one."""
        return Spot.parse(self.asked[-1].spot) if self.asked else None

    def reply(self, spot: Spot) -> Reply:
        """What was said at a spot so far; an empty one is made."""
        return self.replies.setdefault(spot.key(), Reply())

    def seen_at(self, ts: str) -> Prompt | None:
        """The last prompt before the open one that was shown when a message was written."""
        for prompt in reversed(self.asked):
            if moment(ts) > moment(prompt.shown):
                return prompt
        return self.asked[0] if self.asked else None

    def turn_to(self, spot: Spot | None, shown: str | None) -> None:
        """A new prompt, about a spot or about nothing; the one before it was shown at a ts, or (None) never."""
        if self.spot is not None and (shown is not None or not self.asked):
            prompt = Prompt(self.spot.key(), shown or "0", self.reply(self.spot).probes)
            self.asked = [*self.asked[1 - PROMPTS :], prompt]
        self.spot, self.left = spot, None
        self.prompt += 1

    def remember(self, change: Early) -> None:
        """Keep a change for the message it belongs to."""
        if change not in self.early:
            self.early = [*self.early[1 - EARLY_CHANGES :], change]

    def remembered(self, ts: str) -> list[Early]:
        """The changes that waited for a message, in the order they were made; they wait no longer."""
        if not self.early:
            return []
        found = [change for change in self.early if change.ts == ts]
        self.early = [change for change in self.early if change.ts != ts]
        return sorted(found, key=lambda change: moment(change.revised))

    def heard(self, ts: str) -> bool:
        """Whether a message or tap is part of an answer here."""
        return any(part.ts == ts for reply in self.replies.values() for part in reply.parts)

    def again(self, period: str) -> State:
        """The flow from its beginning, at another time.

        Prompts are counted on, so that old buttons stay old, and so are rounds in what is stored: answers of another
        time stand for themselves.
        """
        return State(prompt=self.prompt, period=period, offset=self.offset + MAX_GOALS)

    def copy(self) -> State:
        """A state of its own: parts are values, replies are copied."""
        return State(
            self.spot,
            self.asked,  # never changed in place, nor is `early`
            self.prompt,
            {key: reply.copy() for key, reply in self.replies.items()},
            [*self.trail],
            self.labels,
            self.carried,
            self.early,
            self.left,
            self.detour,
            self.held,
            self.done,
            self.period,
            self.offset,
        )

    def to_json(self) -> str:
        """For the database."""
        return _ENCODER.encode(
            {
                "v": VERSION,
                "spot": self.spot.key() if self.spot else None,
                "asked": self.asked,
                "prompt": self.prompt,
                "replies": {key: _pack(reply) for key, reply in self.replies.items()},
                "trail": self.trail,
                "labels": self.labels,
                "carried": dict(self.carried),
                "early": self.early,
                "left": self.left,
                "detour": self.detour,
                "held": self.held,
                "done": self.done,
                **({"period": self.period, "offset": self.offset} if self.period else {}),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> State:
        """Back from the database; ValueError for a version this code does not know."""
        data = json.loads(text)
        if data["v"] != VERSION:
            raise ValueError(f"a dialogue state of version {data['v']}, this program reads version {VERSION}")
        return cls(
            spot=Spot.parse(data["spot"]) if data["spot"] else None,
            asked=[Prompt(*prompt) for prompt in data["asked"]],
            prompt=data["prompt"],
            replies={key: _unpack(*packed) for key, packed in data["replies"].items()},
            trail=data["trail"],
            labels=tuple(data["labels"]),
            carried=data["carried"],
            early=[Early(*change) for change in data["early"]],
            left=Left(*data["left"]) if data["left"] else None,
            detour=data["detour"],
            held=data["held"],
            done=data["done"],
            period=data.get("period", ""),
            offset=data.get("offset", 0),
        )


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _pack(reply: Reply) -> list[Any]:
    parts = [part[:4] if part[4:] == _PLAIN else part for part in reply.parts]
    return [parts, reply.probes, reply.met, reply.rule, reply.thin, reply.closed, reply.reopened]


def _unpack(parts: list[list[Any]], *marks: Any) -> Reply:
    return Reply([_part(*part) for part in parts], *marks)


def _part(ts: str, text: str, revised: str, act: str, *rest: Any) -> Part:
    if not rest:
        return Part(ts, text, revised, _ACTS[act])
    works, choices, edits, *marks = rest
    shown = tuple(Work(*work) for work in works)
    return Part(ts, text, revised, _ACTS[act], shown, tuple(choices), tuple(edits), *marks)


_ACTS = {act.value: act for act in Act}
