"""One fault at a time is planted; the doctor names it, what it concerns, and what to do."""

from __future__ import annotations

import sqlite3
import sys
import uuid
import zoneinfo
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import insert, make_url

from bot.doctor.checks.slack import FEATURES
from bot.doctor.examination import examine
from bot.doctor.finding import State
from bot.doctor.look import Look, Machine
from bot.doctor.table import CHECKS
from bot.practice import Fault
from bot.services.installing import Installed, install
from bot.slack.manifest import manifest, over_http
from bot.store import migrate as schema
from bot.store import writable
from bot.store.alone import only_scheduler
from bot.store.keyring import new_key
from bot.store.models import Copied
from bot.store.session import Store
from tests.doctor.clinic import HOUR, NOW, Clinic, clinic, copy, write_folder
from tests.filled import fill
from tests.mail.servers import PASSWORD, USER, certificate, known, mail_server

WARNING, FAILED = State.WARNING, State.FAILED
KEY, OTHER = f"k1:{new_key()}", f"k2:{new_key()}"
BREAK = '[[day]]\nkind = "break"\nname = "Long"\nstarts = 2026-09-01\nends = 2026-12-30\n\n[[helpline]]'
ALONE = "http://127.0.0.1:1/api/"
"""Where nobody listens."""


@dataclass(frozen=True)
class Planted:
    """What is done to a school in good order, and what is then found by one check."""

    fault: str
    plant: Callable[[Clinic], object]
    check: str
    state: State
    concerns: str
    said: str
    remedy: str


def sets(**variables: str | None) -> Callable[[Clinic], None]:
    return lambda well: well.set(**variables)


def answers(method: str, fault: Fault) -> Callable[[Clinic], None]:
    return lambda well: well.workspace.fault(method, fault)


def sql(statement: str, **values: Any) -> Callable[[Clinic], None]:
    return lambda well: well.sql(statement, **values)


def loads(name: str, old: str, new: str) -> Callable[[Clinic], None]:
    """The school is loaded again, with other words in a file."""

    def plant(well: Clinic) -> None:
        well.change(name, old, new)
        well.load()

    return plant


def machine(**values: Any) -> Callable[[Clinic], None]:
    return lambda well: well.machine.update(values)


def ahead(**parts: float) -> Callable[[Clinic], None]:
    return machine(clock=lambda: NOW + timedelta(**parts))


def wrong_socket(well: Clinic) -> None:
    well.workspace.sockets.ticket = lambda: "ws://127.0.0.1:1/link"  # type: ignore[method-assign]


def of_another_app(well: Clinic) -> None:
    ours = well.workspace.bot_payload()
    ours["profile"]["api_app_id"] = "A0OTHER"
    well.workspace.bot_payload = lambda: ours  # type: ignore[method-assign]


def no_database(well: Clinic) -> None:
    well.file.unlink()


def damaged(well: Clinic) -> None:
    well.file.write_text("a letter home " * 500, encoding="utf-8")


def older(well: Clinic) -> None:
    well.store(lambda store: schema.downgrade(store, "-1"))


def bare(well: Clinic) -> None:
    well.set(DATABASE_URL=f"sqlite:///{well.file.with_name('bare.db')}")
    with closing(sqlite3.connect(well.file)) as made:
        made.execute("PRAGMA user_version = 1")


def only_migrated(well: Clinic) -> None:
    well.set(DATABASE_URL=f"sqlite:///{well.file.with_name('other.db')}")
    well.store(lambda store: schema.migrate(store))


def put_back(well: Clinic) -> None:
    def mark(store: Store) -> None:
        with store.write() as connection:
            connection.execute(insert(Copied).values(at=NOW).execution_options(every_workspace=True))

    well.store(mark)


def sealed(keys: str, then: str | None) -> Callable[[Clinic], None]:
    """Somebody wrote while there were these keys; then there are those."""

    def plant(well: Clinic) -> None:
        def write(store: Store) -> None:
            with store.write() as connection:
                fill(connection, "T0SCHOOL", "ada")

        well.store(write, keys)
        well.set(ENCRYPTION_KEYS=then)

    return plant


def torn_ledger(well: Clinic) -> None:
    Path(well.environ["ERASURES"]).write_text("this is no entry\nnor this\n", encoding="utf-8")


