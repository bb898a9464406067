"""Weeks that go by: what comes to one student and those around them, written down day by day; of others how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import select

from bot.practice.conversation import Conversation
from bot.practice.ledger import THEM, Ledger, named, reason, refused
from bot.practice.message import Message
from bot.practice.page import Page
from bot.practice.stage import Stage
from bot.practice.terminal import mrkdwn
from bot.services.nudges.company import SAID
from bot.services.nudges.quarter import Quarter
from bot.services.speech import Kind
from bot.store.models import Conference, Person
from bot.store.session import AnyRow
from prompts.formats import day
from scheduler.cadence import Receiver
from scheduler.deliveries import State, deliveries
from scheduler.occurrences import Occurrence, Skipped
from scheduler.replan import REPLANNED

STOPPED = "nudge_stopped"
_KINDS = (Kind.NUDGE, Kind.OPENING, Kind.WELCOME)


class Weeks:
    """Lets time pass. `ledger` keeps what the plans say on the way.

    answering: Slack ids of students who follow every nudge with its first button, unseen.
    """

    def __init__(self, here: Stage, page: Page, talk: Conversation, answering: Collection[str]) -> None:
        self._here, self._page, self._talk, self._answering = here, page, talk, frozenset(answering)
        self.ledger = Ledger(here.zone)
        team = here.workspace.team_id
        with here.bot.house.store.read() as connection:
            people = select(Person.id, Person.advisor_id, Person.slack_id).where(Person.workspace == team)
            mine = connection.execute(people.where(Person.slack_id == talk.person.id)).one()
            self.student = mine.id
            advisor = connection.execute(people.where(Person.id == mine.advisor_id)).one_or_none()
            self._advisor: str = (advisor.slack_id if advisor is not None else None) or ""
            held = select(Conference.id).where(Conference.workspace == team, Conference.student_id == self.student)
            self._lanes = [f"conference:{one}" for one in connection.scalars(held)]
        self._told: set[str] = set()
        self._others: Counter[str] = Counter()
        self._week: date | None = None
        self._quiet = False
        self._last = here.clock()

    def begin(self) -> None:
        """The bot plans for the first time."""
        self._turn_week()
        self._planned(self._here.plan())

    def until(self, moment: datetime) -> None:
        """Let time pass up to a moment of the school's clock."""
        self._last = self._here.clock()
        goal = moment.replace(tzinfo=self.ledger.zone)
        for _ in self._here.until(goal, self._planned):
            self._came()
        self._came()
        self._turn_week()

    def end(self) -> None:
        """The last week is over."""
        self._close_week()

    # --- what is written down ------------------------------------------------------------------------------------

    def _planned(self, quarter: Quarter) -> None:
        self._turn_week()
        left, later = self.ledger.planned(quarter, self._here.clock())
        for skip in left:
            if skip.subject == str(self.student):
                self._event(f"{named(skip.step)} · {reason(skip)}", self._called(quarter, skip), went=False)
        for one in later:
            if one.subject == str(self.student):
                why, shown = self.ledger.moved[one.key][1], day(one.day.isoformat(), "en")
                self._event(f"{named(one.step)} · waits until {shown}: {why}", self._called(quarter, one), went=False)

    def _called(self, quarter: Quarter, one: Skipped | Occurrence) -> str:
        if one.receiver is Receiver.CHANNEL:
            return "the channel"
        return self._talk.name if one.recipient == str(self.student) else str(quarter.people[int(one.recipient)].name)

    def _came(self) -> None:
        """Write down what was sent, or refused, since this was done last."""
        self._turn_week()
        for row in self._settled():
            if row.state == State.CANCELLED:
                self._refused(row)
            elif row.payload.get("person") == self.student and row.recipient == self._talk.person.id:
                self._nudged(row)
            elif self._is_ours(row):
                self._event(_first_line(self._message(row), row), self._to(row))
            elif row.kind in _KINDS:
                self._others[row.payload["receiver"]] += 1
                self._follow(row)
        self._talk.read()

    def _settled(self) -> list[AnyRow]:
        since, self._last = self._last, self._here.clock()
        with self._here.bot.house.store.read() as connection:
            return list(
                connection.execute(
                    select(*deliveries.c)
                    .where(deliveries.c.workspace == self._here.workspace.team_id)
                    .where(deliveries.c.settled_at > since, deliveries.c.settled_at <= self._last)
                    .where(deliveries.c.kind.in_([*_KINDS, Kind.SAY]))
                    .where(deliveries.c.state.in_([State.SENT, State.CANCELLED]))
                    .order_by(deliveries.c.settled_at, deliveries.c.seq)
                )
            )

    def _is_ours(self, row: AnyRow) -> bool:
        """Whether it came to somebody around the student, and about the student."""
        if row.kind == Kind.SAY:
            message = self._message(row) if row.recipient == self._advisor else None
            return message is not None and (row.payload["template"] == STOPPED or self._talk.name in message.shown)
        about = row.payload["student"] == self.student or row.recipient in self._lanes
        return bool(about or (row.recipient == self._advisor and not row.payload["student"]))

    def _refused(self, row: AnyRow) -> None:
        if row.kind in _KINDS and row.payload["student"] == self.student and row.reason != REPLANNED:
            to = self._to(row) if row.reason == SAID else self._talk.name
            self._event(f"{named(row.payload['step'])} · {refused(row.reason)}", to, went=False)

    def _nudged(self, row: AnyRow) -> None:
        """A nudge to the student: the first of its kind whole, of a later one a line."""
        step = row.payload["step"]
        self._event(named(step), self._talk.name)
        if step in self._told:
            with self._talk.unseen():
                self._talk.read()
        else:
            self._page.line()
            self._talk.read()
        self._told.add(step)

    def _follow(self, row: AnyRow) -> None:
        """A classmate follows a nudge, unseen."""
        message = self._message(row) if row.recipient in self._answering and row.payload["flow"] else None
        if message is not None and message.buttons:
            self._here.workspace.people[row.recipient].tap(message.buttons[0], message)
            self._here.run()

    def _message(self, row: AnyRow) -> Message | None:
        channel = self._here.workspace.channels.get(row.ref_channel or "")
        return channel.messages.get(row.ref_ts) if channel is not None else None

    def _to(self, row: AnyRow) -> str:
        person = self._here.workspace.people.get(row.recipient)
        return person.name if person is not None else "the channel"

    def _event(self, what: str, to: str, *, went: bool = True) -> None:
        self._quiet = False
        self._page.event(self._here.clock().astimezone(self.ledger.zone), to, what, went=went)

    def _turn_week(self) -> None:
        """A heading where a week begins; that nothing came, or what came to others, where it ends."""
        today = self._here.clock().astimezone(self.ledger.zone).date()
        monday = today - timedelta(days=today.weekday())
        if monday != self._week:
            self._close_week()
            self._week, self._quiet = monday, True
            self._page.week(monday)

    def _close_week(self) -> None:
        if self._week is None:
            return
        if self._quiet:
            self._page.line(f" Nothing due for {self._talk.name}.", "dim")
        if self._others:
            many = ", ".join(f"{number} to {THEM[Receiver(who)]}" for who, number in sorted(self._others.items()))
            self._page.line(f" Besides, to others: {many}", "dim")
        self._others.clear()


def _first_line(message: Message | None, row: AnyRow) -> str:
    if message is None:
        return named(str(row.payload.get("step") or row.payload.get("template") or row.kind))
    return mrkdwn(message.shown.split("\n", 1)[0]).plain
