"""Two processes at the same thing: whoever is second finds what the first has done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Semaphore, Thread

import pytest
from sqlalchemy import Connection, func, select, text, update

from bot.dialogue.events import Said
from bot.practice import HandClock
from bot.practice.stage import MONDAY
from bot.school import read_school
from bot.services import watching
from bot.services.channels import channel
from bot.services.house import House
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.services.talk import greeting
from bot.services.talk.hearing import Incoming, hear
from bot.store.models import Alert, Answer, Conference, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Outbox, deliveries
from tests.stages import school

HERE = "T0HERE"
ALARM = "i want to kill myself"


@pytest.fixture
def house(store: Store, words: Words, tmp_path: Path) -> House:
    clock = HandClock(MONDAY)
    read = read_school(school(tmp_path / "school"), words.catalog.languages)
    with store.write() as connection:
        load_school(connection, HERE, read, clock())
        match_members(
            connection, HERE, [Member(f"U{person.key.upper()}", person.email) for person in read.people if person.email]
        )
    return House(store, Outbox("test"), words, clock)


def say(house: House, text: str, ts: str) -> None:
    hear(house, Incoming(HERE, (f"Ev{ts}",), "UNOOR", "D1", Said(ts, text, None)))


def begin(store: Store, *acts: Callable[[], object]) -> list[Thread]:
    """Each in a thread of its own, until all stand in line for what the caller's transaction holds."""
    waiting, write = Semaphore(0), store.write

    def in_line() -> AbstractContextManager[Connection]:
        waiting.release()
        return write()

    store.write = in_line  # type: ignore[method-assign]
    threads = [Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=60)
    store.write = write  # type: ignore[method-assign]
    while not store.sqlite and held_up(store) < len(threads):  # which lets writers in, up to what is locked
        assert all(thread.is_alive() for thread in threads)
    return threads


def held_up(store: Store) -> int:
    """How many transactions PostgreSQL has wait for another's lock."""
    with store.read() as connection:
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return connection.scalar(text(waits)) or 0


def end(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(10)


def test_an_alert_that_two_take_at_once_stays_with_the_first(house: House) -> None:
    say(house, ALARM, "1.0")
    with house.store.write() as connection:
        ortiz = connection.scalar(select(Person.id).where(Person.key == "ortiz"))
        alert = connection.scalar(select(Alert.id))
        connection.execute(update(Alert).values(taken_by=ortiz, taken_at=MONDAY))
        second = begin(house.store, lambda: watching.take_alert(house, HERE, "UBELL", alert, "tap:1"))
    end(second)
    with house.store.read() as connection:
        assert connection.scalar(select(Alert.taken_by)) == ortiz
        (told,) = connection.scalars(select(deliveries.c.payload).where(deliveries.c.dedupe_key == "taken:tap:1:0"))
        assert told["context"]["taken_by"] == connection.scalar(select(Person.name).where(Person.key == "ortiz"))


def test_two_first_messages_at_once_are_greeted_once_and_an_alarm_in_the_second_is_heard(house: House) -> None:
    with house.store.write() as connection:
        noor = connection.scalars(select(Person.id).where(Person.key == "noor")).one()
        greeting.lock(connection, HERE, noor)
        both = begin(house.store, lambda: say(house, "hi", "1.0"), lambda: say(house, ALARM, "2.0"))
    end(both)
    with house.store.read() as connection:
        hellos = [one for one in connection.scalars(select(deliveries.c.payload)) if one.get("template") == "hello"]
        assert len(hellos) == 1
        assert connection.scalars(select(Answer.text)).all() == [ALARM]
        assert connection.scalar(select(func.count()).select_from(Alert)) == 1


def test_two_namesakes_never_get_the_same_channel(house: House) -> None:
    taken: list[bool] = []

    def take(conference: int) -> None:
        with house.store.write() as connection:
            taken.append(channel.made(connection, HERE, conference, "C1", "conf-noor-12-10"))

    with house.store.write() as connection:
        first, second = connection.scalars(select(Conference.id).limit(2)).all()
        assert channel.made(connection, HERE, first, "C1", "conf-noor-12-10")
        other = begin(house.store, lambda: take(second))
    end(other)
    assert taken == [False]