def last_years(well: Clinic) -> None:
    well.change("calendar.ics", "Martin Luther King Day: no school", "Winter concert")
    well.load()
    well.machine["clock"] = lambda: datetime(2027, 1, 3, 15, tzinfo=UTC)


def no_calendar(well: Clinic) -> None:
    (well.folder / "calendar.ics").unlink()
    well.load()


def other_school(well: Clinic) -> None:
    well.workspace.team_id = "T0OTHER"


def second_school(well: Clinic) -> None:
    well.sql(
        "INSERT INTO school SELECT 'T0OTHER', name, time_zone, language, grade_band, level, quiet_from, quiet_until, "
        "counselors, helplines, loaded_at, calendar, cadence, hours, keep_days FROM school"
    )
    well.set(SLACK_BOT_TOKEN=None)


def delivery(state: str, age: timedelta, settled: timedelta | None = None) -> Callable[[Clinic], None]:
    """A message that has been so for a while."""

    def plant(well: Clinic) -> None:
        at, over = NOW - age, None if settled is None else NOW - settled
        values = {"at": str(at.replace(tzinfo=None)), "over": over and str(over.replace(tzinfo=None))}
        well.sql(
            "INSERT INTO deliveries (id, workspace, kind, recipient, subject, payload, dedupe_key, due_at, next_at, "
            f"state, created_at, settled_at) VALUES ('d1', 'T0SCHOOL', 'say', 'U0NOOR', 's', '{{}}', 'k1', :at, :at, "
            f"'{state}', :at, :over)",
            **values,
        )

    return plant


def own_words(name: str, content: str) -> Callable[[Clinic], None]:
    return lambda well: well.write(f"prompts/{name}", content)


