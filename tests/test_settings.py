from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.mailserver import Server
from bot.settings import DATABASE, SLACK_API, Name, Settings

KEY, OTHER = (name.encode().hex()[:43] + "=" for name in ("a key of the school's own", "another of its keys, later"))
WHOLE = {
    "SLACK_BOT_TOKEN": "xoxb-secret-1",
    "SLACK_APP_TOKEN": "xapp-secret-2",
    "SLACK_SIGNING_SECRET": "0123456789secret",
    "SLACK_API_URL": "http://127.0.0.1:8080/api",
    "DATABASE_URL": "postgresql://coach:secret-3@db.example/coach",
    "SMTP_URL": "smtp://coach:secret%2F4@mail.example",
    "MAIL_FROM": "Hillside School <coach@school.example>",
    "ENCRYPTION_KEYS": f"k2:{KEY}, k1:{OTHER}",
    "HOST": "127.0.0.1",
    "PORT": "8443",
    "WEB_CONCURRENCY": "2",
    "WEB_THREADS": "24",
    "HEALTH_ADDRESS": "127.0.0.1:8081",
    "LOG_LEVEL": "Debug",
    "LOG_FORMAT": "json",
    "DISK_KEPT": "yes",
}


def problems(environ: dict[str, str], *needs: Name) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.read(environ, needs)
    return caught.value.problems


def test_what_is_not_needed_has_a_default() -> None:
    settings = Settings.read({})
    assert (settings.api_url, settings.database_url, settings.school_dir) == (SLACK_API, DATABASE, None)


def test_everything_is_read(tmp_path: Path) -> None:
    more = {"SCHOOL_DIR": str(tmp_path), "ERASURES": str(tmp_path / "erasures")}
    settings = Settings.read(WHOLE | more, [Name(one) for one in WHOLE | more])
    assert (settings.bot_token, settings.app_token) == ("xoxb-secret-1", "xapp-secret-2")
    assert settings.signing_secret == "0123456789secret"
    assert settings.api_url == "http://127.0.0.1:8080/api/"
    assert settings.database_url == WHOLE["DATABASE_URL"]
    assert settings.school_dir == tmp_path
    assert settings.erasures == tmp_path / "erasures"
    assert (settings.host, settings.port, settings.web_concurrency, settings.web_threads) == ("127.0.0.1", 8443, 2, 24)
    assert (settings.health_address, settings.log_level, settings.log_format) == ("127.0.0.1:8081", 10, "json")
    assert settings.mail == Server(
        "mail.example", 587, False, "coach@school.example", "Hillside School", "coach", "secret/4"
    )


def test_secrets_are_not_shown() -> None:
    settings = Settings.read(WHOLE)
    assert "secret" not in repr(settings)
    assert "secret" not in repr(settings.mail)
    assert repr(settings.keyring) == "Keyring(k2, k1)"
    assert KEY[:8] not in repr(settings)


def test_the_first_key_seals_and_all_open() -> None:
    keyring = Settings.read(WHOLE).keyring
    assert (keyring.first, keyring.names) == ("k2", ("k2", "k1"))
    assert Settings.read({}).keyring.first == ""


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (KEY, "Entry 1 does not begin with an id"),
        (f"k1:{KEY},my key:{OTHER}", "Entry 2 does not begin with an id"),
        (f"{'k' * 17}:{KEY}", "Entry 1 does not begin with an id"),
        (f"k1:{KEY[:-4]}", "The key of entry 1 is not 32 bytes"),
        (f"k2:{OTHER},k1:", "The key of entry 2 is not 32 bytes"),
        (f"k1:{KEY[:-1]}!", "The key of entry 1 is not 32 bytes"),
        (f"k1:{KEY},k1:{OTHER}", "Two entries have the same id"),
        (f"k1:{KEY},k2:{KEY}", "Two entries have the same key"),
    ],
)
def test_what_is_wrong_with_keys_is_told_with_the_remedy_and_never_shown(value: str, fault: str) -> None:
    (problem,) = problems({"ENCRYPTION_KEYS": value})
    assert problem.startswith(f"ENCRYPTION_KEYS: {fault}")
    assert problem.endswith("Have one made: conference-coach keys new")
    assert KEY[:8] not in problem
    assert OTHER[:8] not in problem


