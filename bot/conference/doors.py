"""Every way in, and who may go through it at all: one table.

What lies behind a door is asked of `access` once more, for the very thing that is meant. Whoever may not go through
hears nothing that would tell whether there is anything behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from bot.conference.access import Action, Kind, Role, offered
from bot.taps import Form, Tap


class Way(StrEnum):
    """How somebody comes in. A door's name is that of the `Tap`, the `Form`, the command's word, Slack's event."""

    TAP = "tap"  # a button or menu
    SHOW = "show"  # what a `Tap.SHOW` opens
    FORM = "form"  # a window, opened by a `Tap.FORM` or submitted
    COMMAND = "command"  # a word after /conference; "" the command itself
    EVENT = "event"  # what Slack tells
    CLI = "cli"  # a verb at the server


class Outside(StrEnum):
    """Those the roster gives no role."""

    STRANGER = "stranger"  # nobody known: not in the roster, gone, or not with the account their role needs
    OPERATOR = "operator"  # whoever has the server, and so the database and the key to it


class Door(NamedTuple):
    """One way in."""

    way: Way
    name: str


Who = Role | Outside
Need = tuple[Action, Kind]

EVERYBODY: frozenset[Who] = frozenset(Role)
ANYONE: frozenset[Who] = EVERYBODY | {Outside.STRANGER}
OPERATOR: frozenset[Who] = frozenset({Outside.OPERATOR})

_COACHED: tuple[Need, ...] = ((Action.CHANGE, Kind.ANSWER), (Action.JOIN, Kind.CONVERSATION))
_PRACTISED: tuple[Need, ...] = ((Action.CHANGE, Kind.SCRIPT), (Action.JOIN, Kind.CONVERSATION))
_GIVEN: tuple[Need, ...] = ((Action.GIVE, Kind.NOTE),)
_AGREED: tuple[Need, ...] = ((Action.GIVE, Kind.COMMITMENT),)
_READ: tuple[Need, ...] = ((Action.SEE, Kind.AGENDA),)
_ADVISED: tuple[Need, ...] = ((Action.JOIN, Kind.CONVERSATION),)

COMMANDS: Mapping[str, Need | None] = {
    "status": None,
    "start": (Action.CHANGE, Kind.ANSWER),
    "preview": (Action.APPROVE, Kind.AGENDA),
    "menu": (Action.CHANGE, Kind.ANSWER),
    "practice": (Action.CHANGE, Kind.SCRIPT),
    "lead": (Action.CHANGE, Kind.SCRIPT),
    "beside": (Action.JOIN, Kind.CONVERSATION),
    "agenda": (Action.SEE, Kind.AGENDA),
    "commit": (Action.GIVE, Kind.COMMITMENT),
    "commitments": (Action.SEE, Kind.COMMITMENT),
    "pause": None,
    "resume": None,
    "language": None,
    "help": None,
}
"""By word after /conference: what whoever types it must be allowed; None is for everybody of the roster. In the order
in which help tells them. "practice" and "lead" before a student's name are the word "beside"."""

_TAPS: Mapping[Tap, tuple[Need, ...] | None] = {
    Tap.ANSWER: _COACHED,
    Tap.CHOICES: _COACHED,
    Tap.OPEN: _COACHED,
    Tap.VISIBLE: _COACHED,
    Tap.CHANGE: _COACHED,
    Tap.REMIND: _ADVISED,
    Tap.BESIDE: _ADVISED,
    Tap.LOOK: _ADVISED,
    Tap.DECIDE: ((Action.DECIDE, Kind.NOTE), (Action.JOIN, Kind.CONVERSATION)),
    Tap.PRACTICE: _PRACTISED,
    Tap.ATTEND: ((Action.GIVE, Kind.RSVP), (Action.SEE, Kind.RSVP)),  # they are told that it is for the family
    Tap.COMMITMENT: ((Action.SEE, Kind.COMMITMENT),),
    Tap.THANKS: _COACHED,
    Tap.PACKET: ((Action.SEE, Kind.PACKET),),
    Tap.ALERT_OPEN: ((Action.SEE, Kind.ALERT),),
    Tap.ALERT_TAKE: ((Action.TAKE, Kind.ALERT),),
    Tap.ALERT_HAND: ((Action.TAKE, Kind.ALERT),),
    Tap.SNOOZE: None,
    Tap.LANGUAGE: None,
    Tap.FORM: None,  # which form, and what to show, are doors of their own
    Tap.SHOW: None,
}
"""What there must be to do for whoever taps it; None is for everybody of the roster."""

_SHOWN: Mapping[str, tuple[Need, ...]] = {
    "conference": ((Action.SEE, Kind.PROGRESS), *_READ),
    "card": _GIVEN,
    "agenda": _READ,
    "commitments": ((Action.SEE, Kind.COMMITMENT),),
    "commit": _AGREED,
    "back": ((Action.CHANGE, Kind.ANSWER),),
}

_FORMS: Mapping[Form, tuple[Need, ...]] = {
    Form.IDEA: _GIVEN,
    Form.PRIDE: _GIVEN,
    Form.WORK: _GIVEN,
    Form.HOLD: ((Action.HOLD, Kind.ANSWER),),
    Form.RSVP: ((Action.GIVE, Kind.RSVP),),
    Form.COMMIT: _AGREED,
    Form.SAW: _GIVEN,
    Form.THANKS: _COACHED,
    Form.CUE: _PRACTISED,
    Form.PAUSED: _PRACTISED,
}

_EVENTS = (
    "message",
    "app_home_opened",
    "team_join",
    "member_joined_channel",
    "member_left_channel",
    "user_change",
    "app_uninstalled",
    "tokens_revoked",
)
"""What Slack tells is told of whoever it may be; that somebody is nobody known is found out behind these doors."""

_VERBS = (
    "audit show",
    "audit verify",
    "backup",
    "cadence",
    "consent",
    "demo",
    "doctor",
    "erase",
    "example",
    "export",
    "keys new",
    "keys rotate",
    "keys status",
    "load",
    "manifest",
    "migrate",
    "outbox",
    "outbox drop",
    "outbox retry",
    "outbox show",
    "packet",
    "prompts check",
    "prompts safety",
    "purge",
    "restore-check",
    "run",
    "web",
    "worker",
)
"""At the server there are no roles: whoever can run one verb can read the database."""


def _roles(needs: tuple[Need, ...] | None) -> frozenset[Who]:
    if needs is None:
        return EVERYBODY
    return frozenset(role for role in Role for need in needs if offered(role, *need))


def _doors() -> dict[Door, frozenset[Who]]:
    found = {Door(Way.TAP, tap): _roles(needs) for tap, needs in _TAPS.items()}
    found |= {Door(Way.SHOW, what): _roles(needs) for what, needs in _SHOWN.items()}
    found |= {Door(Way.FORM, form): _roles(needs) for form, needs in _FORMS.items()}
    found |= {Door(Way.COMMAND, word): _roles((need,) if need else None) for word, need in COMMANDS.items()}
    found |= {Door(Way.COMMAND, ""): ANYONE}
    found |= {Door(Way.EVENT, event): ANYONE for event in _EVENTS}
    return found | {Door(Way.CLI, verb): OPERATOR for verb in _VERBS}


DOORS: Mapping[Door, frozenset[Who]] = _doors()
"""Who may go through which door. What is not here is no door: nobody comes in."""


def admits(door: Door, who: Who) -> bool:
    """Whether somebody may go through a door at all."""
    return who in DOORS.get(door, frozenset())