PLANTED = [
    # variables
    Planted("no bot token", sets(SLACK_BOT_TOKEN=None), "SLACK_BOT_TOKEN", FAILED, "SLACK_BOT_TOKEN",
            "It is missing.", "OAuth & Permissions"),
    Planted("the app token in place of the bot's", lambda it: it.set(SLACK_BOT_TOKEN=it.environ["SLACK_APP_TOKEN"]),
            "SLACK_BOT_TOKEN", FAILED, "SLACK_BOT_TOKEN", "does not begin with xoxb-", "OAuth & Permissions"),
    Planted("no app token", sets(SLACK_APP_TOKEN=None), "SLACK_APP_TOKEN", FAILED, "SLACK_APP_TOKEN",
            "nothing can come in", "App-Level Tokens"),
    Planted("quotation marks", sets(SLACK_APP_TOKEN='"xapp-1-A0-2-3"'), "SLACK_APP_TOKEN", FAILED, "SLACK_APP_TOKEN",
            "quotation marks", "Take them off"),
    Planted("another secret", sets(SLACK_SIGNING_SECRET="Hillside"), "SLACK_SIGNING_SECRET", WARNING,
            "SLACK_SIGNING_SECRET", "is not 32 digits", "Signing Secret"),
    Planted("half of OAuth", sets(SLACK_CLIENT_ID="1.2"), "SLACK_CLIENT_SECRET", FAILED, "SLACK_CLIENT_SECRET",
            "It is missing", "Client Secret"),
    Planted("one workspace and several", sets(SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="abc", ENCRYPTION_KEYS=KEY),
            "SLACK_BOT_TOKEN", FAILED, "SLACK_BOT_TOKEN", "It is of one workspace", "Leave one of the two out"),
    Planted("several workspaces without keys", sets(SLACK_CLIENT_ID="1.2", SLACK_BOT_TOKEN=None), "ENCRYPTION_KEYS",
            FAILED, "ENCRYPTION_KEYS", "never kept in plain", "conference-coach keys new"),
    Planted("an address that is none", sets(SLACK_API_URL="slack.com"), "SLACK_API_URL", FAILED, "SLACK_API_URL",
            "is not an http:// or https:// address", "Leave it out"),
    Planted("a way all can read", sets(SLACK_API_URL="http://127.0.0.2:1/api"), "SLACK_API_URL", WARNING,
            "SLACK_API_URL", "for all to read", "https://"),
    Planted("another database", sets(DATABASE_URL="mysql://coach:secret@db.example/coach"), "DATABASE_URL", FAILED,
            "DATABASE_URL", "neither SQLite nor PostgreSQL", "postgresql://"),
    Planted("no such folder", sets(SCHOOL_DIR="/nowhere/at/all"), "SCHOOL_DIR", FAILED, "SCHOOL_DIR",
            "no such folder: /nowhere/at/all.", "school.toml"),
    Planted("an example in place of a token", sets(SLACK_BOT_TOKEN="xoxb-…"), "SLACK_BOT_TOKEN", FAILED,
            "SLACK_BOT_TOKEN", "has characters in it", "Bot User OAuth Token (xoxb-…)"),
    Planted("no folder", sets(SCHOOL_DIR=None), "SCHOOL_DIR", WARNING, "SCHOOL_DIR", "left out", "Name the folder"),
    Planted("a mail server and no sender", sets(SMTP_URL="smtp://127.0.0.1:1"), "MAIL_FROM", FAILED, "MAIL_FROM",
            "SMTP_URL is of no use without it", "coach@school.example"),
    Planted("half a key", sets(ENCRYPTION_KEYS="k1:abc"), "ENCRYPTION_KEYS", FAILED, "ENCRYPTION_KEYS",
            "is not 32 bytes", "conference-coach keys new"),
    Planted("a ledger nowhere", sets(ERASURES="/nowhere/at/all/erasures"), "ERASURES", FAILED, "ERASURES",
            "cannot be a file", "in a folder that is there"),
    Planted("a misspelled variable", sets(SCHOOL_DIR=None, SCHOL_DIR="/srv/school"), "names", WARNING, "SCHOL_DIR",
            "Nobody reads SCHOL_DIR", "Write SCHOOL_DIR instead of SCHOL_DIR"),
    Planted("SQLite for web", lambda it: it.set(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="0" * 32), "DATABASE_URL",
            FAILED, "DATABASE_URL", "SQLite is for run alone", "postgresql://"),
    # this machine
    Planted("an old Python", machine(python=(3, 10, 4)), "python", FAILED, "Python", "Python 3.10.4", "Install Python"),
    Planted("a full disk", machine(free=lambda _: 50_000_000), "disk", FAILED, "", "Only 50 MB", "Make room"),
    Planted("a disk filling up", machine(free=lambda _: 500_000_000), "disk", WARNING, "", "Only 500 MB", "Make room"),
    # Slack
    Planted("no way to Slack", sets(SLACK_API_URL=ALONE), "slack", FAILED, "SLACK_API_URL", "does not answer",
            "firewall"),
    Planted("a portal in between", answers("api.test", Fault.HTML_200), "slack", FAILED, "SLACK_API_URL", "not JSON",
            "proxy"),
    Planted("an unknown bot token", sets(SLACK_BOT_TOKEN="xoxb-other"), "bot token", FAILED, "SLACK_BOT_TOKEN",
            "invalid_auth", "Copy it again"),
    Planted("the app taken out", answers("auth.test", Fault.refused("account_inactive")), "bot token", FAILED,
            "SLACK_BOT_TOKEN", "account_inactive", "Install the app in the workspace again"),
    Planted("a token that runs out", answers("auth.test", Fault.refused("token_expired")), "bot token", FAILED,
            "SLACK_BOT_TOKEN", "token_expired", "token rotation off"),
    Planted("Slack in trouble", answers("auth.test", Fault.ERROR_500), "bot token", FAILED, "SLACK_BOT_TOKEN",
            "no clear answer", "Try again"),
    Planted("an unknown app token", sets(SLACK_APP_TOKEN="xapp-other"), "app token", FAILED, "SLACK_APP_TOKEN",
            "invalid_auth", "App-Level Tokens"),
    Planted("an app token for something else", answers("apps.connections.open", Fault.refused("missing_scope")),
            "app token", FAILED, "SLACK_APP_TOKEN", "missing_scope", "connections:write"),
    Planted("a firewall before the socket", wrong_socket, "socket", FAILED, "SLACK_APP_TOKEN", "No socket to Slack",
            "wss://"),
    Planted("tokens of two apps", of_another_app, "one app", FAILED, "SLACK_APP_TOKEN", "A0OTHER",
            "Copy both from one app's page"),
    Planted("a clock two minutes ahead", ahead(minutes=2), "clock", WARNING, "the clock", "120 s ahead", "NTP"),
    Planted("a clock ten minutes behind", ahead(minutes=-10), "clock", FAILED, "the clock", "600 s behind", "NTP"),
    # the database
    Planted("a disk that is not kept", sets(DISK_KEPT=None, DYNO="web.1", DATABASE_URL="sqlite:////coach.db"),
            "disk kept", FAILED, "DATABASE_URL", "a disk that is not kept", "Mount a volume"),
    Planted("no database", no_database, "database", FAILED, "DATABASE_URL", "There is no database",
            "conference-coach load"),
    Planted("a damaged database", damaged, "database", FAILED, "DATABASE_URL", "not a database", "another backup"),
    Planted("a database in memory", sets(DATABASE_URL="sqlite://"), "database", FAILED, "DATABASE_URL", "in memory",
            "Leave it out"),
    Planted("an older database", older, "migrations", FAILED, "DATABASE_URL", "not been brought up to this version",
            "conference-coach migrate"),
    Planted("a newer database", sql("UPDATE alembic_version SET version_num = '9999'"), "migrations", FAILED,
            "DATABASE_URL", "a newer version has made it", "Install that version again"),
    Planted("an empty database", bare, "migrations", FAILED, "DATABASE_URL", "Nothing has been loaded",
            "conference-coach load"),
    Planted("a copy put back", put_back, "copy", FAILED, "DATABASE_URL", "a copy of 2026-12-01",
            "conference-coach restore-check"),
    Planted("a key lost", sealed(KEY, None), "keys", FAILED, "ENCRYPTION_KEYS", "the key k1 is not there",
            "Put it back"),
    Planted("a key exchanged", sealed(KEY, OTHER.replace("k2", "k1")), "keys", FAILED, "ENCRYPTION_KEYS",
            "k1 is not the one", "Put it back"),
    Planted("not all sealed", sealed("", KEY), "keys", WARNING, "ENCRYPTION_KEYS", "in plain text",
            "conference-coach keys rotate"),
    Planted("a damaged ledger", torn_ledger, "erasures", FAILED, "ERASURES", "This is no entry", "Put it back"),
    # the school
    Planted("a fault in the folder", lambda it: it.change("roster.csv", "7,okafor", "7,reyes"), "folder", FAILED,
            "SCHOOL_DIR", "2 faults, the first in roster.csv, row 2, column advisor", "load --check"),
    Planted("no school", only_migrated, "school loaded", FAILED, "SCHOOL_DIR", "No school has been loaded",
            "conference-coach load"),
    Planted("another workspace's token", other_school, "school loaded", FAILED, "SLACK_BOT_TOKEN",
            "No school is loaded for workspace T0OTHER, but Hillside School (T0SCHOOL)", "token of the school's own"),
    Planted("a folder for another workspace", lambda it: it.change("school.toml", '"T0SCHOOL"', '"T0OTHER"'),
            "school loaded", FAILED, "school.toml", "for workspace T0OTHER", "Mend workspace in school.toml"),
    Planted("the school years over", machine(clock=lambda: datetime(2028, 1, 10, 15, tzinfo=UTC)), "term", FAILED,
            "school.toml", "The last term ended on 2027-03-26", "Add the next [[term]]"),
    Planted("a term of holidays", loads("school.toml", "[[helpline]]", BREAK), "school days", FAILED, "school.toml",
            "Autumn 2026 has no open school day", "school_week"),
    Planted("last year's calendar", last_years, "days off", WARNING, "calendar.ics",
            "The calendar ends on 2026-11-27, before Winter 2027", "Export the school year's calendar"),
    Planted("no calendar", no_calendar, "days off", WARNING, "calendar.ics", "No day off is known", "Export"),
    # people
    Planted("no counselor in Slack", sql("UPDATE person SET slack_id = NULL WHERE role = 'counselor'"), "counselors",
            FAILED, "roster.csv", "bell, ortiz", "their full Slack account"),
    Planted("one counselor not found", sql("UPDATE person SET slack_id = NULL WHERE key = 'ortiz'"), "counselors",
            WARNING, "roster.csv", "Not found in Slack: ortiz", "their full Slack account"),
    Planted("only one counselor", loads("school.toml", '["bell", "ortiz"]', '["bell"]'), "counselors", WARNING,
            "school.toml", "bell is the only counselor", 'counselors = ["bell", "…"]'),
    Planted("no coordinator", loads("roster.csv", "tan,coordinator", "tan,teacher"), "coordinator", WARNING,
            "roster.csv", "There is no coordinator", "the role coordinator"),
    Planted("a coordinator not found", sql("UPDATE person SET slack_id = NULL WHERE key = 'tan'"), "coordinator",
            WARNING, "roster.csv", "Not found in Slack: tan", "slack_id"),
    Planted("no advisor", sql("UPDATE person SET advisor_id = NULL WHERE key = 'noor'"), "advisors", WARNING,
            "roster.csv", "Without an advisor: noor", "advisor's id"),
    Planted("nobody to sit beside", sql("UPDATE person SET slack_id = NULL WHERE key IN ('theo', 'okafor')"),
            "students", WARNING, "roster.csv", "in Slack: theo.", "e-mail address"),
    Planted("no student in Slack", sql("UPDATE person SET slack_id = NULL WHERE role = 'student'"), "students",
            WARNING, "roster.csv", "No student is found in Slack", "e-mail address"),
    Planted("a family out of reach", sql("UPDATE person SET slack_id = NULL WHERE key = 'anders'"), "families",
            WARNING, "roster.csv", "1 have one that is neither in Slack nor gets e-mail (theo)", "SMTP_URL"),
    Planted("no family", sql("DELETE FROM guardian"), "families", WARNING, "roster.csv",
            "2 students have no family in the roster (noor, theo)", "Add adults"),
    Planted("no conference", sql("UPDATE conference SET cancelled = 1 WHERE time = '16:00'"), "conferences", WARNING,
            "conferences.csv", "1 without a conference in Autumn 2026: theo", "conferences.csv"),
    Planted("a conference outside of its term", sql("UPDATE conference SET date = '2026-12-22' WHERE time = '16:00'"),
            "conference days", WARNING, "conferences.csv", "Outside of their term: theo on 2026-12-22",
            "Mend the dates"),
    Planted("a conference on a Saturday", loads("conferences.csv", "2026-12-11", "2026-12-12"), "conference days",
            WARNING, "conferences.csv", "On closed days: theo on 2026-12-12", "Mend the dates"),
    # words
    Planted("words that do not render", own_words("en/messages/hello.md.j2", "Hi {{ nothing }}"), "prompts", FAILED,
            "prompts/", "nothing", "conference-coach prompts check"),
    Planted("words that praise", own_words("en/messages/paused.md.j2", "You are so smart."), "prompts", WARNING,
            "prompts/", "smart", "conference-coach prompts check"),
    Planted("a cadence of another version", sql("UPDATE school SET cadence = :own", own="[nudge.letter]\nwhom = 3\n"),
            "cadence", FAILED, "cadence.toml", "nudge.letter.whom", "conference-coach load"),
    # e-mail
    Planted("no mail server", sets(SMTP_URL="smtp://127.0.0.1:1", MAIL_FROM="coach@school.example"), "mail server",
            FAILED, "SMTP_URL", "127.0.0.1:1 does not answer", "port"),
    # sending
    Planted("nobody sends", delivery("scheduled", HOUR / 2), "due", WARNING, "conference-coach run", "30 minutes",
            "See that the bot is at work"),
    Planted("nobody has sent for days", delivery("scheduled", 72 * HOUR), "due", FAILED, "conference-coach run",
            "3 days", "See that the bot is at work"),
    Planted("nobody looks", delivery("unknown", HOUR * 3), "unknown", WARNING, "conference-coach outbox", "3 hours",
            "--state unknown"),
    Planted("something refused", delivery("dead", 9 * HOUR, HOUR), "dead", WARNING, "conference-coach outbox",
            "1 message of the last week", "--state dead"),
]  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.fault.replace(" ", "-"))
def test_a_planted_fault_is_found_with_what_it_concerns_and_what_to_do(well: Clinic, planted: Planted) -> None:
    planted.plant(well)
    found = well.look(only=planted.check)[planted.check]
    assert found.state is planted.state, found
    assert planted.said in found.said
    assert planted.remedy in found.remedy
    assert planted.concerns in found.concerns
    assert found.concerns


