"""What a technician reads, what a program reads, and what neither ever sees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.doctor.finding import State
from bot.doctor.table import CHECKS
from bot.settings import Name
from bot.store.keyring import new_key
from tests.doctor.clinic import Clinic

KEYS = {"group", "name", "state", "said", "concerns", "remedy"}
CANARY = "kanarigelb"
WHO = f"coach:{CANARY}"
WHOLE = {
    "SLACK_BOT_TOKEN": f"xoxb-{CANARY}-1",
    "SLACK_APP_TOKEN": f"xapp-{CANARY}-2",
    "SLACK_SIGNING_SECRET": f"{CANARY}3",
    "SLACK_CLIENT_SECRET": f"{CANARY}4",
    "SLACK_API_URL": f"http://{WHO}5@127.0.0.1:1/api",
    "DATABASE_URL": f"postgresql://{WHO}6@127.0.0.1:1/coach",
    "SMTP_URL": f"smtp://{WHO}%2F7@127.0.0.1:1",
    "MAIL_FROM": "coach@school.example",
    "ENCRYPTION_KEYS": f"k1:{CANARY}8",
    "SCHOOL_DIR": "/nowhere/school",
    "ERASURES": f"/nowhere/{CANARY}10",
    "SLACK_BOT_TOKN": f"xoxb-{CANARY}-11",
}
"""Something to be kept back in every variable, well formed or not; a folder's path is told."""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in (*Name, "SLACK_BOT_TOKN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], env=environ)


def read(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def failing(well: Clinic) -> dict[str, str]:
    """The variables of a school with a failure and some warnings. The clock is the real one here."""
    return {**well.environ, "SLACK_APP_TOKEN": "xapp-other"}


@pytest.mark.usefixtures("alone")
def test_the_json_has_the_keys_it_promises_and_every_check(well: Clinic) -> None:
    result = run(failing(well), "--json")
    document = read(result)
    assert document.keys() == {"form", "at", "counts", "checks"}
    assert document["form"] == 1
    assert [one["name"] for one in document["checks"]] == [check.name for check in CHECKS]
    assert {frozenset(one) for one in document["checks"]} == {frozenset(KEYS)}
    assert {one["state"] for one in document["checks"]} <= {"ok", "warning", "failed", "not looked at"}
    assert document["counts"] == {
        state.value: sum(one["state"] == state.value for one in document["checks"]) for state in State
    }
    assert all(one["remedy"] and one["said"] for one in document["checks"] if one["state"] in ("warning", "failed"))


@pytest.mark.usefixtures("alone")
def test_the_page_says_all_that_is_to_be_mended_failures_last_and_the_sum(well: Clinic) -> None:
    result = run(failing(well))
    lines = result.stdout.splitlines()
    told = read(run(failing(well), "--json"))["checks"]
    for one in told:
        if one["state"] in ("warning", "failed"):
            sign = "!" if one["state"] == "warning" else "✗"
            assert any(re.match(rf"{sign} {re.escape(one['name'])}( \(|$)", line) for line in lines), one
    assert any(re.fullmatch(r"  ✓ \d+ in order  – \d+ not looked at", line) for line in lines)  # the variables
    heads = [line[0] for line in lines if line[:2] in ("! ", "✗ ")]
    assert heads == sorted(heads, key="!✗".index)
    assert re.fullmatch(r"✗ \d+ ok, .*\d+ failed, \d+ not looked at\.", lines[-1])


@pytest.mark.usefixtures("alone")
def test_the_page_is_plain_and_narrow_where_it_is_no_terminal(well: Clinic) -> None:
    page = run(failing(well), "--all").stdout
    assert "\x1b" not in page
    assert max(map(len, page.splitlines())) <= 100
    narrow = run({**failing(well), "COLUMNS": "60"}).stdout
    assert max(map(len, narrow.splitlines())) <= 60


@pytest.mark.usefixtures("alone")
def test_all_says_what_is_in_order_and_why_something_was_not_looked_at(well: Clinic) -> None:
    page = " ".join(run(failing(well), "--all").stdout.split())
    assert "✓ one app" not in page
    assert "– one app: Not looked at, because app token failed." in page
    assert "✓ scopes: It may do all the bot does." in page


@pytest.mark.usefixtures("alone")
def test_the_exit_code_is_1_where_something_failed(well: Clinic) -> None:
    assert run(failing(well)).exit_code == 1  # test_install has one of a school with warnings alone


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("well_formed", [True, False])
def test_no_secret_of_any_variable_is_in_the_page_or_the_json(tmp_path: Path, *, well_formed: bool) -> None:
    environ = dict(WHOLE)
    if well_formed:
        environ |= {"ENCRYPTION_KEYS": f"k1:{new_key()}", "SCHOOL_DIR": str(tmp_path), "ERASURES": str(tmp_path / "e")}
    else:
        environ |= {name: f'"{value}\nx' for name, value in WHOLE.items()}
    for arguments in ((), ("--all",), ("--json",)):
        result = run(environ, *arguments)
        assert result.exit_code == 1
        assert CANARY not in result.output
        assert not any(part in result.output for part in environ["ENCRYPTION_KEYS"].split(":")[1:])


def test_a_real_process_looks_at_nothing_and_writes_ascii_where_it_must(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in set(Name)}
    environ |= {"SLACK_API_URL": "http://127.0.0.1:1/api", "PYTHONIOENCODING": "ascii"}
    command = [str(Path(sys.executable).with_name("conference-coach")), "doctor"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"XX SLACK_BOT_TOKEN" in done.stdout
    assert list(tmp_path.iterdir()) == []
