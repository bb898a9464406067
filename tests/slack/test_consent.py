"""A student who takes no part: nothing goes to them or about them, nothing of theirs is shown, until they do again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from bot.cli.main import main
from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.school import read_school
from bot.services.leaving import consent
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.services.speech import Kind
from bot.store import migrate as schema
from bot.store.models import Alert, Answer, Conference, Note, Person
from bot.store.session import Store
from bot.store.whose import rows_of
from bot.words import Words
from scheduler.outbox import Draft, State, deliveries
from tests.stages import LETTER, STRENGTHS, Student, school, told, url_of

FOUR_WEEKS = timedelta(weeks=4)
KEPT = ("noor", "mateo")
WORDS = (*LETTER.values(), STRENGTHS["best_at"], STRENGTHS["spot"], STRENGTHS["favourite"], "football field")
OFF = "Conference Coach is off for you right now"


def _is_kept(row: str) -> bool:
    key, role, *_ = cells = row.split(",")
    return set(cells[6].split()) <= set(KEPT) if role == "family" else role != "student" or key in KEPT


def _of_kept(row: str) -> bool:
    return row.split(",")[0] in KEPT


def small(folder: Path) -> Path:
    """The sample school with two students: every nudge goes to all of a school, and one is looked at."""
    school(folder)
    for name, keep in (("roster.csv", _is_kept), ("conferences.csv", _of_kept)):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()
        (folder / name).write_text("\n".join([head, *filter(keep, rows)]), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small(tmp_path / "small")


@pytest.fixture
def stage(store: Store, words: Words, folder: Path) -> Iterator[Stage]:
    with set_up(url_of(store), folder, words, MONDAY) as stage:
        yield stage


def number(stage: Stage, key: str = "noor") -> int:
    with stage.bot.house.store.read() as connection:
        found = connection.scalar(select(Person.id).where(Person.key == key))
    assert found is not None
    return found


def decide(stage: Stage, *, given: bool) -> None:
    """What the clerk's command does, and what the bot does after it."""
    house, workspace, student = stage.bot.house, stage.workspace.team_id, number(stage)
    stage.clock.advance(60)
    with house.store.write() as connection:
        drafts = consent.change(connection, workspace, student, house.clock(), given=given)
        assert drafts is not None
        house.outbox.put(connection, drafts, house.clock())
    stage.plan()
    stage.run()


def theirs(stage: Stage, *states: State) -> list[str]:
    """The kinds of the deliveries to or about the student in some states, but for alerts."""
    with stage.bot.house.store.read() as connection:
        mine = rows_of(deliveries, stage.workspace.team_id, number(stage))
        chosen = select(deliveries.c.kind).where(mine, deliveries.c.state.in_(states))
        return list(connection.scalars(chosen.where(~deliveries.c.subject.startswith("alert:"))))


def count(stage: Stage, model: type[Answer] | type[Note] | type[Alert]) -> int:
    with stage.bot.house.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def said_since(stage: Stage, ts: float) -> list[Message]:
    """Every message of the bot's, anywhere, since then, and what it has changed since."""
    return [
        message
        for channel in stage.workspace.channels.values()
        for message in channel.messages.values()
        if message.app and float(message.ts) > ts
    ]


# --- what waits, and what would have come ----------------------------------------------------------------------------


def test_everything_that_waits_for_them_or_is_about_them_is_cancelled_of_every_kind(
    noor: Student, stage: Stage
) -> None:
    noor.arrive()
    house, later = stage.bot.house, stage.clock() + timedelta(hours=1)
    with house.store.write() as connection:
        me, team = number(stage), stage.workspace.team_id
        held = connection.scalar(select(Conference.id).where(Conference.student_id == me))
        drafts = [
            Draft(team, kind, recipient, subject, {}, f"{kind}:{recipient}:{subject}", later)
            for kind in Kind
            for recipient, subject in (
                ("UNOOR", f"person:{me}"), ("UAMAL", f"conference:{held}"), (f"conference:{held}", "school"),
                ("mail:77", f"conference:{held}"), ("home:UNOOR", "slack:UNOOR"),
            )
        ]  # fmt: skip
        others = [Draft(team, "say", "UMATEO", "person:99", {}, "other", later),
                  Draft(team, "say", "UBELL", "alert:99", {}, "alert", later)]  # fmt: skip
        house.outbox.put(connection, [*drafts, *others], stage.clock())
        alert = select(Alert.id)
        assert connection.scalar(alert) is None
    assert len(theirs(stage, State.SCHEDULED)) == len(drafts)
    decide(stage, given=False)
    assert theirs(stage, State.SCHEDULED, State.SENDING, State.UNKNOWN) == []
    assert len(theirs(stage, State.CANCELLED)) >= len(drafts)
    with house.store.read() as connection:
        waits = select(deliveries.c.dedupe_key).where(deliveries.c.state == State.SCHEDULED)
        assert {"other", "alert"} <= set(connection.scalars(waits))