# --- what takes more to plant ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["im:history", "users:read.email"])
def test_a_scope_that_is_missing_is_named_with_what_does_not_work(template: Path, tmp_path: Path, scope: str) -> None:
    lesser = deepcopy(manifest())
    lesser["oauth_config"]["scopes"]["bot"].remove(scope)
    with clinic(write_folder(tmp_path / "hillside"), copy(template, tmp_path), lesser) as well:
        found = well.look()
    assert (found["scopes"].state, found["scopes"].concerns) == (FAILED, "SLACK_BOT_TOKEN")
    assert f"ithout {scope} " in found["scopes"].said
    assert FEATURES[scope] in found["scopes"].said
    assert "install the app again" in found["scopes"].remedy
    assert found["scopes to spare"].state is State.OK


def test_a_scope_too_many_is_told_of(template: Path, tmp_path: Path) -> None:
    greater = deepcopy(manifest())
    greater["oauth_config"]["scopes"]["bot"].append("channels:history")
    with clinic(write_folder(tmp_path / "hillside"), copy(template, tmp_path), greater) as well:
        found = well.look()
    assert (found["scopes to spare"].state, found["scopes"].state) == (WARNING, State.OK)
    assert "channels:history" in found["scopes to spare"].said
    assert "conference-coach manifest" in found["scopes to spare"].remedy