def test_e_mail_needs_a_server_and_a_sender_or_neither() -> None:
    assert Settings.read({}).mail is None
    (problem,) = problems({"SMTP_URL": "smtps://mail.example"})
    assert problem.startswith("MAIL_FROM: It is missing. Write the address")
    found = problems({"SMTP_URL": "mail.example", "MAIL_FROM": "the school"})
    assert [problem.split(":")[0] for problem in found] == ["SMTP_URL", "MAIL_FROM"]


def test_all_that_is_missing_is_told_at_once_with_where_to_get_it() -> None:
    found = problems({"SLACK_APP_TOKEN": "  "}, Name.BOT_TOKEN, Name.APP_TOKEN)
    assert [problem.split(": It is missing. ")[0] for problem in found] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    assert all("your Slack app's page" in problem for problem in found)


def test_missing_and_wrong_come_together() -> None:
    found = problems({"DATABASE_URL": "mysql://x/y", "SLACK_API_URL": "slack.com"}, Name.BOT_TOKEN)
    assert [problem.split(":")[0] for problem in found] == ["SLACK_BOT_TOKEN", "SLACK_API_URL", "DATABASE_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-secret"),
        ("SLACK_APP_TOKEN", "xoxb-secret"),
        ("SLACK_BOT_TOKEN", "xoxb-secret…"),
        ("SLACK_APP_TOKEN", "xapp-secret\nX: y"),
        ("SLACK_SIGNING_SECRET", "xoxb-secret"),
        ("SLACK_API_URL", "ftp://secret.example/api"),
        ("SLACK_API_URL", "http://[secret"),
        ("SLACK_API_URL", "http://host:secret/"),
        ("DATABASE_URL", "secret"),
        ("DATABASE_URL", "mysql://coach:secret@db.example/coach"),
        ("DATABASE_URL", "postgresql://coach:secret@db.example:port/coach"),
        ("ERASURES", "/nowhere/secret"),
        ("SMTP_URL", "http://coach:secret@mail.example"),
        ("SMTP_URL", "smtp://coach:secret/1@mail.example"),
        ("SMTP_URL", "smtp://coach:secret@mail.example:0"),
        ("SMTP_URL", "smtp://secret@mail.example"),
        ("MAIL_FROM", "secret"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(name: str, value: str) -> None:
    (problem,) = problems({**WHOLE, name: value})
    assert problem.startswith(f"{name}: ")
    assert "secret" not in problem


def test_a_school_s_folder_that_is_not_there_is_named_as_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter").touch()
    for name in ("our-school", "letter"):
        (problem,) = problems({"SCHOOL_DIR": name})
        assert problem.startswith(f"SCHOOL_DIR: There is no such folder: {tmp_path / name}. Name the folder that holds")


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("HOST", "http://here", "It is not the address of a machine."),
        ("PORT", "0", "It is not a number from 1 to 65535."),
        ("PORT", "80 80", "It is not a number from 1 to 65535."),
        ("WEB_CONCURRENCY", "many", "It is not a number from 1 to 64."),
        ("WEB_THREADS", "500", "It is not a number from 1 to 200."),
        ("HEALTH_ADDRESS", "8081", "It is not an address with a port."),
        ("HEALTH_ADDRESS", "127.0.0.1:port", "It is not an address with a port."),
        ("LOG_LEVEL", "loud", "It is not debug or info or warning or error."),
        ("LOG_FORMAT", "xml", "It is not text or json."),
        ("DISK_KEPT", "perhaps", "It is not yes."),
    ],
)
def test_how_a_process_runs_is_checked_before_it_runs(name: str, value: str, wrong: str) -> None:
    (told,) = problems({name: value})
    assert told.startswith(f"{name}: {wrong} Write ")
    assert "leave it out" in told
