"""Groups of any size on stage, with answers as the database keeps them, and digests as they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select, update

from bot.dialogue.events import Act
from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.services.speech import Kind
from bot.services.talk.greeting import person_in_slack
from bot.store.models import Answer, Conference, Conversation, Item, Person
from bot.store.session import AnyRow, Store
from bot.words import Words
from scheduler import sealed
from scheduler.outbox import Draft
from tests.stages import school, url_of

STEPS = {
    "digest_advisor": "advisor_digest",
    "digest_before": "digest_before",
    "digest_coordinator": "coordinator_digest",
}
"""The step of the cadence that each message belongs to."""

FULL = {'level = "full"': 'level = "full"'}


@contextmanager
def group_of(size: int, store: Store, words: Words, folder: Path, language: str = "") -> Iterator[Stage]:
    """The sample school, in which Ms. Okafor has so many students, s1, s2 …, beside the twelve."""
    school(folder, FULL)
    roster, dates = folder / "roster.csv", folder / "conferences.csv"
    more = range(1, size - 11)
    with roster.open("a", encoding="utf-8") as file:
        file.writelines(f"s{n},student,Student{n} Someone{n},s{n}@school.example,7,okafor,,{language},\n" for n in more)
    with dates.open("a", encoding="utf-8") as file:
        file.writelines(f"s{n},Autumn 2026,2026-12-1{n % 5 + 4},{8 + n % 9:02}:00,20,room 12,\n" for n in more)
    with set_up(url_of(store), folder, words, MONDAY) as stage:
        yield stage


def person(stage: Stage, key: str) -> AnyRow:
    """Somebody's row of the roster."""
    with stage.bot.house.store.read() as connection:
        return connection.execute(select(*Person.__table__.c).where(Person.key == key)).one()


def begin(stage: Stage, key: str, days_ago: int = 0, **values: Any) -> int:
    """A student's conversation about their conference, heard from so many days ago; its id."""
    one, at = person(stage, key), stage.clock() - timedelta(days=days_ago)
    with stage.bot.house.store.write() as connection:
        conference = connection.scalar(select(Conference.id).where(Conference.student_id == one.id))
        row = {"workspace": one.workspace, "person_id": one.id, "conference_id": conference, "version": 1}
        row = sealed.row(Conversation, {**row, "status": "open", "updated_at": at, **values})
        new = insert(Conversation).values(row)
        return connection.execute(new.returning(Conversation.id)).scalar_one()


def say(stage: Stage, conversation: int, place: str, text: str = "", choices: str = "", **more: Any) -> None:
    """An answer to "flow.question.round"; `develop`, `visible`, `held_reason`: what was decided on it."""
    flow, question, number = place.split(".")
    settings = {name: more.pop(name) for name in ("develop", "visible", "held_reason") if name in more}
    now = stage.clock()
    with stage.bot.house.store.write() as connection:
        told = connection.execute(
            select(Conversation.workspace, Conversation.conference_id).where(Conversation.id == conversation)
        ).one()
        where = {"workspace": told.workspace, "conference_id": told.conference_id, "flow": flow, "question": question}
        count = len(connection.execute(select(Answer.id)).all())
        ts = f"{now.timestamp() - 1000 + count:.6f}"
        act = Act.CHOSEN if choices else Act.SAID
        kept = {"ts": ts, "revised": ts, "act": act, "text": text, "choices": choices, "evidence": [], "at": now}
        answer = {**where, "conversation_id": conversation, "round": int(number), **kept, **more}
        connection.execute(insert(Answer).values(**sealed.row(Answer, answer)))
        if settings:
            item = sealed.row(Item, {**where, "round": int(number), **settings})
            connection.execute(insert(Item).values(**item))


def ask_for_ideas(stage: Stage, key: str, words: str, days_ago: int = 0, **more: Any) -> int:
    """A student who said "yes, ask them" about where they get stuck."""
    conversation = begin(stage, key, days_ago)
    say(stage, conversation, "struggles.stuck.1", "homework")
    say(stage, conversation, "struggles.want_ideas.1", choices="yes")
    say(stage, conversation, "struggles.ideas_on.1", words, **more)
    return conversation


def quiet(stage: Stage, *keys: str) -> None:
    """Students who were last heard of eight days ago."""
    for key in keys:
        begin(stage, key, days_ago=8)


def settle(stage: Stage, key: str, **values: Any) -> None:
    """Change somebody's row of the roster."""
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == key).values(**values))


def nudge(stage: Stage, key: str, message: str, about: str = "", at: datetime | None = None) -> None:
    """Put a message of the plan into the outbox for somebody, as the plan does, and let it go."""
    now, one = at or stage.clock(), person(stage, key)
    receiver, subject = one.role, about or {"advisor": f"g{one.id}", "coordinator": "school"}.get(one.role, str(one.id))
    slot = f"{now:%G-W%V}"
    payload = {
        "step": STEPS[message], "message": message, "flow": "",
        "receiver": receiver, "person": one.id, "student": 0, "conference": 0, "slot": slot, "key": "",
    }  # fmt: skip
    key_of = f"nudge:{subject}:{payload['step']}:{receiver}:{one.id}:{slot}"
    draft = Draft(one.workspace, Kind.NUDGE, one.slack_id, f"person:{one.id}", payload, key_of, now)
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], now)
    stage.run()


def heard(stage: Stage, key: str) -> list[Message]:
    """What the bot said to somebody, oldest first."""
    return [message for message in stage.people[key].sees() if message.app]


def digest_of(stage: Stage, key: str = "okafor", message: str = "digest_advisor") -> Message:
    """Somebody's digest, sent now: one message."""
    before = len(heard(stage, key))
    nudge(stage, key, message)
    new = heard(stage, key)[before:]
    assert len(new) == 1
    return new[0]


def plain(message: Any) -> str:
    """What can be read of a message or view, without the signs for bold."""
    return str(message.shown).replace("*", "")


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """The statements that go to the database meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    engine = stage.bot.house.store.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def saying(stage: Stage, make: Any, key: str = "okafor") -> Mapping[str, Any]:
    """The context a digest is made of, without sending it."""
    house, workspace = stage.bot.house, stage.workspace.team_id
    with house.store.read() as connection:
        one = person_in_slack(connection, workspace, stage.people[key].id)
        return dict(make(house, connection, one, stage.clock()).context)