def test_socket_mode_that_is_off_is_told_of(template: Path, tmp_path: Path) -> None:
    off = over_http("https://coach.school.example")
    with clinic(write_folder(tmp_path / "hillside"), copy(template, tmp_path), off) as well:
        found = well.look()
    assert (found["app token"].state, found["app token"].concerns) == (FAILED, "SLACK_APP_TOKEN")
    assert "Socket Mode is on" in found["app token"].remedy
    assert (found["socket"].state, found["socket"].said) == (
        State.NOT_LOOKED_AT, "Not looked at, because app token failed."
    )  # fmt: skip


def test_a_socket_slack_does_not_want_is_told_of(well: Clinic) -> None:
    well.workspace.sockets._hello = lambda: {"type": "disconnect", "reason": "link_disabled"}  # type: ignore[method-assign]
    found = well.look()["socket"]
    assert (found.state, found.concerns) == (FAILED, "SLACK_APP_TOKEN")
    assert "link_disabled" in found.said
    assert "Turn Socket Mode on" in found.remedy


def test_beside_a_bot_at_work_no_socket_is_opened_for_it_would_take_somebody_s_tap(well: Clinic) -> None:
    with only_scheduler(well.environ["DATABASE_URL"]):
        found = well.look()
    assert found["socket"].said == "Not looked at, because conference-coach run is at work, with a socket of its own."
    assert well.workspace.sockets.count == 0
    assert all(one.state is not FAILED for one in found.values())


