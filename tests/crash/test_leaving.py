"""The process that erases somebody, or lets go of a school year, is killed (SIGKILL) at places spread over its steps.

However it died, whoever goes on leaves nothing of them, in the database or of the bot's in Slack, and all of others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.practice import PracticeWorkspace
from bot.practice.people import Person as Hands
from bot.practice.stage import enrol
from bot.school import read_school
from bot.services.leaving import ledger
from bot.slack.client import SlackApi
from bot.slack.manifest import manifest
from bot.store.models import (
    Alert,
    Answer,
    Approval,
    Commitment,
    CommitmentCheck,
    Conference,
    Conversation,
    Cue,
    Erasure,
    FlowState,
    Item,
    Note,
    Participant,
    Person,
    Run,
    SharedWork,
    Term,
)
from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import deliveries
from tests.crash.school import first_names, write_school
from tests.crash.test_kill import STORES, open_store
from tests.leaving.erased import files_with, rows

KILLS, PURGES = 12, 10
"""How often on each database: spread over the steps of one erasure, and of one purge after the other."""

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 10, 1, 15, tzinfo=UTC)
_ROOT = Path(__file__).parents[2]


def canary(key: str) -> str:
    """A word nobody else has."""
    return f"canary-{key}-{key[::-1]}."


@dataclass
class Leavers:
    """The process that forks those who die."""

    process: subprocess.Popen[str]

    def go(self, **order: Any) -> dict[str, Any]:
        """Have something done; how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@dataclass
class Town:
    """A school in a workspace, with words of every student in every table and every channel."""

    store: Store
    workspace: PracticeWorkspace
    leavers: Leavers
    people: dict[str, Hands]
    folder: Path

    def go(self, do: str, now: datetime, key: str = "", die_at: int | None = None) -> dict[str, Any]:
        return self.leavers.go(
            do=do, key=key, die_at=die_at, now=now.isoformat(),
            url=self.store.engine.url.render_as_string(hide_password=False),
            token=self.workspace.bot_token, api_url=self.workspace.api_url, bot_user=self.workspace.bot_user,
            workspace=self.workspace.team_id, ledger=str(self.folder / "erasures"),
        )  # fmt: skip

    def canaries(self) -> Counter[tuple[str, str]]:
        """How many rows of each table have each student's word."""
        words = {canary(key): key for key in self.people}
        return Counter(
            (key, name) for name, each in rows(self.store).items() for row in each for word, key in words.items()
            if word in row
        )  # fmt: skip

    def said(self) -> Counter[str]:
        """How many of the bot's messages, anywhere, have each student's word."""
        return Counter(
            key
            for channel in list(self.workspace.channels.values())
            for message in channel.messages.values()
            for key in self.people
            if message.app and canary(key) in f"{message.text} {message.files}"
        )


