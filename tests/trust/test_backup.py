"""Copies of the database, and what becomes of one that is put back: nothing old is sent, and conversations go on."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert, make_url, select, text, update

from bot.app import Bot, build, ready
from bot.cli.main import main
from bot.practice.stage import Stage
from bot.services import restoring
from bot.services.audit import chain
from bot.services.audit.trail import CLI, Act, note
from bot.services.leaving import ledger
from bot.services.leaving.ledger import Entry
from bot.services.restoring import Restored
from bot.services.speech import Kind, Saying
from bot.settings import Settings
from bot.store import copies
from bot.store import migrate as schema
from bot.store.copies import CopyError, pg_tool
from bot.store.models import Alert, Audit, Copied, Person, School
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import State, deliveries
from scheduler.operating import RESTORED
from scheduler.outbox import Draft, Outbox
from scheduler.pace import UNLIMITED
from tests.scheduler.fakes import stored
from tests.slack.afterwards import around
from tests.stages import Student, url_of
from tests.trust.copied import copied, marks, put_back, rows, tools

NOW = datetime(2026, 11, 1, 15, 0, tzinfo=UTC)
T = "T1"
CANARY = "zwergkaninchen im hof"


def a_school(store: Store, workspace: str = T) -> None:
    with store.write() as connection:
        connection.execute(insert(School).values(
            workspace=workspace, name=CANARY, time_zone="America/New_York", language="en", grade_band="middle",
            level="full", quiet_from="20:00", quiet_until="07:00", counselors={"keys": []}, helplines={},
            loaded_at=NOW, keep_days=90, hours="",
        ))  # fmt: skip


# --- the copy ------------------------------------------------------------------------------------------------------


def test_a_copy_holds_everything_and_a_mark_which_the_database_itself_has_not(store: Store, tmp_path: Path) -> None:
    a_school(store)
    before = rows(store)
    with put_back(store, copied(store, tmp_path, NOW), tmp_path) as again:
        assert rows(again, but=("copied",)) == rows(store, but=("copied",))
        assert marks(again) == [NOW]
    assert rows(store) == before


def test_only_its_maker_can_read_it_and_nothing_else_is_left_beside_it(store: Store, tmp_path: Path) -> None:
    tools(store)
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / ".copy.killed.part").write_text("left by one that was killed")
    copies.copy(store, folder / "copy", NOW)
    assert [file.name for file in folder.iterdir()] == ["copy"]
    assert stat.S_IMODE((folder / "copy").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(store: Store, tmp_path: Path) -> None:
    tools(store)
    target = tmp_path / "copy"
    target.write_text("another")
    with pytest.raises(CopyError, match="--force"):
        copies.copy(store, target, NOW)
    assert target.read_text() == "another"
    copies.copy(store, target, NOW, force=True)
    assert target.stat().st_size > 1000


def test_neither_the_database_itself_nor_a_folder_is_written_over(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CopyError, match="a folder"):
        copies.copy(store, tmp_path, NOW, force=True)
    with pytest.raises(CopyError, match="no such folder"):
        copies.copy(store, tmp_path / "none" / "copy", NOW)
    if store.sqlite:
        with pytest.raises(CopyError, match="itself"):
            copies.copy(store, Path(store.engine.url.database or ""), NOW, force=True)


def test_what_is_being_written_is_in_it_whole_or_not_at_all(store: Store, tmp_path: Path) -> None:
    a_school(store)
    with store.write() as connection:
        connection.execute(insert(Person).values(workspace=T, key="a", role="student", name="A", language="en"))
        connection.execute(update(School).where(School.workspace == T).values(name="half done"))
        file = copied(store, tmp_path, NOW) if store.sqlite else _beside(store, tmp_path)
    with put_back(store, file, tmp_path) as again, again.read() as connection:
        assert connection.scalars(select(School.name)).all() == [CANARY]
        assert connection.scalars(select(Person.key)).all() == []


def _beside(store: Store, folder: Path) -> Path:
    """By an engine of another process, as it were."""
    other = Store(url_of(store))
    try:
        return copied(other, folder, NOW)
    finally:
        other.close()


def test_no_byte_of_what_was_deleted_is_in_it(store: Store, tmp_path: Path) -> None:
    a_school(store)
    with store.write() as connection:
        for number in range(200):
            name = f"{CANARY} {number}"
            person = {"workspace": T, "key": f"p{number}", "role": "student", "name": name, "language": "en"}
            connection.execute(insert(Person).values(**person))
    with store.write() as connection:
        connection.execute(delete(Person))
        connection.execute(update(School).values(name="a school"))
    file = copied(store, tmp_path, NOW)
    if store.sqlite:
        live = Path(store.engine.url.database or "")
        still = live.read_bytes() + live.with_name(f"{live.name}-wal").read_bytes()
        assert CANARY.encode() in still, "the test shows nothing: the database itself has let go of it"
        assert CANARY.encode() not in file.read_bytes()
        with sqlite3.connect(file) as made:
            assert made.execute("PRAGMA freelist_count").fetchone() == (0,)
    else:
        plain = subprocess.run([pg_tool("pg_restore"), "-f", "-", str(file)], capture_output=True, check=True)
        assert b"a school" in plain.stdout
        assert CANARY.encode() not in plain.stdout


def test_without_pg_dump_it_says_what_to_install(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if store.sqlite:
        pytest.skip("SQLite needs no program")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(copies, "DEBIAN", tmp_path)
    with pytest.raises(CopyError, match="postgresql-client"):
        copies.copy(store, tmp_path / "copy", NOW)
    assert list(tmp_path.iterdir()) == []
    assert marks(store) == []


def test_a_copy_that_fails_leaves_neither_a_file_nor_a_mark(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.sqlite:
        Path(store.engine.url.database or "").write_bytes(b"no database at all" * 1000)
    else:
        tool = tmp_path / "pg_dump"
        tool.write_text("#!/bin/sh\necho 'pg_dump: error: no' >&2\nexit 1\n")
        tool.chmod(0o700)
        monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "copies"
    folder.mkdir()
    with pytest.raises(CopyError, match="could not be copied"):
        copies.copy(store, folder / "copy", NOW)
    assert list(folder.iterdir()) == []
    if not store.sqlite:
        assert marks(store) == []


def test_a_password_is_no_argument_of_a_program() -> None:
    url = make_url("postgresql+psycopg://coach:geheim@host:5432/school?sslmode=require")
    secrets, plain = copies._conninfo(url)
    assert secrets == {"PGPASSWORD": "geheim"}
    assert "geheim" not in plain
    assert {"host=host", "port=5432", "user=coach", "dbname=school", "sslmode=require"} == set(plain.split())


# --- what lies, and what does not ----------------------------------------------------------------------------------


def put(store: Store, key: str, due: datetime, state: State = State.SCHEDULED, subject: str = "person:1") -> str:
    draft = Draft(T, Kind.SAY, "U1", subject, Saying("paused", {"student": "A"}).payload("en"), key, due)
    with store.write() as connection:
        (one,) = Outbox("test").put(connection, [draft], NOW)
        here = update(deliveries).where(deliveries.c.workspace == T, deliveries.c.id == one.id)
        held = {"owner": "me", "lease_until": NOW} if state is State.SENDING else {}
        settled = NOW if state in (State.SENT, State.DEAD) else None
        connection.execute(here.values(state=state, settled_at=settled, **held))
    return one.id


def restore(store: Store, now: datetime = NOW, entries: tuple[Entry, ...] = ()) -> Restored:
    return restoring.restored(store, Outbox("restore"), entries, now)


HOUR = timedelta(hours=1)


def test_what_was_due_or_in_hand_lies_and_what_is_to_come_waits(store: Store) -> None:
    a_school(store)
    for state in (State.SCHEDULED, State.SENDING, State.UNKNOWN, State.SENT, State.DEAD):
        put(store, f"old {state}", NOW - HOUR, state)
    put(store, "sending early", NOW + HOUR, State.SENDING)
    put(store, "to come", NOW + HOUR)
    done = restore(store)
    found = {key: (one.state, one.reason) for key, one in stored(store).items()}
    lies = (State.CANCELLED, RESTORED)
    assert found == {
        "old scheduled": lies, "old sending": lies, "old unknown": lies, "sending early": lies,
        "old sent": (State.SENT, None), "old dead": (State.DEAD, None), "to come": (State.SCHEDULED, None),
    }  # fmt: skip
    assert [(one.kind, one.state, one.number) for one in done.counts] == [("say", State.CANCELLED, 4)]


def test_the_word_of_an_alert_nobody_has_taken_up_is_looked_for_and_not_forgotten(store: Store) -> None:
    a_school(store)
    with store.write() as connection:
        student = insert(Person).values(workspace=T, key="a", role="student", name="A", language="en")
        person = connection.execute(student.returning(Person.id)).scalar_one()
        alert = {"workspace": T, "student_id": person, "level": "explicit", "raised_at": NOW}
        connection.execute(insert(Alert).values(id=1, **alert))
        connection.execute(insert(Alert).values(id=2, **alert, taken_by=person, taken_at=NOW))
    put(store, "open", NOW - HOUR, State.SENDING, "alert:1")
    put(store, "taken", NOW - HOUR, State.SCHEDULED, "alert:2")
    put(store, "escalates", NOW + HOUR, State.SCHEDULED, "alert:1")
    restore(store)
    found = stored(store)
    assert {key: one.state for key, one in found.items()} == {
        "open": State.UNKNOWN, "taken": State.CANCELLED, "escalates": State.SCHEDULED,
    }  # fmt: skip
    assert (found["open"].wanted, found["open"].owner, found["open"].next_at) == (True, None, NOW)


def test_looking_only_changes_nothing_and_tells_the_same(store: Store) -> None:
    a_school(store)
    put(store, "old", NOW - HOUR)
    put(store, "unknown", NOW - HOUR, State.UNKNOWN)
    before = rows(store)
    foretold = restoring.foretold(store, (), NOW)
    assert rows(store) == before
    assert replace(restore(store), planned=0) == foretold


def test_it_may_be_done_again(store: Store) -> None:
    a_school(store)
    put(store, "old", NOW - HOUR)
    restore(store)
    before = rows(store, but=("audit",))
    assert restore(store, NOW + timedelta(minutes=1)).counts == ()
    assert rows(store, but=("audit",)) == before


def test_the_mark_goes_and_an_entry_says_who_took_it_away(store: Store) -> None:
    a_school(store)
    with store.write() as connection:
        connection.execute(insert(Copied).values(at=NOW - HOUR))
    assert restore(store).copied_at == NOW - HOUR
    assert marks(store) == []
    with store.read() as connection:
        found = connection.execute(select(Audit.actor, Audit.act, Audit.kind)).one()
    assert tuple(found) == (CLI, Act.CHANGED, "restored")


def test_two_schools_in_one_database_are_both_looked_over(store: Store) -> None:
    a_school(store)
    a_school(store, "T2")
    put(store, "old", NOW - HOUR)
    with store.write() as connection:
        connection.execute(update(deliveries).values(workspace="T2"))
    put(store, "other", NOW - HOUR)
    restore(store)
    assert {one.state for one in stored(store).values()} == {State.CANCELLED}


# --- is it sound? --------------------------------------------------------------------------------------------------


def test_a_database_that_is_whole_has_nothing_wrong(store: Store) -> None:
    a_school(store)
    assert restoring.health(store) == restoring.Health()


def test_a_foreign_key_or_table_that_did_not_come_back_is_missed(store: Store) -> None:
    if store.sqlite:
        with store.write() as connection:
            connection.execute(text("DROP TABLE cue").execution_options(every_workspace=True))
            connection.execute(text("CREATE TABLE cue (conference_id INTEGER)").execution_options(every_workspace=True))
        missing = ("cue.conference_id",)
    else:
        with store.write() as connection:
            names = "fk_cue_conference_id_conference"
            statement = text(f"ALTER TABLE cue DROP CONSTRAINT {names}").execution_options(every_workspace=True)
            connection.execute(statement)
        missing = ("cue.conference_id",)
    try:
        assert restoring.health(store).missing == missing
        assert restoring.health(store).broken
    finally:
        if not store.sqlite:
            again = "ALTER TABLE cue ADD CONSTRAINT fk_cue_conference_id_conference FOREIGN KEY (conference_id) "
            statement = text(f"{again} REFERENCES conference (id)").execution_options(every_workspace=True)
            with store.write() as connection:
                connection.execute(statement)


def test_a_damaged_file_is_told_from_a_whole_one(store: Store, tmp_path: Path) -> None:
    if not store.sqlite:
        pytest.skip("PostgreSQL looks after its own files")
    a_school(store)
    with store.write() as connection:
        for number in range(300):
            person = {"workspace": T, "key": f"p{number}", "role": "student", "name": "A" * 200, "language": "en"}
            connection.execute(insert(Person).values(**person))
    file = copied(store, tmp_path, NOW)
    content = bytearray(file.read_bytes())
    middle = content.index(b"A" * 200)
    page = middle - middle % 4096
    content[page : page + 64] = b"\xff" * 64
    file.write_bytes(content)
    with put_back(store, file, tmp_path) as again:
        assert restoring.health(again).damage


def test_schools_that_were_mixed_and_a_trail_that_was_changed_are_told(store: Store) -> None:
    a_school(store)
    a_school(store, "T2")
    with store.write() as connection:
        person = {"role": "student", "name": "A", "language": "en"}
        connection.execute(insert(Person).values(id=1, workspace="T2", key="a", **person))
        connection.execute(insert(Person).values(id=2, workspace=T, key="b", advisor_id=1, **person))
        note(connection, T, NOW, CLI, Act.SAW, "agenda")
    chain.tie(store, T)
    with store.write() as connection:
        connection.execute(update(Audit).values(kind="other"))
    found = restoring.health(store)
    assert [(one.table, one.column, one.rows) for one in found.strays] == [("person", "advisor_id", 1)]
    assert [(workspace, fault.kind) for workspace, fault in found.trails] == [(T, chain.Kind.CHANGED)]
    assert not found.broken


# --- on stage: a second bot on the restored copy, in the same Slack ------------------------------------------------


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    tools(store)
    with around(store, words, tmp_path / "school", ("noor", "theo")) as stage:
        yield stage


@contextmanager
def second_life(stage: Stage, store: Store, words: Words) -> Iterator[Stage]:
    """The school goes on with this database, in the same Slack, at the same time."""
    practice = stage.workspace
    settings = Settings(
        bot_token=practice.bot_token, app_token=practice.app_token, signing_secret=practice.signing_secret,
        api_url=practice.api_url, database_url=url_of(store), erasures=Path(mkdtemp()) / ledger.NAME,
    )  # fmt: skip
    bot: Bot = build(settings, words, clock=stage.clock, limits=UNLIMITED)
    ready(bot)
    practice.attach(bot.app)
    try:
        yield replace(stage, bot=bot)
    finally:
        bot.stop()
        practice.attach(stage.bot.app)


def messages(stage: Stage) -> Counter[str]:
    """All the bot ever said, anywhere."""
    return Counter(
        f"{channel.id} {message.shown}"
        for channel in stage.workspace.channels.values()
        for message in channel.messages.values()
        if message.app
    )


@pytest.mark.parametrize("planned", [True, False])
def test_nothing_old_is_sent_again_and_the_open_question_can_still_be_answered(
    store: Store, stage: Stage, words: Words, tmp_path: Path, planned: bool
) -> None:
    if planned:  # else it is only after the copy was taken
        stage.plan()
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")
    file = copied(store, tmp_path, stage.clock())
    end = stage.clock() + timedelta(days=2)
    for _ in stage.until(end):
        pass
    said = messages(stage)
    with put_back(store, file, tmp_path) as again:
        waiting = sum(one.due_at <= stage.clock() for one in stored(again).values() if one.settled_at is None)
        assert (waiting > 3) is planned
        done = restoring.restored(again, Outbox("restore"), (), stage.clock())
        assert sum(one.number for one in done.counts) == waiting
        left = [one for one in stored(again).values() if one.settled_at is None and one.due_at <= stage.clock()]
        assert left == []
        with second_life(stage, again, words) as life:
            life.plan()
            life.wait(minutes=1)
            assert messages(stage) == said
            student = Student(life)
            question = student.last.shown
            student.say("Things click for me when I build them with my hands.")
            assert student.last.shown != question
            with again.read() as connection:
                answers = connection.execute(
                    text("SELECT question FROM answer").execution_options(every_workspace=True)
                )
                assert answers.scalars().all() == ["learner"]
            for _ in life.until(stage.clock() + timedelta(days=2)):
                pass
            assert sum((messages(stage) - said).values()) > 1, "what is to come is sent"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_question_that_was_on_its_way_is_asked_once(
    store: Store, stage: Stage, words: Words, tmp_path: Path, arrived: bool
) -> None:
    noor = Student(stage)
    noor.arrive()
    stage.clock.advance(1)
    assert noor.person.tap("Start").ok  # the question waits for its turn to be sent
    before = len(noor.heard)
    file = copied(store, tmp_path, stage.clock())
    if arrived:
        noor.let()
        assert len(noor.heard) > before
    with put_back(store, file, tmp_path) as again:
        stage.clock.advance(hours=1)
        done = restoring.restored(again, Outbox("restore"), (), stage.clock())
        assert [one.number for one in done.counts if one.state is State.UNKNOWN] == [1]
        with second_life(stage, again, words) as life:
            for _ in range(6):
                life.wait(seconds=11)
            student = Student(life)
            assert len([one for one in student.heard if one.shown == student.last.shown]) == 1
            assert len(student.heard) > before
            student.say("Things click for me when I build them with my hands.")
            assert student.last.shown != student.heard[before].shown


def test_whoever_was_erased_since_is_erased_again(store: Store, stage: Stage, tmp_path: Path) -> None:
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")
    noor.say(CANARY)
    workspace, at = stage.workspace.team_id, stage.clock()
    file = copied(store, tmp_path, at)
    erased = Entry(workspace, ledger.digest(workspace, "noor"), at + HOUR)
    earlier = Entry(workspace, ledger.digest(workspace, "theo"), at - HOUR)
    with put_back(store, file, tmp_path) as again:
        assert restoring.foretold(again, (earlier, erased), at + 2 * HOUR).erased == 1
        done = restoring.restored(again, Outbox("restore"), (earlier, erased), at + 2 * HOUR)
        assert done.erased == 1
        with again.read() as connection:
            keys = set(connection.scalars(select(Person.key).where(Person.workspace == workspace)))
        assert ("noor" in keys, "theo" in keys) == (False, True)
        assert CANARY not in str(rows(again))
        if again.sqlite:
            again.close()
            for path in tmp_path.glob("restored.db*"):
                assert CANARY.encode() not in path.read_bytes()


# --- the commands --------------------------------------------------------------------------------------------------


@pytest.fixture
def run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    tools(store)
    a_school(store)

    def command(*words: str, of: Store | None = None) -> Result:
        places = {"DATABASE_URL": url_of(of or store), "ERASURES": str(tmp_path / "erasures")}
        return CliRunner().invoke(main, [*words], env=places)

    return command


def test_the_whole_way_by_the_commands(store: Store, run: Callable[..., Result], tmp_path: Path) -> None:
    put(store, "old", NOW - HOUR)
    file = tmp_path / "copy"
    made = run("backup", str(file))
    assert (made.exit_code, "bytes" in made.output) == (0, True)
    assert run("backup", str(file)).exit_code == 1
    with put_back(store, file, tmp_path) as again:
        dry = run("restore-check", "--dry-run", "--no-ledger", of=again)
        assert "Due before now, and not sent again: 1\n  say: 1\n" in dry.output
        assert "Nothing was changed." in dry.output
        assert "There is no ledger of erasures" in dry.stderr
        assert len(marks(again)) == 1
        done = run("restore-check", "--no-ledger", of=again)
        assert done.exit_code == 0
        assert "The database is whole" in done.output
        assert "A bot may be started on it." in done.output
        assert marks(again) == []
        once_more = run("restore-check", of=again)
        assert "It bears no mark of a copy, so nothing is to be done." in once_more.output
        assert run("restore-check", "--unmarked", "--no-ledger", of=again).exit_code == 0


def test_no_bot_starts_on_a_copy(store: Store, stage: Stage, words: Words, tmp_path: Path) -> None:
    with (
        put_back(store, copied(store, tmp_path, NOW), tmp_path) as again,
        pytest.raises(CopyError, match=r"copy taken at 2026-11-01 15:00 UTC.*restore-check"),
        second_life(stage, again, words),
    ):
        pass


def test_a_trail_that_does_not_hold_stops_it_unless_that_is_wanted(store: Store, run: Callable[..., Result]) -> None:
    with store.write() as connection:
        connection.execute(insert(Copied).values(at=NOW))
        note(connection, T, NOW, CLI, Act.SAW, "agenda")
    chain.tie(store, T)
    with store.write() as connection:
        connection.execute(update(Audit).values(kind="other"))
    stopped = run("restore-check")
    assert (stopped.exit_code, marks(store)) == (1, [NOW])
    assert "the audit trail of T1: Entry 1 is not what it was" in stopped.stderr
    assert run("restore-check", "--anyway", "--no-ledger").exit_code == 0
    assert marks(store) == []


def test_without_a_sound_ledger_nothing_is_done_unless_that_is_wanted(
    store: Store, run: Callable[..., Result], tmp_path: Path
) -> None:
    with store.write() as connection:
        connection.execute(insert(Copied).values(at=NOW))
    path, line = tmp_path / "erasures", f"{T} {ledger.digest(T, 'a')} {NOW.isoformat()} erased\n"
    before = rows(store)
    missing = run("restore-check")
    assert (missing.exit_code, f"There is no ledger of erasures ({path})" in missing.stderr) == (1, True)
    assert "--no-ledger" in missing.stderr
    path.write_text(line + "cut\n" + line)
    damaged = run("restore-check", "--no-ledger")
    assert (damaged.exit_code, f"{path}, line 2: This is no entry" in damaged.stderr) == (1, True)
    assert rows(store) == before
    path.write_text(line + line[:20])
    torn = run("restore-check")
    assert (torn.exit_code, f"{path}, line 2: It was cut off" in torn.stderr) == (0, True)
    assert f"The ledger of erasures: 1 entries ({path})." in torn.stdout


def test_the_ledger_s_place_is_told_in_full(
    store: Store, run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(main, ["backup", "copy"], env={"DATABASE_URL": url_of(store), "ERASURES": "erasures"})
    assert made.stdout.endswith(f"the ledger of erasures: {tmp_path / 'erasures'}\n")


@pytest.mark.parametrize("damage", ["no database", "a page", "the head"])
def test_of_a_broken_file_it_is_said_that_another_backup_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = tmp_path / "coach.db"
    made = Store(f"sqlite:///{path}")
    schema.migrate(made)
    a_school(made)
    made.close()
    content = bytearray(path.read_bytes())
    begins, ends = {"no database": (0, 100), "a page": (100, 4096), "the head": (16, 100)}[damage]
    content[begins:ends] = b"\xff" * (ends - begins)
    path.write_bytes(content)
    for words in (("restore-check",), ("audit", "verify")):
        done = CliRunner().invoke(main, [*words], env={"DATABASE_URL": f"sqlite:///{path}"})
        assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
        assert "The database is not whole:" in done.stderr
        assert "Restore it again, or another backup." in done.stderr
        assert "DATABASE_URL" not in done.stderr