def test_what_cannot_be_looked_at_says_why(well: Clinic) -> None:
    well.set(SLACK_API_URL=ALONE, DATABASE_URL="mysql://db/coach")
    found = well.look()
    assert {found[name].said for name in ("clock", "bot token", "app token")} == {
        "Not looked at, because slack failed."
    }
    assert found["scopes"].said == "Not looked at, because slack failed."
    assert found["dead"].said == "Not looked at, because DATABASE_URL failed."
    assert found["dead"].concerns == "DATABASE_URL"


def test_with_several_schools_it_must_be_said_which(well: Clinic) -> None:
    second_school(well)
    assert "say which, --workspace" in well.look()["school loaded"].said
    assert well.look("T0SCHOOL")["school loaded"].state is State.OK
    assert well.look("T0NONE")["school loaded"].state is FAILED


def test_every_workspace_that_installed_the_app_is_asked_for(well: Clinic) -> None:
    keys = f"k9:{new_key()}"
    well.set(SLACK_BOT_TOKEN=None, SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="a" * 32, ENCRYPTION_KEYS=keys)
    assert "no workspace has installed the app" in well.look()["bot token"].said
    token = well.workspace.bot_token
    well.store(lambda store: install(store, Installed("T0SCHOOL", None, "A1", "U1", "B1", "", token), "U2", NOW), keys)
    found = well.look()
    assert (found["bot token"].state, found["scopes"].state) == (State.OK, State.OK)
    well.store(lambda store: install(store, Installed("T0GONE", None, "A1", "U1", "B1", "", "xoxb-x"), "U2", NOW), keys)
    gone = well.look()["bot token"]
    assert (gone.state, gone.concerns) == (FAILED, "SLACK_CLIENT_ID")
    assert "token of workspace T0GONE (invalid_auth)" in gone.said
    assert "/slack/install" in gone.remedy


