"""Where a student stands in one flow: small, versioned, kept as JSON between turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

VERSION = 1


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


class Part(NamedTuple):
    """One message of an answer, keyed by Slack's ts; `revised` is the ts of its latest edit."""

    ts: str
    text: str
    revised: str
    works: tuple[Work, ...] = ()
    aside: bool = False  # "idk": kept, but not part of the answer
    gone: bool = False  # withdrawn by the student
    alarm: str = ""  # stays once it is set

    @property
    def counts(self) -> bool:
        """Whether the part belongs to the answer."""
        return not (self.gone or self.aside or self.alarm)


@dataclass(slots=True)
class Reply:
    """All that was said to one question."""

    parts: list[Part] = field(default_factory=list)
    choices: tuple[str, ...] = ()
    chosen: str = ""  # ts of the tap or message that chose
    probes: int = 0
    rule: str = ""  # the probe that is open, or that stayed open: "develop with advisor"
    closed: bool = False
    reopened: bool = False  # being changed: the next answer takes the old one's place

    def text(self) -> str:
        """The student's words, in the order they were written."""
        return "\n".join(part.text for part in sorted(self.parts, key=_order) if part.counts and part.text)

    def works(self) -> tuple[Work, ...]:
        """The pieces of work, in the order they were shown."""
        return tuple(work for part in sorted(self.parts, key=_order) if part.counts for work in part.works)

    def copy(self) -> Reply:
        """A reply of its own."""
        return Reply([*self.parts], self.choices, self.chosen, self.probes, self.rule, self.closed, self.reopened)

    @property
    def answered(self) -> bool:
        """Whether anything stands there as the answer."""
        return bool(self.choices) or any(part.counts for part in self.parts)


def _order(part: Part) -> tuple[float, str]:
    return float(part.ts), part.ts


@dataclass(slots=True)
class State:
    """A flow in progress. `spot` is the open question, None before the first and after the last."""

    spot: Spot | None = None
    before: Spot | None = None  # the question of the prompt before the open one
    prompt: int = 0  # grows with every prompt: an old button carries an old number
    replies: dict[str, Reply] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)  # answered or skipped, for "back"
    labels: tuple[str, ...] = ()  # the goals, for a flow that goes through them
    carried: Mapping[str, str] = field(default_factory=dict)  # the last conference's answers, by spot
    early: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # edits that overtook their message
    detour: str | None = None  # one answer is being changed: the spot to come back to, "" for the end
    held: str = ""  # a safeguarding level: the flow waits until the student goes on
    done: bool = False

    def reply(self, spot: Spot) -> Reply:
        """What was said at a spot so far; an empty one is made."""
        return self.replies.setdefault(spot.key(), Reply())

    def copy(self) -> State:
        """A state of its own: parts are values, replies are copied."""
        return State(
            self.spot,
            self.before,
            self.prompt,
            {key: reply.copy() for key, reply in self.replies.items()},
            [*self.trail],
            self.labels,
            self.carried,
            {**self.early},
            self.detour,
            self.held,
            self.done,
        )

    def to_json(self) -> str:
        """For the database."""
        return json.dumps(
            {
                "v": VERSION,
                "spot": self.spot.key() if self.spot else None,
                "before": self.before.key() if self.before else None,
                "prompt": self.prompt,
                "replies": {key: _pack(reply) for key, reply in self.replies.items()},
                "trail": self.trail,
                "labels": self.labels,
                "carried": dict(self.carried),
                "early": self.early,
                "detour": self.detour,
                "held": self.held,
                "done": self.done,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> State:
        """Back from the database; ValueError for a version this code does not know."""
        data = json.loads(text)
        if data["v"] != VERSION:
            raise ValueError(f"a dialogue state of version {data['v']}, this program reads version {VERSION}")
        return cls(
            spot=Spot.parse(data["spot"]) if data["spot"] else None,
            before=Spot.parse(data["before"]) if data["before"] else None,
            prompt=data["prompt"],
            replies={key: _unpack(packed) for key, packed in data["replies"].items()},
            trail=data["trail"],
            labels=tuple(data["labels"]),
            carried=data["carried"],
            early={ts: (revised, words) for ts, (revised, words) in data["early"].items()},
            detour=data["detour"],
            held=data["held"],
            done=data["done"],
        )


def _pack(reply: Reply) -> list[Any]:
    return [reply.parts, reply.choices, reply.chosen, reply.probes, reply.rule, reply.closed, reply.reopened]


def _unpack(packed: list[Any]) -> Reply:
    parts, choices, chosen, probes, rule, closed, reopened = packed
    return Reply(
        [Part(ts, text, rev, tuple(Work(*work) for work in works), *marks) for ts, text, rev, works, *marks in parts],
        tuple(choices),
        chosen,
        probes,
        rule,
        closed,
        reopened,
    )