@pytest.fixture(scope="module")
def leavers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leavers]:
    with (tmp_path_factory.mktemp("leavers") / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.leaver"], cwd=_ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        yield Leavers(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


ON_EACH = [pytest.param(one, marks=pytest.mark.xdist_group(f"crash-{one}")) for one in STORES]


@pytest.fixture(scope="module", params=ON_EACH)
def town(
    request: pytest.FixtureRequest, leavers: Leavers, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp(request.param)
        store = open_store(request.param, folder, sqlite_template, stack)
        school = read_school(write_school(folder / "school", KILLS + 10), ("en", "es"))
        workspace = stack.enter_context(PracticeWorkspace(manifest(), lambda: NOW, name=school.name))
        people = {
            person.key: workspace.person(person.name, f"U{person.key.upper()}", person.email or "")
            for person in school.people
        }
        enrol(store, workspace, school, NOW)
        students = [name.lower() for name in first_names()[: KILLS + 10]]
        made = Town(store, workspace, leavers, {key: people[key] for key in students}, folder)
        fill(made)
        yield made


def fill(town: Town) -> None:
    """Words of every student's: in the database, in their DM, their advisor's DM and their channel."""
    workspace, api = town.workspace.team_id, SlackApi(town.workspace.bot_token, town.workspace.api_url)
    with town.store.write() as connection:
        adults = {row.key: row.id for row in connection.execute(select(Person.key, Person.id))}
        later = {"workspace": workspace, "name": "Autumn 2027", "starts": date(2027, 9, 7), "ends": date(2027, 12, 17)}
        connection.execute(insert(Term).values(**later))
        for number, key in enumerate(town.people):
            _write(connection, town, key, adults, number)
    for number, key in enumerate(town.people):
        _say(town, api, key, number)
    api.close()


def _write(connection: Any, town: Town, key: str, adults: dict[str, int], number: int) -> None:
    workspace, word, student = town.workspace.team_id, canary(key), adults[key]
    here = {"workspace": workspace}
    held = connection.scalar(select(Conference.id).where(Conference.student_id == student))
    talk = connection.execute(
        insert(Conversation)
        .values(**sealed.row(Conversation, {
            **here, "person_id": student, "conference_id": held, "flow": "goals", "state": f'{{"text":"{word}"}}',
            "status": "open", "updated_at": NOW,
        }))
        .returning(Conversation.id)
    ).scalar_one()  # fmt: skip
    said = {"conversation_id": talk, "conference_id": held, "flow": "goals", "question": "wish", "round": 1, "at": NOW}
    for ts in (f"1796050{number:03}.001", f"1796050{number:03}.002"):
        values = {**here, **said, "ts": ts, "revised": ts, "act": "said", "text": word, "choices": ""}
        values["evidence"] = [{"title": word}]
        connection.execute(insert(Answer).values(**sealed.row(Answer, values)))
    told = connection.scalar(select(Answer.id).where(Answer.conversation_id == talk).limit(1))
    note = {**here, "conference_id": held, "author_id": adults["lind"], "kind": "idea", "key": f"view:{key}"}
    promise = {**here, "conference_id": held, "key": key, "owner_id": adults["amal"], "what": word, "owner_name": ""}
    promise |= {"added_by": student, "added_at": NOW}
    spot = {**here, "conference_id": held, "flow": "goals", "question": "wish", "round": 1, "held_reason": word}
    run = {**here, "conference_id": held, "kind": "lead", "number": 1, "note": word, "started_at": NOW, "card_at": NOW}
    cue = {**here, "conference_id": held, "topic": "goals", "text": word, "at": NOW}
    state = {**here, "conversation_id": talk, "flow": "evidence", "state": f'[["1796050000.000001","{word}"]]'}
    note |= {"text": word, "at": NOW}
    written = ((Note, note), (Commitment, promise), (Item, spot), (Run, run), (Cue, cue), (FlowState, state))
    for model, row in written:
        connection.execute(insert(model).values(**sealed.row(model, row)))
    made = connection.scalar(select(Commitment.id).where(Commitment.key == key))
    check = {**here, "commitment_id": made, "key": key, "by_id": adults["amal"], "state": "done", "at": NOW}
    connection.execute(insert(CommitmentCheck).values(**check))
    approved = {**here, "conference_id": held, "number": 1, "items": [], "opening": "goals", "at": NOW}
    connection.execute(insert(Approval).values(**approved))
    alert = {**here, "student_id": student, "answer_id": told, "level": "look", "raised_at": NOW}
    connection.execute(insert(Alert).values(**alert, taken_by=adults["bell"], taken_at=NOW))
    connection.execute(
        insert(SharedWork).values(**here, conference_id=held, file=f"F{key.upper()}", copy=f"FC{number}")
    )


def _say(town: Town, api: SlackApi, key: str, number: int) -> None:
    """As the bot would have: two messages in the DM, one to the advisor, one in the channel, each with its delivery;
    one in the DM that no delivery knows of; and a word of the student's own."""
    student, word = town.people[key], canary(key)
    made = api.call("conversations.create", {"name": f"conf-{key}", "is_private": True})
    channel = made.data["channel"]["id"]
    town.people[key].dm(f"{word} and I said it myself")
    with town.store.write() as connection:
        held = connection.execute(
            select(Conference.id, Conference.student_id)
            .join(Person, Person.id == Conference.student_id)
            .where(Person.key == key)
        ).one()
        connection.execute(Conference.__table__.update().where(Conference.id == held.id).values(channel=channel))
        about = f"person:{held.student_id}"
        places = ((student.id, about), (student.id, about), ("UOKAFOR", about), (channel, f"conference:{held.id}"))
        for place, (recipient, subject) in enumerate(places):
            posted = api.call("chat.postMessage", {"channel": recipient, "text": word})
            lane = recipient if recipient != channel else f"conference:{held.id}"
            row = {
                "id": f"{number:08}-{place}", "workspace": town.workspace.team_id, "kind": "say", "subject": subject,
                "recipient": lane, "payload": {"context": word},
                "dedupe_key": f"{key}:{place}", "due_at": NOW, "next_at": NOW, "state": "sent", "created_at": NOW,
                "settled_at": NOW, "ref_channel": posted.data["channel"], "ref_ts": posted.data["ts"],
            }  # fmt: skip
            connection.execute(insert(deliveries).values(**sealed.row(deliveries, row)))
    api.call("chat.postMessage", {"channel": student.id, "text": word})


def test_killed_at_any_step_of_an_erasure_nothing_of_them_is_left_and_all_of_the_others(town: Town) -> None:
    students = list(town.people)
    life = town.go("erase", NOW, students.pop(0))
    assert life["ended"]
    steps = life["steps"]
    survived = 0
    for number in range(KILLS):
        key = students.pop(0)
        before, said = town.canaries(), town.said()
        assert before[key, "answer"] == 2
        assert said[key] == 5
        died = town.go("erase", NOW, key, die_at=number * len(steps) // KILLS)
        survived += died["ended"]
        if number % 3 == 2:  # and whoever goes on dies as well
            town.go("erase", NOW, die_at=number * 7 % 40)
        assert town.go("erase", NOW, "" if _begun(town) else key)["ended"]
        left, heard = town.canaries(), town.said()
        assert {table for (whose, table), count in left.items() if whose == key and count} == set()
        assert heard[key] == 0
        others = Counter({one: count for one, count in before.items() if one[0] != key})
        assert left == others
        assert heard == Counter({one: count for one, count in said.items() if one != key})
    assert survived == 0
    entries = ledger.read(town.folder / "erasures")
    with town.store.read() as connection:
        done = connection.execute(select(Erasure.digest, Erasure.left).where(Erasure.done_at.is_not(None))).all()
    assert {one.digest for one in entries} == {row.digest for row in done}
    assert len(done) == KILLS + 1
    assert {tuple(sorted(one["what"] for one in row.left)) for row in done} == {("channel", "message")}
    if town.store.sqlite:
        gone = [key for key in town.people if key not in students]
        assert [key for key in gone if files_with(Path(town.store.engine.url.database or ""), canary(key))] == []


def test_killed_at_any_step_of_a_purge_the_next_goes_on_and_nothing_else_is_lost(town: Town) -> None:
    with town.store.write() as connection:
        kept = [row.key for row in connection.execute(select(Person.key).where(Person.role == "student"))]
        _begin_anew(connection, town, kept[0])
    before = town.canaries()
    deaths = 0
    for number in range(PURGES):
        deaths += not town.go("purge", NEXT_YEAR, die_at=number * 11 + 3)["ended"]
        after = town.canaries()
        assert all(after[one] <= count for one, count in before.items())
    assert deaths == PURGES
    assert town.go("purge", NEXT_YEAR)["ended"]
    assert {one for one, count in town.canaries().items() if count} == {(kept[0], "answer")}
    with town.store.read() as connection:
        frames = connection.execute(select(Conference.student_id).where(Conference.channel.is_not(None))).all()
        people = connection.execute(select(Person.id).where(Person.role == "student")).all()
        seats = connection.execute(select(Participant.person_id)).all()
    assert len(frames) == len(people) == len(kept)
    assert len(seats) > len(kept)
    assert town.go("purge", NEXT_YEAR)["ended"]


def _begun(town: Town) -> bool:
    with town.store.read() as connection:
        return connection.execute(select(Erasure.id).where(Erasure.done_at.is_(None))).first() is not None


def _begin_anew(connection: Any, town: Town, key: str) -> None:
    """Somebody's conference of the next school year, with an answer for it."""
    workspace = town.workspace.team_id
    student = connection.scalar(select(Person.id).where(Person.key == key))
    term = connection.scalar(select(Term.id).where(Term.name == "Autumn 2027"))
    held = connection.execute(
        insert(Conference)
        .values(workspace=workspace, student_id=student, term_id=term, date=date(2027, 12, 9), time="17:30", minutes=20,
                place="room 12")
        .returning(Conference.id)
    ).scalar_one()  # fmt: skip
    talk = connection.scalar(select(Conversation.id).where(Conversation.person_id == student))
    values = {
        "workspace": workspace, "conversation_id": talk, "conference_id": held, "flow": "letter", "question": "learner",
        "round": 1, "ts": "1822050000.000001", "revised": "1822050000.000001", "act": "said", "text": canary(key),
        "choices": "", "evidence": [], "at": NEXT_YEAR,
    }  # fmt: skip
    connection.execute(insert(Answer).values(**sealed.row(Answer, values)))