def test_a_machine_without_time_zones_is_told_of(well: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Look(well.environ, Machine(clock=well.clock))
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[])
    try:
        (found,) = examine(look, [check for check in CHECKS if check.name == "time zones"])
    finally:
        zoneinfo.reset_tzpath()
    assert (found.finding.state, found.finding.concerns) == (FAILED, "tzdata")
    assert "pip install tzdata" in found.finding.remedy


def test_a_database_that_somebody_holds_is_told_of(well: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writable, "LOOKS_FOR", 0)
    with closing(sqlite3.connect(well.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = well.look()["written"]
    assert (found.state, found.said) == (FAILED, "It cannot be written: database is locked.")
    assert "Let this user write it" in found.remedy


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def test_a_postgresql_server_that_is_not_there_is_told_of(well: Clinic) -> None:
    well.set(DATABASE_URL="postgresql://coach:secret@127.0.0.1:1/coach")
    found = well.look()["database"]
    assert (found.state, found.concerns) == (FAILED, "DATABASE_URL")
    assert "does not answer" in found.said
    assert "postgresql://user:password@host/name" in found.remedy


def test_a_postgresql_database_that_is_only_to_be_read_is_told_of(on_postgresql: Clinic) -> None:
    name = make_url(on_postgresql.environ["DATABASE_URL"]).database
    on_postgresql.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    found = on_postgresql.look()
    assert (found["database"].state, found["written"].state) == (State.OK, FAILED)
    assert "only to be read" in found["written"].said


def test_a_user_of_postgresql_s_who_may_not_write_is_told_of(on_postgresql: Clinic) -> None:
    role = f"reader_{uuid.uuid4().hex[:8]}"
    on_postgresql.sql(f"CREATE ROLE {role} LOGIN")
    on_postgresql.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = on_postgresql.environ["DATABASE_URL"]
    on_postgresql.set(DATABASE_URL=make_url(url).set(username=role).render_as_string(hide_password=False))
    try:
        found = on_postgresql.look()
    finally:
        on_postgresql.set(DATABASE_URL=url)
        on_postgresql.sql(f"DROP OWNED BY {role}")
        on_postgresql.sql(f"DROP ROLE {role}")
    assert (found["migrations"].state, found["written"].state) == (State.OK, FAILED)
    assert "this user may not write the tables" in found["written"].said


def test_an_older_postgresql_database_is_told_of(on_postgresql: Clinic) -> None:
    older(on_postgresql)
    found = on_postgresql.look()["migrations"]
    assert (found.state, found.remedy) == (FAILED, "Run: conference-coach migrate")


# --- e-mail ------------------------------------------------------------------------------------------------------


def test_a_mail_server_is_gone_to_and_no_letter_is_left_there(well: Clinic) -> None:
    with mail_server(authenticator=known, auth_require_tls=False) as (box, address):
        well.set(SMTP_URL=f"smtp://{USER}:{quote(PASSWORD, safe='')}@{address}", MAIL_FROM="coach@school.example")
        found = well.look()["mail server"]
    assert (found.state, box.letters) == (State.OK, [])


def test_a_mail_server_that_does_not_let_the_bot_in_is_told_of(well: Clinic) -> None:
    with mail_server(authenticator=known, auth_require_tls=False) as (_, address):
        well.set(SMTP_URL=f"smtp://coach:secret@{address}", MAIL_FROM="coach@school.example")
        found = well.look()["mail server"]
    assert (found.state, found.concerns) == (FAILED, "SMTP_URL")
    assert "does not let the bot in (535)" in found.said
    assert "user and password" in found.remedy


def test_a_certificate_nobody_knows_is_told_of(well: Clinic, tmp_path: Path) -> None:
    theirs, _ = certificate(tmp_path)
    with mail_server(tls_context=theirs) as (_, address):
        well.set(SMTP_URL=f"smtp://{address}", MAIL_FROM="coach@school.example")
        found = well.look()["mail server"]
    assert (found.state, found.concerns) == (FAILED, "SMTP_URL")
    assert "cannot be encrypted (CERTIFICATE_VERIFY_FAILED)" in found.said
