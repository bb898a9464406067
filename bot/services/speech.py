"""What is to be said, as deliveries: plain data; words and buttons are made of it when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.dialogue.events import Ask
from scheduler.outbox import Draft


class Kind(StrEnum):
    """What a delivery is. Each has its composer or its carrier in bot/slack."""

    SAY = "say"  # a message from a template
    ASK = "ask"  # the open question of a flow
    UPDATE = "update"  # a message of ours, said anew in place
    HOME = "home"  # someone's App Home
    MEET = "meet"  # someone not yet known: look them up in Slack
    CHANNEL = "channel"  # make the conference's channel
    INVITE = "invite"  # bring one person into it
    AGENDA = "agenda"  # post or update the agenda
    REPORT = "report"  # tell the advisor who could not be invited
    PIN = "pin"
    WORK = "work"  # bring a student's file into the channel
    NUDGE = "nudge"  # a step of the quarter, said if it is still wanted
    OPENING = "opening"  # the agenda is due in the channel, approved or not
    WELCOME = "welcome"  # the family is welcomed: in the channel, by mail, or on paper by way of the advisor
    READ_BACK = "read_back"  # the commitments of a conference, in its channel or to one person
    CARD = "card"  # what the channel is told, in one language
    FILE = "file"  # a file of ours, made when it is sent: the packet, the date for a calendar
    MAIL = "mail"  # an e-mail to somebody who is not on Slack


@dataclass(frozen=True, slots=True)
class Button:
    """A button: its action, its label's key in labels.toml, what it carries."""

    tap: str
    label: str
    value: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Saying:
    """A template with what goes into it, and the buttons under it by slot."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    buttons: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)

    def payload(self, language: str) -> dict[str, Any]:
        """As plain data for a delivery."""
        return {
            "template": self.template,
            "language": language,
            "context": dict(self.context),
            "buttons": {
                slot: [[asdict(one) if isinstance(one, Button) else one for one in row] for row in rows]
                for slot, rows in self.buttons.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Voice:
    """To whom, in which language, about what, when: everything of a draft but the words."""

    workspace: str
    recipient: str
    language: str
    subject: str
    key: str  # what makes a delivery unique; a number is added for each saying
    now: datetime
    channel: str | None = None
    thread: str = ""  # under this message of the channel; "" is not in a thread

    def say(self, saying: Saying, number: int = 0) -> Draft:
        """A message of a template."""
        return self.draft(Kind.SAY, saying.payload(self.language), number)

    def ask(self, conversation: int, flow: str, ask: Ask, about: Mapping[str, Any], number: int = 0) -> Draft:
        """The open question; `about`: band, student, advisor."""
        asked = {
            "conversation": conversation,
            "flow": flow,
            "question": ask.spot.question,
            "round": ask.spot.round,
            "prompt": ask.prompt,
            "step": ask.step,
            "total": ask.total,
            "rule": ask.rule,
            "again": ask.again,
            "echo": ask.echo,
            "starter": ask.starter,
            "opening": ask.opening,
            "now": ask.now,
            "last": ask.last,
            "label": ask.label,
            "took": ask.took.value,
            **about,
        }
        return self.draft(Kind.ASK, {"language": self.language, "ask": asked}, number)

    def draft(self, kind: Kind, payload: dict[str, Any], number: int = 0, recipient: str | None = None) -> Draft:
        """Any other delivery, due now."""
        if self.channel:
            payload["channel"] = self.channel
        if self.thread:
            payload["thread"] = self.thread
        return Draft(
            workspace=self.workspace,
            kind=kind,
            recipient=recipient or self.recipient,
            subject=self.subject,
            payload=payload,
            dedupe_key=f"{self.key}:{number}",
            due_at=self.now,
        )
