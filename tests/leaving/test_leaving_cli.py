"""`conference-coach erase` and `purge`: what they say before, what they do, and what they do not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from bot.cli import erase as command
from bot.cli.main import main
from bot.services.leaving import ledger
from bot.store import migrate as schema
from bot.store.models import Alert, Erasure, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.pace import UNLIMITED
from tests.leaving.erased import over, rows
from tests.stages import LETTER, STRENGTHS, Student, conference_channels, staged, url_of


@pytest.fixture
def noor(store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Student]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    monkeypatch.setattr(command, "LIMITS", UNLIMITED)
    with staged(store, words, tmp_path / "school") as stage:
        monkeypatch.setenv("DATABASE_URL", url_of(store))
        monkeypatch.setenv("SLACK_BOT_TOKEN", stage.workspace.bot_token)
        monkeypatch.setenv("SLACK_API_URL", stage.workspace.api_url)
        monkeypatch.setenv("ERASURES", str(tmp_path / "erasures"))
        noor = Student(stage)
        noor.arrive()
        noor.tap("Start")
        noor.say(LETTER["learner"])
        yield noor


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments], input=typed)


def test_looking_first_counts_and_changes_nothing(noor: Student, store: Store) -> None:
    before = rows(store)
    done = run("erase", "--student", "noor", "--dry-run")
    assert done.exit_code == 0
    assert "  answer: 1\n" in done.stdout
    assert "Messages of the coach in Slack, as far as they are known: 3\n" in done.stdout
    assert done.stdout.endswith("Nothing was changed.\n")
    assert rows(store) == before


def test_who_types_another_id_changes_nothing(noor: Student, store: Store) -> None:
    before = rows(store)
    done = run("erase", "--student", "noor", typed="mina\n")
    assert done.exit_code == 1
    assert "That is not the id. Nothing was erased." in done.stderr
    assert rows(store) == before


def test_erased_it_says_what_is_left_by_id_and_no_word(noor: Student, store: Store, tmp_path: Path) -> None:
    done = run("erase", "--student", "noor", typed="noor\n")
    assert done.exit_code == 0
    assert "1 × message: not posted by the coach" in done.stdout
    assert "Erased: noor." in done.stdout
    assert not {"Things click", "Haddad"} & {part for part in ("Things click", "Haddad") if part in done.output}
    assert noor.heard == []
    assert len(ledger.read(tmp_path / "erasures")) == 1
    again = run("erase", "--student", "noor", "--yes")
    assert (again.exit_code, "There is nothing of theirs here." in again.stdout) == (0, True)


def test_without_a_token_it_is_begun_and_says_how_to_go_on(
    noor: Student, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = noor.stage.workspace.bot_token
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    done = run("erase", "--student", "noor", "--yes")
    assert (done.exit_code, "conference-coach erase --resume" in done.stderr) == (1, True)
    with store.read() as connection:
        assert connection.scalar(select(Person.active).where(Person.key == "noor")) is False
    monkeypatch.setenv("SLACK_BOT_TOKEN", token)
    assert "Erasures that were finished: 1." in run("erase", "--resume").stdout
    assert "No erasure is left unfinished." in run("erase", "--resume").stdout
    with store.read() as connection:
        assert connection.execute(select(Person.id).where(Person.key == "noor")).first() is None


def test_slack_can_be_left_alone_and_is_listed(noor: Student, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    heard = [message.shown for message in noor.heard]
    done = run("erase", "--student", "noor", "--yes", "--leave-slack")
    assert (done.exit_code, "3 × message: not tried" in done.stdout) == (0, True)
    im = noor.stage.workspace.im(noor.person.id).id
    own = [message.ts for message in noor.person.sees() if not message.app and message.text == LETTER["learner"]]
    assert f"    message {im}:{own[0]}\n" in done.stdout
    assert "1 × message: not posted by the coach: whoever posted it, or a workspace owner" in done.stdout
    assert done.stdout.count("a workspace owner") == 2
    assert [message.shown for message in noor.heard] == heard
    with store.read() as connection:
        assert connection.scalar(select(Erasure.done_at)) is not None


def test_the_channel_is_listed_too_where_slack_is_left_alone(noor: Student) -> None:
    for text in [*list(LETTER.values())[1:], *STRENGTHS.values()]:
        noor.say(text)
    noor.approve()
    channel = conference_channels(noor.stage)[0].id
    done = run("erase", "--student", "noor", "--yes", "--leave-slack")
    assert f"    channel {channel}\n" in done.stdout
    assert "1 × channel: the channel stays, with its name: a workspace owner has to" in done.stdout


def test_looking_first_says_that_it_would_be_refused_and_why(noor: Student, store: Store) -> None:
    advisor = run("erase", "--person", "okafor", "--dry-run")
    assert "It would be refused: “okafor” is the advisor of" in advisor.stdout
    noor.say("i want to kill myself")
    before = rows(store)
    waits = run("erase", "--student", "noor", "--with-alerts", "--dry-run")
    assert (waits.exit_code, "It would be refused: 1 safeguarding alert(s)" in waits.stdout) == (0, True)
    assert "--with-alerts does not cover alerts nobody has taken." in waits.stdout
    assert waits.stdout.endswith("Nothing was changed.\n")
    assert rows(store) == before
    with store.write() as connection:
        bell = connection.scalar(select(Person.id).where(Person.key == "bell"))
        connection.execute(update(Alert).values(taken_by=bell, taken_at=noor.stage.clock()))
    assert "then say --with-alerts" in run("erase", "--student", "noor", "--dry-run").stdout
    assert "refused" not in run("erase", "--student", "noor", "--with-alerts", "--dry-run").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say one of --student KEY"),
        (("--student", "noor", "--resume"), "Say one of --student KEY"),
        (("--student", "nobody"), "There is nobody with the id “nobody” here."),
        (("--person", "noor"), "Write: conference-coach erase --student noor"),
        (("--student", "okafor"), "“okafor” is an advisor. Write: conference-coach erase --person okafor"),
        (("--student", "reyes"), "“reyes” is a teacher. Write: conference-coach erase --person reyes"),
        (("--person", "bell", "--yes"), "gets the safeguarding alerts"),
        (("--allow", "noor"), "Nobody with the id “noor” was erased here"),
    ],
)
def test_what_it_cannot_do_it_says_with_the_remedy(
    noor: Student, store: Store, arguments: tuple[str, ...], says: str
) -> None:
    before = rows(store)
    done = run("erase", *arguments)
    assert (done.exit_code, says in done.stderr) == (1, True)
    assert rows(store) == before


def test_nothing_is_begun_where_the_ledger_cannot_be_written_or_is_damaged(
    noor: Student, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(store)
    path = tmp_path / "erasures"
    path.write_text("what was it\n")
    damaged = run("erase", "--student", "noor", "--yes", "--leave-slack")
    assert (damaged.exit_code, f"{path}, line 1: This is no entry" in damaged.stderr) == (1, True)
    monkeypatch.setattr(ledger, "place", lambda _settings: tmp_path / "none" / "erasures")
    for arguments in (("--student", "noor", "--yes", "--leave-slack"), ("--resume",)):
        done = run("erase", *arguments)
        assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
        assert "The ledger of erasures cannot be written" in done.stderr
        assert "\nERASURES: " in done.stderr
    assert rows(store) == before


class TestPurge:
    def test_where_no_year_is_over_it_says_so(self, noor: Student) -> None:
        assert run("purge").stdout == "No school year is over for long enough. Nothing was changed.\n"

    def test_it_counts_first_and_then_lets_go(self, noor: Student, store: Store) -> None:
        over(noor.stage)
        foreseen = run("purge", "--dry-run")
        assert "  answer: 1\n" in foreseen.stdout
        assert foreseen.stdout.endswith("Nothing was changed.\n")
        done = run("purge")
        assert done.exit_code == 0
        assert "rows of 1 person are gone." in done.stdout
        assert run("purge").stdout.endswith(": Nothing was left to take out.\n")
        assert rows(store)["answer"] == []
