"""Slack, a database and a clock that outlive the bot, and a bot that dies in the middle of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.practice import PracticeWorkspace
from bot.practice.channel import Channel
from bot.practice.people import Person
from bot.practice.stage import enrol
from bot.practice.targets import Sort
from bot.school import read_school
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.store.models import Answer, Conference, Conversation
from bot.store.models import Person as Known
from bot.store.session import Store
from scheduler.outbox import State, deliveries
from tests.crash.bots import BotGoneError, Flaw, LivingBot, Nursery
from tests.crash.clock import SharedClock
from tests.crash.school import first_names, write_school

MONDAY = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
PAUSE = 20
"""Seconds between two things a student does."""
ROUND = 20
"""Seconds from one look at the outbox to the next while a bot recovers."""
ROUNDS = 30
POSTED = ("say", "ask", "agenda")
"""The kinds of deliveries that are messages of their own."""


@dataclass(frozen=True)
class Outcome:
    """All that is left of a student's conversation, without what differs from student to student."""

    transcript: tuple[str, ...]
    answers: tuple[tuple[Any, ...], ...]
    deliveries: Counter[tuple[str, str]]
    standing: tuple[Any, ...]
    channel: tuple[Any, ...]


@dataclass
class World:
    """Where it all happens. One bot lives at a time; the others are dead."""

    workspace: PracticeWorkspace
    store: Store
    clock: SharedClock
    nursery: Nursery
    settings: Settings
    students: list[Person]
    bot: LivingBot = field(init=False)

    def student(self) -> Person:
        """One who has not yet said a word."""
        return self.students.pop(0)

    def start_bot(self, *, die_at: int | None = None, flaw: Flaw | None = None, patience: float | None = None) -> None:
        """A fresh process, on the database the one before left. Raises BotGoneError if it died as it started."""
        self.bot = self.nursery.bot(self.settings, self.clock.path, die_at=die_at, flaw=flaw, patience=patience)
        self.workspace.attach(self.bot.url)

    def end_bot(self) -> None:
        """The bot dies at the step it was armed for, or now that it has come to rest without reaching it."""
        try:
            self.bot.rest()
            self.bot.kill()
        except BotGoneError:
            pass
        assert self.workspace.events.settle(), "events are still on their way"

    def rest(self) -> None:
        """Until the bot has done all it has in hand, and heard of it."""
        self.bot.rest()
        assert self.workspace.events.settle(), "events are still on their way"
        self.bot.rest()

    def pause(self) -> None:
        """Time passes between two messages."""
        self.rest()
        self.clock.advance(PAUSE)

    def recover(self) -> None:
        """Let time pass until nothing is left to be done. Raises BotGoneError if the bot dies of it."""
        for _ in range(ROUNDS):
            self.bot.tick()
            self.rest()
            if not self.open_deliveries() and not self.unheard():
                return
            self.clock.advance(ROUND)
            self.workspace.tick()
        raise AssertionError(f"never done: {self.open_deliveries()} {self.unheard()}")

    def open_deliveries(self) -> list[tuple[str, str, str | None]]:
        """What the outbox still has to do something about."""
        table = deliveries.c
        unsettled = table.state.in_([State.SCHEDULED, State.SENDING, State.UNKNOWN])
        with self.store.read() as connection:
            rows = connection.execute(select(table.kind, table.state, table.reason).where(unsettled))
            return [(row.kind, row.state, row.reason) for row in rows]

    def unheard(self) -> set[str]:
        """Events the bot has not acked; Slack repeats them."""
        log = [one for one in list(self.workspace.events.log) if one.delivery.sort is Sort.EVENT]
        heard = {one.delivery.payload["event_id"] for one in log if one.ack.ok}
        return {one.delivery.payload["event_id"] for one in log} - heard

    # what is left

    def outcome(self, student: Person) -> Outcome:
        """What can be seen and read of one student's conversation."""
        with self.store.read() as connection:
            known = connection.execute(select(Known).where(Known.slack_id == student.id)).one()
            conference = connection.execute(select(Conference).where(Conference.student_id == known.id)).one()
            standing = connection.execute(
                select(Conversation.flow, Conversation.status, Conversation.approved).where(
                    Conversation.person_id == known.id
                )
            ).one()
            answers = connection.execute(
                select(Answer.flow, Answer.question, Answer.round, Answer.act, Answer.text, Answer.choices)
                .where(Answer.conference_id == conference.id)
                .order_by(Answer.id)
            ).all()
            subjects = (f"person:{known.id}", f"slack:{student.id}", f"conference:{conference.id}")
            sent = connection.execute(
                select(deliveries.c.kind, deliveries.c.state).where(deliveries.c.subject.in_(subjects))
            ).all()
        name = student.name.split()[0]
        return Outcome(
            tuple(_plain(message, name) for message in student.sees()),
            tuple(tuple(row) for row in answers),
            Counter((str(row.kind), str(row.state)) for row in sent),
            tuple(standing),
            self._channels(student, conference.channel, name),
        )

    def _channels(self, student: Person, known: str | None, name: str) -> tuple[Any, ...]:
        """Every channel made for a student: is it the known one, who is in it, what stands there, what is pinned."""
        made = [one for one in self.workspace.channels.values() if one.name.startswith(f"conf-{name.lower()}-")]
        return tuple(self._channel(one, student, known, name) for one in made)

    def _channel(self, channel: Channel, student: Person, known: str | None, name: str) -> tuple[Any, ...]:
        members = sorted("student" if member == student.id else member for member in channel.members)
        messages = list(channel.messages.values())
        pinned = [next(n for n, one in enumerate(messages) if one.ts == ts) for ts in channel.pins]
        return channel.id == known, members, [_plain(one, name) for one in messages], pinned

    def doubles_and_gaps(self) -> list[str]:
        """Where outbox and workspace tell different stories: nowhere, if each reply was delivered exactly once."""
        table = deliveries.c
        with self.store.read() as connection:
            rows = connection.execute(select(table.id, table.kind, table.state, table.ref_channel, table.ref_ts)).all()
        posts = Counter(
            call.args["metadata"]["event_payload"]["delivery"]
            for call in list(self.workspace.calls)
            if call.method == "chat.postMessage" and call.ok
        )
        wrong = [f"posted {count} times: {delivery}" for delivery, count in posts.items() if count != 1]
        sent = {row.id: row for row in rows if row.state == State.SENT and (row.kind in POSTED or row.id in posts)}
        wrong += [f"sent, and not there: {one}" for one in sent.keys() - posts.keys()]
        wrong += [f"there, and not sent: {one}" for one in posts.keys() - sent.keys()]
        for one in sent.values():
            stands = self.workspace.channels[one.ref_channel].messages.get(one.ref_ts)
            ours = stands is not None and (stands.metadata or {})["event_payload"]["delivery"] == one.id
            wrong += [] if ours else [f"not where it is said to be: {one.id}"]
        return wrong


def _plain(message: Any, name: str) -> str:
    who = "coach" if message.app else "student"
    return f"{who}: {message.shown}".replace(name, "Noor")


@contextmanager
def world(store: Store, folder: Path, nursery: Nursery) -> Iterator[World]:
    """The school set up in a workspace, on a database that has its tables, and a bot running."""
    clock = SharedClock(folder / "clock", MONDAY)
    school = read_school(write_school(folder / "school"), ("en", "es"))
    with PracticeWorkspace(manifest(), clock, name=school.name) as workspace:
        people = {
            person.key: workspace.person(person.name, f"U{person.key.upper()}", person.email or "")
            for person in school.people
        }
        enrol(store, workspace, school, MONDAY)
        url = store.engine.url.render_as_string(hide_password=False)
        settings = Settings(
            bot_token=workspace.bot_token, app_token=workspace.app_token, signing_secret=workspace.signing_secret,
            api_url=workspace.api_url, database_url=url,
        )  # fmt: skip
        students = [people[name.lower()] for name in first_names()]
        made = World(workspace, store, clock, nursery, settings, students)
        made.start_bot()
        yield made
        made.bot.kill()
