"""Windows to fill in: what each asks, and what follows from what was written. Each form has its handler.

A window is opened by a tap, a command, or from another window. What is submitted is taken in once, in one transaction,
and screened by its handler: `safeguarding.flag`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.conference.access import Role
from bot.services.audit import trail
from bot.services.house import House
from bot.services.speech import Saying
from bot.services.talk import greeting, hearing
from bot.store.session import AnyRow
from bot.taps import Form
from scheduler.outbox import Delivery, Draft

_SHOW = (Form.IDEA, Form.HOLD, Form.COMMIT, Form.CUE)
"""Windows with a student's words in them."""

Entries = Mapping[str, str | tuple[str, ...]]
"""By field: the text or the ISO date that was entered ("" for none), or the ids of what was chosen."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `label`, `hint`, `placeholder`: keys of labels.toml, under [form]; with "=" before it, the
    words themselves. With `options` (id, such a key) it is a choice, `several` of them or one; or a `date`, ISO.

    `long` texts have several lines. `initial` is a text, a date, or the id of an option; with `several`, their ids
    with blanks between them.
    """

    id: str
    label: str
    initial: str = ""
    hint: str = ""
    placeholder: str = ""
    long: bool = True
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()
    several: bool = False
    date: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A form as it opens for somebody: `about` comes back with what is entered; `saying` stands above the fields.

    title, submit: keys under [form] in labels.toml. Without fields it is only to be read.
    """

    form: str
    about: str
    title: str
    language: str
    fields: tuple[Field, ...] = ()
    saying: Saying | None = None
    submit: str = "send"


@dataclass(frozen=True, slots=True)
class Taken:
    """What follows from what was entered: what is to be sent, and, if anything, the window shown in its place.

    Or `errors`, by field: keys under [form] in labels.toml. Then nothing may have been stored.
    """

    drafts: Sequence[Draft] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    then: Window | None = None
    deliveries: Sequence[Delivery] = ()
    over: bool = False  # the windows below it close too: what they show is no longer so


class Handler(Protocol):
    """Knows one form. Who may not use it gets nothing: None opens no window, and what is sent all the same is left."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """The window for somebody of the roster."""

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Take in what they entered. `key` names this very submission, for what must be stored once."""


_ID = "[0-9]{1,18}"
_ABOUT: Mapping[str, str] = {
    Form.IDEA: f"{_ID}:[a-z_]{{1,32}}:[0-9]{{1,9}}",
    Form.PRIDE: _ID,
    Form.WORK: _ID,
    Form.HOLD: f"{_ID}:[a-z_]{{1,32}}:{_ID}(:back)?",
    Form.RSVP: f"{_ID}(:{_ID})?",
    Form.COMMIT: f"{_ID}(:{_ID}|:change(:[0-9]{{1,9}})?)?",
    Form.SAW: _ID,
    Form.THANKS: _ID,
    Form.CUE: f"{_ID}:[a-z_]{{1,32}}:{_ID}",
    Form.PAUSED: _ID,
}
"""What each form can be about. It came with a button or a window, and may have been made up."""


def handlers() -> Mapping[str, Handler]:
    """Every form's handler."""
    # Each module needs this one.
    from bot.services.adults.giving import IdeaForm, PrideForm, WorkForm
    from bot.services.advising.withholding import HoldForm
    from bot.services.afterwards.committing import CommitForm
    from bot.services.afterwards.saw import SawForm
    from bot.services.afterwards.thanking import ThanksForm
    from bot.services.family.rsvp import RsvpForm
    from bot.services.script.rewording import CueForm, PausedForm

    return {
        Form.IDEA: IdeaForm(),
        Form.PRIDE: PrideForm(),
        Form.WORK: WorkForm(),
        Form.HOLD: HoldForm(),
        Form.RSVP: RsvpForm(),
        Form.COMMIT: CommitForm(),
        Form.SAW: SawForm(),
        Form.THANKS: ThanksForm(),
        Form.CUE: CueForm(),
        Form.PAUSED: PausedForm(),
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a submission is answered with. `language`: of the errors and of the window that follows."""

    errors: Mapping[str, str] = field(default_factory=dict)
    then: Window | None = None
    language: str = "en"
    deliveries: Sequence[Delivery] = ()
    over: bool = False


def opened(house: House, workspace: str, slack_id: str, value: str) -> Window | None:
    """The window a button opens; `value` is the form and what it is about: "idea:12:supports:1"."""
    form, _, about = value.partition(":")
    with house.store.read() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        found = window(house, connection, person, form, about) if person is not None else None
    if found is not None and person is not None and person.role != Role.STUDENT:
        _seen(house, person, found)
    return found


def _seen(house: House, person: AnyRow, shown: Window) -> None:
    """Into the audit trail, before it is shown: a window with a student's words in it. Its `about` begins with the
    conference's id; that of one that only says it is closed is empty."""
    number = shown.about.partition(":")[0]
    if shown.form in _SHOW and number.isdecimal():
        with house.store.write() as connection:
            who = trail.person(person.id)
            trail.note_conference(
                connection, person.workspace, house.clock(), who, trail.Act.SAW, shown.form, int(number)
            )


def window(house: House, connection: Connection, person: AnyRow, form: str, about: str) -> Window | None:
    """The same for somebody known, as a command opens it."""
    handler = _handler(form, about)
    return handler.open(house, connection, person, about) if handler is not None else None


def _handler(form: str, about: str) -> Handler | None:
    """A form's handler, for what the form can be about."""
    return handlers().get(form) if re.fullmatch(_ABOUT.get(form, ""), about) and about else None


def value(form: Form, *about: Any) -> str:
    """What a button carries that opens a form."""
    return ":".join((form.value, *map(str, about)))


class _LeftError(Exception):
    """Nothing of a submission is stored, not even that it was seen: it may come again, filled in otherwise."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def submitted(
    house: House, workspace: str, slack_id: str, form: str, about: str, entries: Entries, view: str
) -> Answer:
    """Take in a submitted window, once however often Slack brings it."""
    try:
        with house.store.write() as connection:
            person = greeting.person_in_slack(connection, workspace, slack_id)
            handler = _handler(form, about)
            if person is None or handler is None:
                return Answer()
            now, key = house.clock(), f"view:{view}"
            if not hearing.first_time(connection, workspace, (key,), now):
                return Answer()
            taken = handler.take(house, connection, person, about, defaultdict(str, entries), key)
            if taken is None or taken.errors:
                raise _LeftError(Answer(taken.errors if taken is not None else {}, language=person.language))
            put = house.outbox.put(connection, list(taken.drafts), now, claim=True)
            return Answer({}, taken.then, person.language, [*taken.deliveries, *put], taken.over)
    except _LeftError as left:
        return left.answer
