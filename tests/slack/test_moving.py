"""A conference that moves or does not take place: who knows of it is told, once, and in words of their own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from bot.cli.main import main
from bot.practice.stage import Stage
from bot.school import read_school
from bot.services.channels import moving
from bot.services.roster.changes import Changes
from bot.services.roster.load import load_school
from bot.services.speech import Kind
from bot.store.models import Conference, Conversation, Person
from bot.store.session import Store
from scheduler.outbox import Draft, State, deliveries
from tests.stages import Student, agenda, school, told

NOOR = "noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind\n"
THEO = "theo,Autumn 2026,2026-12-10,16:00,20,room 12,reyes lind\n"
MATEO = "mateo,Autumn 2026,2026-12-10,18:00,20,room 14,lind\n"
LATER = NOOR.replace("12-10,17:30", "12-11,18:00")
MOVED, OFF = "Moved:", "take place"
NIGHT = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
"""22:00 at the sample school, on a Tuesday."""


def load(stage: Stage, folder: Path) -> Changes:
    """Load a folder as the command does, and let the bot say what follows."""
    now = stage.clock()
    with stage.bot.house.store.write() as connection:
        read = read_school(folder, stage.bot.house.words.catalog.languages)
        changes = load_school(connection, stage.workspace.team_id, read, now)
        drafts = moving.told_of_moves(connection, stage.workspace.team_id, changes.rescheduled, now)
        drafts += moving.told_of_cancellations(connection, stage.workspace.team_id, changes.cancelled, now)
        stage.bot.house.outbox.put(connection, drafts, now)
    stage.wait(seconds=1)
    return changes


def with_lines(tmp_path: Path, **changes: str) -> Path:
    """The sample school with other lines in conferences.csv."""
    lines = {"noor": NOOR, "theo": THEO, "mateo": MATEO}
    return school(tmp_path / "school", {lines[key]: line for key, line in changes.items()})


def nudged(stage: Stage, key: str, student: str) -> None:
    """Somebody had a nudge about a student."""
    now = stage.clock()
    with stage.bot.house.store.write() as connection:
        ids = {row.key: row for row in connection.execute(select(Person.key, Person.id, Person.slack_id))}
        subject = f"person:{ids[student].id}"
        draft = Draft(stage.workspace.team_id, Kind.NUDGE, ids[key].slack_id, subject, {}, f"had:{key}", now)
        stage.bot.house.outbox.put(connection, [draft], now)
        sent = update(deliveries).where(deliveries.c.dedupe_key == f"had:{key}")
        connection.execute(sent.values(state=State.SENT, settled_at=now))


def heard(stage: Stage, key: str, words: str = MOVED) -> list[str]:
    return [text for text in told(stage, key) if words in text]


def test_student_family_advisor_and_channel_are_told_once(noor: Student, tmp_path: Path) -> None:
    stage = noor.stage
    noor.finish()
    nudged(stage, "yusuf", "noor")
    load(stage, with_lines(tmp_path, noor=LATER))
    load(stage, with_lines(tmp_path, noor=LATER))
    on = "is now on Friday 11 December at 18:00, room 12."
    assert heard(stage, "noor") == [f"Moved: your conference {on}"]
    assert heard(stage, "yusuf") == [f"Moved: Noor's meeting {on}"]
    assert [text.splitlines()[0] for text in heard(stage, "okafor")] == [f"Moved: Noor's conference {on}"]
    assert agenda(stage).replace("*", "").count(f"Moved: Noor's conference {on}") == 1
    assert heard(stage, "amal") == heard(stage, "theo") == []


def test_the_same_change_is_put_once_however_often_it_is_asked_for(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    changes = load(noor.stage, with_lines(tmp_path, noor=LATER))
    with noor.stage.bot.house.store.read() as connection:
        again = noor.stage.clock() + timedelta(hours=1)
        assert moving.told_of_moves(connection, noor.stage.workspace.team_id, changes.rescheduled, again) == []


def test_a_move_and_back_again_are_two_changes(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    for line in (LATER, NOOR, LATER):
        load(noor.stage, with_lines(tmp_path, noor=line))
    assert ["11 December" in text for text in heard(noor.stage, "noor")] == [True, False, True]


def test_who_wants_no_reminders_is_told_all_the_same(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    nudged(noor.stage, "yusuf", "noor")
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).values(quiet_since=noor.stage.clock()))
    load(noor.stage, with_lines(tmp_path, noor=LATER))
    assert len(heard(noor.stage, "noor")) == len(heard(noor.stage, "yusuf")) == 1


def test_a_student_who_had_a_nudge_and_never_answered_is_told(stage: Stage, tmp_path: Path) -> None:
    nudged(stage, "theo", "theo")
    load(stage, with_lines(tmp_path, noor=LATER, theo=THEO.replace("16:00", "15:00")))
    assert len(heard(stage, "theo")) == 1
    assert heard(stage, "noor") == []


def test_an_advisor_gets_one_message_for_all_of_a_load(stage: Stage, tmp_path: Path) -> None:
    load(stage, with_lines(tmp_path, noor=LATER, theo=THEO.replace("16:00", "15:00")))
    (text,) = heard(stage, "okafor")
    assert "Theo: Thursday 10 December, 15:00, room 12" in text
    assert "Noor: Friday 11 December, 18:00, room 12" in text
    assert heard(stage, "varga") == []


def test_another_length_moves_nothing(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    changes = load(noor.stage, with_lines(tmp_path, noor=NOOR.replace(",20,", ",30,")))
    assert len(changes.moved) == 1
    assert heard(noor.stage, "noor") == heard(noor.stage, "okafor") == []


def test_nothing_is_said_of_what_is_over(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    noor.stage.clock.advance(days=12)
    load(noor.stage, with_lines(tmp_path, noor=LATER))
    assert heard(noor.stage, "noor") == heard(noor.stage, "okafor") == []


def test_at_night_it_waits_for_the_morning(noor: Student, tmp_path: Path) -> None:
    stage = noor.stage
    noor.finish()
    stage.clock.advance((NIGHT - stage.clock()).total_seconds())
    load(stage, with_lines(tmp_path, noor=LATER))
    assert heard(stage, "noor") == heard(stage, "okafor") == []
    assert MOVED not in agenda(stage)
    stage.wait(hours=9)
    assert len(heard(stage, "noor")) == len(heard(stage, "okafor")) == 1
    assert MOVED in agenda(stage)


def test_at_night_it_goes_where_the_conference_begins_before_the_morning_is_there(
    noor: Student, tmp_path: Path
) -> None:
    stage = noor.stage
    noor.arrive()
    stage.clock.advance((NIGHT - stage.clock()).total_seconds())
    load(stage, with_lines(tmp_path, noor=NOOR.replace("12-10,17:30", "12-02,06:30")))
    assert len(heard(stage, "noor")) == 1


def test_family_and_student_hear_it_in_their_language(stage: Stage, tmp_path: Path) -> None:
    nudged(stage, "lucia", "mateo")
    nudged(stage, "mateo", "mateo")
    load(stage, with_lines(tmp_path, mateo=MATEO.replace("18:00", "18:30")))
    on = "es ahora el jueves 10 de diciembre a las 18:30, room 14."
    assert heard(stage, "lucia", "reunión") == [f"Le aviso de un cambio: la reunión de Mateo {on}"]
    assert heard(stage, "mateo", "conferencia") == [f"Hay un cambio: tu conferencia {on}"]
    load(stage, with_lines(tmp_path, mateo=""))
    assert heard(stage, "lucia", "no se hace")[0].endswith("Si tiene una pregunta, hable con Mr. Varga.")
    assert heard(stage, "mateo", "no se hace")[0].endswith("Si tienes una pregunta, habla con Mr. Varga.")


def test_a_conference_that_does_not_take_place_is_told_once_with_whom_to_ask(noor: Student, tmp_path: Path) -> None:
    stage = noor.stage
    noor.finish()
    nudged(stage, "yusuf", "noor")
    load(stage, with_lines(tmp_path, noor=""))
    load(stage, with_lines(tmp_path, noor=""))
    on = "on Thursday 10 December at 17:30 does not take place."
    (student,), (family,), (advisor,) = (heard(stage, key, OFF) for key in ("noor", "yusuf", "okafor"))
    assert student.startswith(f"Your conference {on} All you wrote is kept.")
    assert family.startswith(f"Noor's meeting {on}")
    assert advisor.startswith(f"Noor's conference {on}")
    shown = agenda(stage).replace("*", "")
    assert shown.count(f"Noor's conference {on}") == 1
    assert all("ask Ms. Okafor." in text for text in (student, family, shown))
    assert heard(stage, "amal", OFF) == []


def test_a_conference_that_takes_place_after_all_is_told_too(noor: Student, tmp_path: Path) -> None:
    noor.arrive()
    for line in (LATER, "", LATER):
        load(noor.stage, with_lines(tmp_path, noor=line))
    assert len(heard(noor.stage, "noor")) == 2
    assert len(heard(noor.stage, "noor", OFF)) == 1


def test_nothing_of_a_conference_of_another_workspace(noor: Student) -> None:
    noor.arrive()
    with noor.stage.bot.house.store.read() as connection:
        every = list(connection.scalars(select(Conference.id)))
        assert moving.told_of_moves(connection, "TOTHER", every, noor.stage.clock()) == []


def test_loading_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 11, 30, 15, 0, tzinfo=UTC)

    monkeypatch.setattr(sys.modules["bot.cli.load"], "datetime", Then)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    own = {'# workspace = "T0123456789"': 'workspace = "T0123456789"'}

    def loads(changes: dict[str, str]) -> None:
        folder = school(tmp_path / "school", {**own, **changes})
        result = CliRunner().invoke(main, ["load", str(folder)], env={"DATABASE_URL": url})
        assert result.exit_code == 0, result.output

    loads({})
    store = Store(url)
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key.in_(["noor", "theo"])).values(slack_id=Person.key))
        for one in connection.execute(select(Person.id).where(Person.key.in_(["noor", "theo"]))).all():
            connection.execute(
                insert(Conversation).values(workspace="T0123456789", person_id=one.id, updated_at=Then.now())
            )
    loads({NOOR: LATER, THEO: ""})
    with store.read() as connection:
        rows = connection.execute(select(deliveries.c.recipient, deliveries.c.payload)).all()
    said = {(row.recipient, row.payload.get("template")) for row in rows}
    store.close()
    assert {("noor", "conference_moved"), ("theo", "conference_cancelled")} <= said
