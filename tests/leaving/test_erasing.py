"""A student is erased: what is left of them, in the database, in its files and in Slack."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.practice.stage import Stage
from bot.services.leaving import erasing as verbs
from bot.services.leaving import remains
from bot.store.models import Conference, Erasure, Note, Person
from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import State, deliveries
from scheduler.outbox import Draft
from tests.leaving.erased import begin, erase, eraser, files_with, said_by_the_bot, tables_with
from tests.stages import Student, conference_channels, told

CANARY = "zebrafinch"
SAYS = f"I measured the {CANARY} on the football field, because I like to build things with my hands."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erasures"


@pytest.fixture
def prepared(noor: Student) -> Student:
    """Somebody whose agenda stands in the channel, with a work and words of theirs in everything."""
    noor.finish(evidence=f"Here you see the {CANARY}.")
    noor.edit(noor.said["best_at"], SAYS)
    noor.stage.wait(days=1)
    noor.stage.plan()
    noor.stage.run()
    return noor


def test_nothing_of_a_students_words_is_left_in_any_table(prepared: Student, store: Store, path: Path) -> None:
    assert len(tables_with(store, CANARY)) >= 3
    erase(prepared.stage, "noor", path)
    assert tables_with(store, CANARY) == {}


def test_nor_in_the_files_of_the_database(prepared: Student, store: Store, path: Path) -> None:
    if not store.sqlite:
        pytest.skip("PostgreSQL's files are its own")
    database = Path(store.engine.url.database or "")
    with store.write() as connection:  # what was taken out or written over long ago
        long = Note.__table__.insert().values(**sealed.row(Note, _note(connection, prepared, CANARY * 3_000)))
        connection.execute(long)
    with store.write() as connection:
        connection.execute(Note.__table__.delete())
    assert files_with(database, CANARY)
    erase(prepared.stage, "noor", path)
    assert files_with(database, CANARY) == []


def test_nor_in_what_the_bot_said_anywhere(prepared: Student, path: Path) -> None:
    assert any(CANARY in text for text in said_by_the_bot(prepared.stage))
    erase(prepared.stage, "noor", path)
    assert not any(CANARY in text for text in said_by_the_bot(prepared.stage))


def test_nothing_of_the_bots_is_left_in_their_dm_and_their_channel(prepared: Student, path: Path) -> None:
    stage = prepared.stage
    erase(stage, "noor", path)
    channel = stage.workspace.channel("conf-noor-12-10")
    assert channel is not None
    left = [message.shown for message in [*prepared.heard, *channel.messages.values()] if message.app]
    assert left == []


def test_files_that_the_bot_put_there_are_deleted_and_the_students_own_are_listed(
    prepared: Student, store: Store, path: Path
) -> None:
    stage = prepared.stage
    ours = {one.id for one in stage.workspace.files.all() if one.user == stage.workspace.bot_user}
    theirs = {one.id for one in stage.workspace.files.all() if one.user == prepared.person.id}
    assert ours
    assert theirs
    begun = erase(stage, "noor", path)
    there = {one.id for one in stage.workspace.files.all()}
    with store.read() as connection:
        left = remains.left(connection, begun.workspace, begun.digest)
    noors = [one for one in stage.workspace.files.all() if one.name.startswith("conf-noor")]
    assert noors == []
    assert theirs <= there
    assert theirs <= {one.id for one in left if one.what == "file" and one.why == remains.NOT_OURS}


def test_their_own_messages_and_the_channel_are_listed_by_id(prepared: Student, store: Store, path: Path) -> None:
    own = [message for message in prepared.person.sees() if not message.app]
    begun = erase(prepared.stage, "noor", path)
    with store.read() as connection:
        left = remains.left(connection, begun.workspace, begun.digest)
    im = prepared.stage.workspace.im(prepared.person.id).id
    assert {f"{im}:{message.ts}" for message in own} <= {one.id for one in left if one.what == "message"}
    assert [one.id for one in left if one.what == "channel"] == [conference_channels(prepared.stage)[0].id]


def test_who_they_were_is_known_by_a_digest_only(prepared: Student, store: Store, path: Path) -> None:
    erase(prepared.stage, "noor", path)
    with store.read() as connection:
        row = connection.execute(select(Erasure)).one()
        assert connection.execute(select(Person.id).where(Person.key == "noor")).first() is None
    assert (row.person_id, row.done_at is not None) == (None, True)
    assert "noor" not in path.read_text().lower()
    assert row.digest in path.read_text()


def test_what_belongs_to_others_stays(prepared: Student, store: Store, path: Path) -> None:
    stage = prepared.stage
    lena = next(key for key in stage.people if key not in ("noor",) and _is_student(stage, key))
    other = Student(stage, lena)
    other.arrive()
    other.say("hello there")
    said = told(stage, lena)
    before = _others(store)
    erase(stage, "noor", path)
    assert told(stage, lena) == said
    assert _others(store) == before


def test_from_the_first_moment_nothing_goes_out_to_them_or_about_them(prepared: Student, store: Store) -> None:
    stage = prepared.stage
    stage.plan()
    tomorrow = stage.clock() + timedelta(days=1)
    context = {"students": ["Noor"], "family": []}
    saying = {"template": "nudge_stopped", "language": "en", "buttons": {}, "context": context}
    with store.write() as connection:
        number = connection.scalar(select(Person.id).where(Person.key == "noor"))
        for to, about in (("UNOOR", number), ("UOKAFOR", 0)):
            draft = Draft(stage.workspace.team_id, "say", to, f"person:{about}", saying, f"later:{to}", tomorrow)
            stage.bot.house.outbox.put(connection, [draft], stage.clock())
    heard = len(prepared.heard)
    begun = begin(stage, "noor")
    stage.wait(days=9)
    stage.plan()
    stage.wait(days=3)
    with store.read() as connection:
        mine = select(deliveries.c.seq).where(
            deliveries.c.subject == f"person:{begun.person}",
            deliveries.c.state.in_([State.SCHEDULED, State.SENDING, State.UNKNOWN]),
        )
        assert connection.execute(mine).first() is None
    assert len(prepared.heard) == heard
    assert not [text for text in told(stage, "okafor") if "Noor" in text and "I've stopped" in text]


def test_words_of_theirs_that_arrive_meanwhile_are_not_taken_in(prepared: Student, store: Store, path: Path) -> None:
    begun = begin(prepared.stage, "noor")
    prepared.say(f"one more word about the {CANARY}ish")
    eraser(prepared.stage).erase(begun)
    assert verbs.out_and_done(store, begun, path, prepared.stage.clock())
    assert tables_with(store, CANARY) == {}


def test_erasing_again_changes_nothing_and_says_so(prepared: Student, store: Store, path: Path) -> None:
    begun = erase(prepared.stage, "noor", path)
    eraser(prepared.stage).erase(begun)
    assert verbs.out_and_done(store, begun, path, prepared.stage.clock())
    assert len(path.read_text().splitlines()) == 1
    with store.read() as connection:
        assert verbs.done_at(connection, begun.workspace, "noor") is not None
        assert verbs.begun(connection, begun.workspace) == []


def test_what_slack_does_not_delete_is_listed_and_the_rest_goes(prepared: Student, store: Store, path: Path) -> None:
    stage = prepared.stage
    channel = conference_channels(stage)[0]
    channel.archived = True
    begun = erase(stage, "noor", path)
    with store.read() as connection:
        left = remains.left(connection, begun.workspace, begun.digest)
        assert connection.execute(select(Conference.id).where(Conference.student_id == begun.person)).first() is None
    assert {one.why for one in left if one.id.startswith(f"{channel.id}:")} == {"channel_not_found"}
    assert prepared.heard == []


def _note(connection: Connection, noor: Student, text: str) -> dict[str, object]:
    people = {row.key: row.id for row in connection.execute(select(Person.key, Person.id))}
    held = connection.scalar(select(Conference.id).where(Conference.student_id == people["noor"]))
    return {"workspace": noor.stage.workspace.team_id, "conference_id": held, "author_id": people["lind"],
            "kind": "idea", "key": "view:1", "text": text, "at": noor.stage.clock()}  # fmt: skip


def _is_student(stage: Stage, key: str) -> bool:
    with stage.bot.house.store.read() as connection:
        return connection.scalar(select(Person.role).where(Person.key == key)) == "student"


def _others(store: Store) -> list[tuple[object, ...]]:
    """Conferences, people and answers of everybody else."""
    with store.read() as connection:
        noor = select(Person.id).where(Person.key == "noor").scalar_subquery()
        people = connection.execute(select(Person.key, Person.active, Person.name).where(Person.key != "noor"))
        held = select(Conference.id, Conference.cancelled).where(
            Conference.student_id.not_in(select(Person.id).where(Person.key == "noor"))
        )
        assert noor is not None
        return sorted([*map(tuple, people), *map(tuple, connection.execute(held))], key=str)