def test_an_alert_about_them_still_reaches_the_backup(noor: Student, stage: Stage) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say("i want to kill myself")
    decide(stage, given=False)
    before = len(told(stage, "ortiz"))
    stage.wait(minutes=31)
    assert len(told(stage, "ortiz")) > before


def test_in_the_four_weeks_after_nothing_is_sent_to_them_or_about_their_words_and_the_rest_goes_on(
    noor: Student, stage: Stage
) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    stage.plan()
    decide(stage, given=False)
    since, mateo = float(f"{stage.clock().timestamp():.6f}"), len(told(stage, "mateo"))
    sent = len(theirs(stage, State.SENT))
    for _ in stage.until(stage.clock() + FOUR_WEEKS):
        pass
    assert theirs(stage, State.SCHEDULED, State.SENDING, State.UNKNOWN) == []
    assert len(theirs(stage, State.SENT)) == sent
    shown = [message for message in said_since(stage, since) if any(word in message.shown for word in WORDS)]
    assert [message.shown for message in shown] == []
    assert not [message for message in said_since(stage, since) if message in noor.person.sees()]
    assert len(told(stage, "mateo")) > mateo  # the other student's quarter goes on


def test_the_agenda_comes_down_to_the_plan_and_the_files_leave_the_channel(noor: Student, stage: Stage) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    channel = stage.workspace.channel("conf-noor-12-10")
    assert channel is not None
    assert any(LETTER["learner"] in message.shown for message in channel.messages.values())
    assert [file for message in channel.messages.values() for file in message.files if file["title"] == "IMG_2231.png"]
    decide(stage, given=False)
    stage.wait(minutes=10)
    standing = [message for message in channel.messages.values() if message.app]
    assert not [message.shown for message in standing for word in WORDS if word in message.shown]
    there = [file for message in standing for file in message.files]
    assert not [file for file in there if file["name"].endswith(".pdf") or file["title"] == "IMG_2231.png"]


# --- what they do themselves -----------------------------------------------------------------------------------------


@pytest.fixture
def outside(noor: Student, stage: Stage) -> Student:
    """A student with an agenda who takes no part any more."""
    noor.finish()
    decide(stage, given=False)
    return noor


def test_whoever_writes_is_told_whom_to_ask_and_nothing_of_it_is_kept(outside: Student, stage: Stage) -> None:
    answers, notes = count(stage, Answer), count(stage, Note)
    outside.say("what about my agenda?")
    assert OFF in outside.last.shown
    assert "talk to Ms. Okafor" in outside.last.shown
    heard = len(outside.heard)
    outside.edit(outside.say("hello?"), "hello hello?")
    assert len(outside.heard) == heard + 1
    assert (count(stage, Answer), count(stage, Note), count(stage, Alert)) == (answers, notes, 0)


def test_an_alarming_word_still_comes_before_everything(outside: Student, stage: Stage) -> None:
    ts = outside.say("hi")
    outside.edit(ts, "i want to kill myself")
    assert "I've told Ms. Bell" in outside.last.shown
    assert "988" in outside.last.shown
    assert OFF in outside.last.shown
    assert count(stage, Alert) == 1
    bell = stage.people["bell"]
    assert bell.tap("Open it for you alone").ok
    assert bell.modal is not None
    assert "i want to kill myself" in bell.modal.shown


@pytest.mark.parametrize("label", ["Start", "That's my agenda"])
def test_a_button_that_still_stands_there_is_answered_likewise_and_does_nothing(
    outside: Student, stage: Stage, label: str
) -> None:
    answers = count(stage, Answer)
    button = next(message for message in outside.heard if label in message.buttons)
    outside.tap(label, button)
    assert OFF in outside.last.shown
    assert count(stage, Answer) == answers


def test_the_command_and_the_home_say_the_same(outside: Student, stage: Stage) -> None:
    assert outside.person.home is None or "agenda" not in outside.person.home.shown.lower()
    outside.person.command("/conference")
    outside.let()
    assert OFF in outside.last.shown
    outside.person.open_home("home")
    outside.let()
    assert outside.person.home is not None
    assert OFF in outside.person.home.shown
    outside.person.open_home("messages")
    outside.let()


def test_the_advisor_is_told_who_takes_no_part_and_reads_nothing_of_theirs(outside: Student, stage: Stage) -> None:
    okafor = stage.people["okafor"]
    okafor.open_home("home")
    outside.let()
    assert okafor.home is not None
    shown = okafor.home.shown
    assert not [word for word in WORDS if word in shown]
    assert "takes part right now: Noor" in shown
    okafor.command("/conference", "noor")
    outside.let()
    assert not [word for word in WORDS if word in "\n".join(told(stage, "okafor")[-2:])]


def test_given_again_everything_is_as_it_was(outside: Student, stage: Stage) -> None:
    decide(stage, given=True)
    outside.say("menu")
    assert "Your agenda" in outside.last.buttons
    channel = stage.workspace.channel("conf-noor-12-10")
    assert channel is not None
    assert any(LETTER["learner"] in message.shown for message in channel.messages.values())
    assert Kind.NUDGE in theirs(stage, State.SCHEDULED)


