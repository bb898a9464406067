"""A database that a newer version has made: every command that opens it says so and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from bot.cli.main import main
from bot.conference.doors import DOORS, Way
from bot.store.migrate import current, migrate
from bot.store.scope import every_workspace
from bot.store.session import Store
from tests.databases import postgresql_url
from tests.school.folders import CHARTER, CONFERENCES, ROSTER
from tests.store.seeding import seen

SAID = "The database is at revision 9999, which this version does not know: a newer version has made it. "
REMEDY = "Install that version again, or restore a backup from before."
OPENING = {
    "audit show": [],
    "audit verify": [],
    "backup": ["{folder}/copy.db"],
    "cadence": [],
    "consent": ["--student", "noor", "no"],
    "doctor": [],
    "erase": ["--student", "noor", "--yes"],
    "export": ["--student", "noor", "--out", "{folder}"],
    "keys rotate": [],
    "keys status": [],
    "load": ["{folder}/school"],
    "migrate": [],
    "outbox": [],
    "outbox drop": ["1f3a90c2"],
    "outbox retry": ["1f3a90c2"],
    "outbox show": ["1f3a90c2"],
    "packet": ["noor"],
    "purge": [],
    "restore-check": [],
    "run": [],
    "web": [],
    "worker": [],
}
"""The commands that open the database, each with what it needs to be told."""
CLOSED = {"demo", "example", "keys new", "manifest", "prompts check", "prompts safety"}
SEVERAL = {"web", "worker"}
"""Those that need PostgreSQL."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("newer")
    (where / "school").mkdir()
    for name, words in (("school.toml", CHARTER), ("roster.csv", ROSTER), ("conferences.csv", CONFERENCES)):
        (where / "school" / name).write_text(words, encoding="utf-8")
    return where


def of_a_newer_version(url: str) -> str:
    store = Store(url)
    migrate(store)
    with store.write() as connection, every_workspace(connection):
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    return url


@pytest.fixture(scope="module")
def sqlite(folder: Path) -> str:
    return of_a_newer_version(f"sqlite:///{folder / 'coach.db'}")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_url() as url:
        yield of_a_newer_version(url)


def run(url: str, folder: Path, verb: str, *more: str) -> Result:
    environ = {
        "DATABASE_URL": url, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "1" * 32,
        "SLACK_API_URL": "http://127.0.0.1:9/api/", "ENCRYPTION_KEYS": "", "SCHOOL_DIR": str(folder / "school"),
    }  # fmt: skip
    arguments = [one.format(folder=folder) for one in (*OPENING[verb], *more)]
    return CliRunner().invoke(main, [*verb.split(), *arguments], env=environ)


def test_every_command_either_opens_the_database_or_does_not() -> None:
    assert {door.name for door in DOORS if door.way is Way.CLI} == OPENING.keys() | CLOSED


@pytest.mark.parametrize("verb", OPENING)
def test_a_command_says_what_to_do_and_changes_nothing(verb: str, folder: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgresql" if verb in SEVERAL else "sqlite")
    result = run(url, folder, verb)
    assert result.exit_code == 1
    said = " ".join(result.output.split())  # however wide the terminal
    assert SAID.strip() in said
    assert REMEDY in said
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    store = Store(url)
    assert (current(store), seen(store).rows["person"]) == ("9999", [])
    store.close()


def test_looking_at_what_would_change_says_so_too(sqlite: str, folder: Path) -> None:
    assert run(sqlite, folder, "load", "--check").stderr.endswith(f"{SAID}{REMEDY}\n")
