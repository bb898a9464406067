"""A conversation with keys set: nobody notices, and the database holds none of what was said."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, make_url, select, text

from bot.cli.main import main
from bot.practice.stage import MONDAY, Stage, set_up
from bot.settings import Settings
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.models import ALL_METADATA, Copied
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import deliveries
from tests.slack.test_nudges import at
from tests.stages import LETTER, STRENGTHS, Student, agenda, school, told, url_of
from tests.trust.copied import rows

ONE = "k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
TWO = "k2:MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI="
WRONG = f"k1:{TWO[3:]}"
CAPTION = "You can see it in my lab notebook, page twelve."
CHANGED = "Things click for me when I draw them first."
ALARM = "sometimes I want to hurt myself"
TYPED = (*(words for name, words in {**LETTER, **STRENGTHS}.items() if name != "evidence"), CAPTION, CHANGED, ALARM)


@pytest.fixture(params=[ONE, ""], ids=["sealed", "plain"])
def keys(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path, keys: str) -> Iterator[Stage]:
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY, keys=keys) as stage:
        yield stage


def everything(store: Store) -> bytes:
    """All a database holds: on SQLite its files, pages that are no longer in use too; on PostgreSQL every row."""
    if store.sqlite:
        path = Path(make_url(url_of(store)).database or "")
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    with store.read() as connection:
        rows = [
            connection.execute(text(f'SELECT t::text FROM "{table.name}" t')).all()
            for metadata in ALL_METADATA
            for table in metadata.sorted_tables
        ]
    return repr(rows).encode()


def found(store: Store, words: str) -> bool:
    """Whether the words stand in the database, as they are or as JSON has them."""
    held = everything(store)
    return any(form in held for form in (words.encode(), words.replace("'", "''").encode()))


def test_a_student_goes_from_hello_to_agenda_and_only_with_keys_no_word_stands_in_the_database(
    store: Store, stage: Stage, keys: str
) -> None:
    noor = Student(stage)
    noor.answer(CAPTION)
    noor.edit(noor.said["learner"], CHANGED)
    noor.approve()
    assert CHANGED in agenda(stage)
    assert CAPTION in agenda(stage)
    at(stage, 8, "15:31")
    noor.say(ALARM)
    assert any("Noor Haddad" in text for text in told(stage, "bell"))
    assert [words for words in TYPED if found(store, words)] == ([] if keys else [*TYPED])
    with store.read() as connection:
        assert {one.key for one in sealing.counts(connection)} == {"k1" if keys else ""}


def test_no_token_and_no_key_stands_in_the_database_the_logs_or_what_the_bot_shows_of_itself(
    store: Store, stage: Stage, keys: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Student(stage).answer()
    workspace, bot = stage.workspace, stage.bot
    secrets = [workspace.bot_token, workspace.app_token, workspace.signing_secret, *filter(None, [keys[3:]])]
    settings = Settings(
        bot_token=workspace.bot_token, app_token=workspace.app_token, signing_secret=workspace.signing_secret,
        encryption_keys=keys,
    )  # fmt: skip
    shown = [repr(one) for one in (settings, bot, bot.house, bot.house.store, bot.house.store.keyring, bot.api)]
    logged = [caplog.text, *(repr(vars(record)) for record in caplog.records)]
    for secret in secrets:
        assert secret
        assert secret.encode() not in everything(store)
        assert not [one for one in (*shown, *logged) if secret in one]


class Terminal:
    """The command line on a database."""

    def __init__(self, store: Store) -> None:
        self._url = url_of(store)

    def run(self, *arguments: str, keys: str = "") -> Result:
        env = {
            "DATABASE_URL": self._url,
            "ENCRYPTION_KEYS": keys,
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
        }
        done = CliRunner().invoke(main, arguments, env={**os.environ, **env})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert not [one for one in (ONE[3:], TWO[3:]) if one in done.output]
        return done


@pytest.fixture
def terminal(store: Store, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    monkeypatch.setattr(schema, "migrate", lambda _store: ())
    return Terminal(store)


def test_keys_come_into_use_are_changed_and_are_taken_off_from_the_command_line(
    store: Store, terminal: Terminal, words: Words, tmp_path: Path
) -> None:
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY) as stage:
        Student(stage).answer()
    assert "k1" not in terminal.run("keys", "status", keys=ONE).output
    assert "All is sealed with k1." in terminal.run("keys", "rotate", keys=ONE).output
    assert not found(store, LETTER["helps"])
    shown = terminal.run("keys", "status", keys=f"{TWO},{ONE}").output
    assert "k1: opens" in shown
    assert "answer.text" in shown
    lacking = terminal.run("keys", "rotate", keys=TWO)
    assert (lacking.exit_code, "the key k1, which is not in ENCRYPTION_KEYS" in lacking.output) == (1, True)
    assert "All is sealed with k2." in terminal.run("keys", "rotate", keys=f"{TWO},{ONE}").output
    assert "k2: seals and opens" in terminal.run("keys", "status", keys=TWO).output
    assert "k2: not in ENCRYPTION_KEYS" in terminal.run("keys", "status", keys=ONE).output
    assert "Nothing is sealed any more." in terminal.run("keys", "rotate", "--plain", keys=TWO).output
    assert terminal.run("keys", "rotate").exit_code == 1


@pytest.mark.parametrize("command", ["run", "worker"])
def test_without_a_key_that_is_needed_the_bot_does_not_start(
    store: Store, terminal: Terminal, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(Words, "load", lambda *_, **__: words)
    if command == "worker" and store.sqlite:
        return
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY, keys=ONE) as stage:
        Student(stage).arrive()
    for keys in ("", TWO):
        done = terminal.run(command, keys=keys)
        assert done.exit_code == 1
        assert "In deliveries.payload there are values sealed with the key k1" in done.output


def test_a_new_key_has_the_next_number_and_can_be_used_as_it_is_printed(terminal: Terminal) -> None:
    first = terminal.run("keys", "new")
    assert first.stdout.startswith("k1:")
    assert Settings.read({"ENCRYPTION_KEYS": first.stdout.strip()}).keyring.names == ("k1",)
    assert terminal.run("keys", "new", keys=TWO).stdout.startswith("k3:")
    assert first.stdout.strip() not in first.stderr


@pytest.mark.parametrize("keys", ["", WRONG])
def test_without_the_right_key_no_command_writes_anything(
    store: Store, terminal: Terminal, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    monkeypatch.setenv("ERASURES", str(tmp_path / "erasures"))
    monkeypatch.setattr(schema, "current", lambda _store: schema.newest())
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "noor")
    folder = school(tmp_path / "school")
    with set_up(url_of(store), folder, words, MONDAY, keys=ONE) as stage:
        Student(stage).answer()
        roster = folder / "roster.csv"
        roster.write_text(roster.read_text().replace("Haddad", "Hadad"))
        charter = folder / "school.toml"
        charter.write_text(f'workspace = "{stage.bot.workspace}"\n{charter.read_text()}')
        with store.read() as connection:
            (one, *_) = connection.scalars(select(deliveries.c.id).where(deliveries.c.workspace == stage.bot.workspace))
        with store.write() as connection:
            connection.execute(insert(Copied).values(at=MONDAY))
    before = rows(store)
    for command in (
        ("consent", "no", "--student", "noor"),
        ("load", str(folder)),
        ("load", str(folder), "--check"),
        ("erase", "--student", "noor", "--leave-slack"),
        ("erase", "--resume"),
        ("purge",),
        ("export", "--student", "noor", "--out", str(tmp_path / "out")),
        ("packet", "noor", "--out", str(tmp_path / "out.pdf")),
        ("outbox", "retry", one),
        ("outbox", "drop", one),
        ("restore-check", "--no-ledger"),
        ("keys", "rotate"),
    ):
        done = terminal.run(*command, keys=keys)
        assert (command, done.exit_code) == (command, 1)
        told = "does not open" if keys else "sealed with the key k1, which is not in ENCRYPTION_KEYS"
        assert told in done.stderr or (command == ("keys", "rotate") and not keys), command
        assert rows(store) == before, command


def test_a_new_key_takes_no_id_that_is_in_use_in_the_database(
    store: Store, terminal: Terminal, words: Words, tmp_path: Path
) -> None:
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY, keys=TWO) as stage:
        Student(stage).arrive()
    assert terminal.run("keys", "new").stdout.startswith("k3:")
    assert terminal.run("keys", "new", keys=ONE).stdout.startswith("k3:")


def test_status_tries_each_key_on_what_it_sealed(
    store: Store, terminal: Terminal, words: Words, tmp_path: Path
) -> None:
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY, keys=ONE) as stage:
        Student(stage).arrive()
    right, wrong, none = (terminal.run("keys", "status", keys=keys) for keys in (ONE, WRONG, ""))
    assert (right.exit_code, "k1: seals and opens" in right.stdout) == (0, True)
    assert (wrong.exit_code, "k1: does not open" in wrong.stdout) == (1, True)
    assert (none.exit_code, "k1: not in ENCRYPTION_KEYS" in none.stdout) == (1, True)