# --- by the roster, and by the clerk ---------------------------------------------------------------------------------


def load(stage: Stage, folder: Path, cell: str | None) -> list[str]:
    """Load the school with the student's consent in the roster (None: no such column); what changed."""
    file = folder / "roster.csv"
    head, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    width = head.index("contact") + 1
    said = [["consent"], *([cell if row[0] == "noor" else ""] for row in rows)] if cell is not None else []
    table = [(row + [""] * width)[:width] for row in (head, *rows)]
    full = [[*row, *more] for row, more in zip(table, said or [[]] * len(table), strict=True)]
    file.write_text("\n".join(map(",".join, full)), encoding="utf-8")
    house, team = stage.bot.house, stage.workspace.team_id
    read = read_school(folder, house.words.catalog.languages)
    with house.store.write() as connection:
        changes = load_school(connection, team, read, stage.clock())
        drafts = followed(connection, house.outbox, team, changes, stage.clock(), mails=False)
        house.outbox.put(connection, drafts, stage.clock())
    stage.run()
    return [f"{field.name} {field.before} {field.after}" for change in changes.changed for field in change.fields]


def takes_part(stage: Stage) -> bool:
    with stage.bot.house.store.read() as connection:
        row = connection.execute(select(Person.consent, Person.active).where(Person.key == "noor")).one()
    assert row.consent == row.active
    return row.active


def test_the_roster_withdraws_and_gives_and_where_it_says_nothing_it_changes_nothing(
    noor: Student, stage: Stage, folder: Path
) -> None:
    noor.arrive()
    assert load(stage, folder, "NO") == ["consent yes no"]
    assert not takes_part(stage)
    for cell in ("n", "", None):
        assert load(stage, folder, cell) == []
        assert not takes_part(stage)
    noor.say("hi")
    assert OFF in noor.last.shown
    assert load(stage, folder, "Sí") == ["consent no yes"]
    assert takes_part(stage)
    noor.say("hi")
    assert OFF not in noor.last.shown
    assert load(stage, folder, None) == []
    assert takes_part(stage)


def test_the_clerks_command_holds_at_once_and_for_the_next_load(
    noor: Student, stage: Stage, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    monkeypatch.setenv("DATABASE_URL", url_of(store))
    noor.arrive()
    stage.plan()

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["consent", *arguments])
        return done.stdout + done.stderr

    assert "Noor Haddad takes no part from now on" in run("--student", "noor", "no")
    assert theirs(stage, State.SCHEDULED) in ([], ["home"])
    assert "Nothing changed" in run("--student", "noor", "no")
    load(stage, folder, "")
    assert not takes_part(stage)
    assert "takes part again" in run("--student", "noor", "yes")
    assert takes_part(stage)
    assert Kind.NUDGE in theirs(stage, State.SCHEDULED)
    assert "Did you mean “noor”?" in run("--student", "nor", "no")
    assert "is no student" in run("--student", "okafor", "no")


def test_who_leaves_the_roster_is_asked_anew_when_they_come_back(noor: Student, stage: Stage, folder: Path) -> None:
    load(stage, folder, "no")
    rows = {name: (folder / name).read_text(encoding="utf-8") for name in ("roster.csv", "conferences.csv")}
    for name, text in rows.items():
        kept = [row for row in text.splitlines() if "noor" not in row]
        (folder / name).write_text("\n".join(kept), encoding="utf-8")
    load(stage, folder, None)
    with stage.bot.house.store.read() as connection:
        row = connection.execute(select(Person.consent, Person.active).where(Person.key == "noor")).one()
    assert (row.consent, row.active) == (True, False)
    for name, text in rows.items():
        (folder / name).write_text(text, encoding="utf-8")
    load(stage, folder, None)
    assert takes_part(stage)


# --- leaving Slack ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["noor", "amal"])
def test_nothing_of_any_kind_goes_to_an_account_that_is_gone(noor: Student, stage: Stage, key: str) -> None:
    noor.arrive()
    house, later, account = stage.bot.house, stage.clock() + timedelta(minutes=5), stage.people[key].id
    with house.store.write() as connection:
        team = stage.workspace.team_id
        drafts = [Draft(team, kind, account, "school", {}, f"{kind}", later) for kind in Kind]
        house.outbox.put(connection, drafts, stage.clock())
    stage.people[key].deactivate()
    stage.run()
    stage.plan()
    for _ in stage.until(stage.clock() + timedelta(days=3)):
        pass
    with house.store.read() as connection:
        to = deliveries.c.recipient == account
        went = select(deliveries.c.kind).where(to, deliveries.c.state == State.SENT, deliveries.c.due_at >= later)
        left = select(deliveries.c.kind).where(to, deliveries.c.settled_at.is_(None))
        assert (list(connection.scalars(went)), list(connection.scalars(left))) == ([], [])
