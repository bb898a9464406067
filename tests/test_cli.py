from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from bot.cli.main import main
from bot.practice import Fault, PracticeWorkspace
from bot.store.migrate import revisions
from bot.store.models import Person, School
from bot.store.session import Store
from tests.school.folders import CHARTER, CONFERENCES, ROSTER, ics

MANIFEST = json.loads((Path(__file__).parents[1] / "manifest.json").read_text(encoding="utf-8"))
SAMPLE = str(resources.files("bot.practice") / "school")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "coach.db"


@pytest.fixture
def environ(database: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL", "SCHOOL_DIR"):
        monkeypatch.delenv(name, raising=False)
    return {"DATABASE_URL": f"sqlite:///{database}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "hillside"
    folder.mkdir()
    for name, text in {"school.toml": CHARTER, "roster.csv": ROSTER, "conferences.csv": CONFERENCES}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def workspace() -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(MANIFEST) as workspace:
        yield workspace


def run(environ: dict[str, str], *arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)


def slack_ids(database: Path) -> dict[str, str | None]:
    store = Store(f"sqlite:///{database}")
    with store.read() as connection:
        found = {row.key: row.slack_id for row in connection.execute(select(Person.key, Person.slack_id))}
    store.close()
    return found


def test_loading_tells_what_was_added_and_then_that_nothing_changed(environ: dict[str, str], folder: Path) -> None:
    first, second = run(environ, "load", folder), run(environ, "load", folder)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Added: 15\n  + school Hillside School\n" in first.output
    assert "  + person Noor Haddad (student noor)\n" in first.output
    assert second.output == "Nothing changed.\n"


def test_a_change_is_told_with_before_and_after(environ: dict[str, str], folder: Path) -> None:
    run(environ, "load", folder)
    (folder / "conferences.csv").write_text(CONFERENCES.replace("17:30", "18:00"), encoding="utf-8")
    assert run(environ, "load", folder).output == (
        "Changed: 1\n  ~ conference noor, Autumn 2026: time 17:30 → 18:00\n"
        "Messages to come: 0 added, 1 moved, 0 taken out. See them all: conference-coach cadence\n"
        "  ~ Noor Haddad: begins to the channel Thu 10 Dec 17:30 → Thu 10 Dec 18:00\n"
    )


def test_faults_go_to_stderr_all_of_them_and_nothing_is_loaded(
    environ: dict[str, str], folder: Path, database: Path
) -> None:
    (folder / "roster.csv").write_text(ROSTER.replace("7,okafor", "7,reyes"), encoding="utf-8")
    result = run(environ, "load", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "roster.csv, row 2, column advisor",
        "roster.csv, row 3, column advisor",
    ]
    assert not database.exists()


def test_checking_tells_what_would_happen_and_does_none_of_it(
    environ: dict[str, str], folder: Path, database: Path
) -> None:
    result = run(environ, "load", folder, "--check")
    assert result.exit_code == 0
    assert "Hillside School is in order: 10 people, 2 conferences." in result.output
    assert "Added: 15" in result.output
    assert not database.exists()


def test_checking_against_a_loaded_school_leaves_it_as_it_is(environ: dict[str, str], folder: Path) -> None:
    run(environ, "load", folder)
    (folder / "conferences.csv").write_text(CONFERENCES.replace("17:30", "18:00"), encoding="utf-8")
    assert "time 17:30 → 18:00" in run(environ, "load", folder, "--check").output
    assert "time 17:30 → 18:00" in run(environ, "load", folder).output
    assert "would change nothing" in run(environ, "load", folder, "--check").output


def test_the_folder_may_come_from_the_environment(environ: dict[str, str], folder: Path) -> None:
    assert run(environ | {"SCHOOL_DIR": str(folder)}, "load").exit_code == 0


def test_no_folder_at_all_is_a_missing_setting(environ: dict[str, str]) -> None:
    result = run(environ, "load")
    assert result.exit_code == 1
    assert result.stderr.startswith("SCHOOL_DIR: It is missing.")


def test_without_a_workspace_or_a_token_the_remedy_is_told(environ: dict[str, str], database: Path) -> None:
    result = run(environ, "load", SAMPLE)
    assert result.exit_code == 1
    assert "SLACK_BOT_TOKEN" in result.stderr
    assert "school.toml" in result.stderr
    assert not database.exists()


def test_slack_is_asked_for_the_workspace_and_for_who_is_there(
    environ: dict[str, str], database: Path, workspace: PracticeWorkspace
) -> None:
    workspace.person("Noor Haddad", "U0NOOR", "noor@school.example")
    workspace.person("A stranger", "U0OTHER", "other@school.example")
    result = run(environ | workspace.environment, "load", SAMPLE)
    assert result.exit_code == 0, result.output
    assert "Found in Slack by their e-mail: 1.\n" in result.output
    assert slack_ids(database)["noor"] == "U0NOOR"


def test_a_school_is_loaded_even_if_slack_does_not_say_who_is_there(
    environ: dict[str, str], database: Path, workspace: PracticeWorkspace
) -> None:
    workspace.fault("users.list", Fault.refused("missing_scope"))
    result = run(environ | workspace.environment, "load", SAMPLE)
    assert result.exit_code == 0
    assert "People will be matched when they first appear in Slack." in result.stderr
    assert slack_ids(database)["noor"] is None


def test_a_school_may_bring_a_language_of_its_own(environ: dict[str, str], folder: Path) -> None:
    (folder / "roster.csv").write_text(ROSTER.replace("noor,es", "noor,fr"), encoding="utf-8")
    assert run(environ, "load", folder).exit_code == 1
    words = folder / "prompts" / "fr"
    words.mkdir(parents=True)
    (words / "labels.toml").write_text('[button]\nstart = "Commencer"\n', encoding="utf-8")
    assert run(environ, "load", folder).exit_code == 0


def test_migrating_tells_what_it_did(environ: dict[str, str]) -> None:
    assert run(environ, "migrate").output == f"Migrated: {', '.join(revisions())}.\n"
    assert run(environ, "migrate").output == "The database is up to date.\n"


def test_a_database_that_cannot_be_opened_is_no_traceback(tmp_path: Path) -> None:
    result = run({"DATABASE_URL": f"sqlite:///{tmp_path}/no/such/folder/coach.db"}, "migrate")
    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be used:")


def test_the_words_of_a_folder_that_has_none_cannot_be_checked(environ: dict[str, str], tmp_path: Path) -> None:
    result = run(environ, "prompts", "check", tmp_path)
    assert result.exit_code == 1
    assert "There are no prompts here." in result.stderr


def test_faulty_words_are_all_told(environ: dict[str, str], tmp_path: Path) -> None:
    words = tmp_path / "prompts" / "en"
    words.mkdir(parents=True)
    (words / "labels.toml").write_text("[button", encoding="utf-8")
    result = run(environ, "prompts", "check", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "labels.toml" in result.stderr


def runs(workspace: PracticeWorkspace, environ: dict[str, str], **changed: str) -> Result:
    return run({**environ, **workspace.environment, **changed}, "run")


def test_run_refuses_a_token_slack_does_not_know_and_says_where_to_get_it(
    environ: dict[str, str], folder: Path, workspace: PracticeWorkspace
) -> None:
    workspace.person("Ms. Bell", "UBELL", "bell@school.example")
    run({**environ, **workspace.environment}, "load", SAMPLE)
    bot = runs(workspace, environ, SLACK_BOT_TOKEN="xoxb-hidden")
    app = runs(workspace, environ, SLACK_APP_TOKEN="xapp-hidden")
    assert (bot.exit_code, app.exit_code) == (1, 1)
    assert "Slack does not accept SLACK_BOT_TOKEN (invalid_auth). Copy it again" in bot.stderr
    assert "Slack does not open a socket (invalid_auth). Copy SLACK_APP_TOKEN again" in app.stderr
    assert "hidden" not in bot.output + app.output


def test_run_tells_no_way_to_slack_from_a_token_refused(environ: dict[str, str], workspace: PracticeWorkspace) -> None:
    result = runs(workspace, environ, SLACK_API_URL="http://127.0.0.1:1/api/")
    assert result.exit_code == 1
    assert "Slack cannot be asked who the bot is" in result.stderr
    assert "TOKEN" not in result.stderr


def test_a_file_that_is_no_database_is_told(environ: dict[str, str], database: Path) -> None:
    database.write_text("a letter home " * 200, encoding="utf-8")
    result = run(environ, "migrate")
    assert result.exit_code == 1
    assert "The database is not whole: file is not a database\nRestore it again" in result.stderr


@pytest.mark.parametrize("command", ["load", "run"])
def test_words_of_the_school_s_own_that_do_not_work_are_found_before_students_do(
    environ: dict[str, str], folder: Path, workspace: PracticeWorkspace, command: str
) -> None:
    own = folder / "prompts" / "en" / "messages" / "hello.md.j2"
    own.parent.mkdir(parents=True)
    own.write_text("Hi {{ nothing }}", encoding="utf-8")
    result = run({**environ, **workspace.environment, "SCHOOL_DIR": str(folder)}, command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{own}: uses 'nothing', which this message is not given" in result.stderr
    assert f"conference-coach prompts check {folder}" in result.stderr


def test_a_cadence_that_names_what_cannot_be_said_is_refused_with_all_its_faults(
    environ: dict[str, str], folder: Path, database: Path
) -> None:
    own = '[nudge.letter]\nmessage = "nudge_leter"\n[nudge.evidence]\nflow = "dreams"\n'
    (folder / "cadence.toml").write_text(own, encoding="utf-8")
    result = run(environ, "load", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "cadence.toml, nudge.letter.message",
        "cadence.toml, nudge.evidence.flow",
    ]
    assert not database.exists()


def test_the_days_of_a_calendar_are_told_and_what_changes_none_is_told_by_checking(
    environ: dict[str, str], folder: Path
) -> None:
    run(environ, "load", folder)
    events = ics("20261125/20261128 Thanksgiving break", "20261119/20261120 Fall concert")
    (folder / "calendar.ics").write_text(events, encoding="utf-8")
    assert "calendar.ics: these change no school day: Fall concert.\n" in run(environ, "load", folder, "--check").output
    loaded = run(environ, "load", folder).output
    assert "Added: 1\n  + calendar break Thanksgiving break 2026-11-25 to 2026-11-27\n" in loaded


def test_whose_account_is_deactivated_is_not_found_by_loading(
    environ: dict[str, str], database: Path, workspace: PracticeWorkspace
) -> None:
    noor = workspace.person("Noor Haddad", "U0NOOR", "noor@school.example")
    run(environ | workspace.environment, "load", SAMPLE)
    noor.deactivate()
    result = run(environ | workspace.environment, "load", SAMPLE)
    assert "Nothing changed." in result.output
    assert slack_ids(database)["noor"] is None


def test_a_conference_on_a_closed_day_is_told_and_loaded_all_the_same(environ: dict[str, str], folder: Path) -> None:
    (folder / "conferences.csv").write_text(CONFERENCES.replace("2026-12-10", "2026-12-13"), encoding="utf-8")
    for result in (run(environ, "load", folder, "--check"), run(environ, "load", folder)):
        assert result.exit_code == 0
        assert "Conferences on days that are closed for students: Sun 2026-12-13 (weekend): 1." in result.stderr


@pytest.mark.parametrize(
    ("cadence", "told"),
    [
        ('[nudge.letter]\nunless = "leter_done"', "nudge.letter.unless: There is no condition “leter_done”."),
        ('[nudge.letter]\nto = "channel"', "nudge.letter.message: “nudge_letter” cannot be said to the channel"),
    ],
)
def test_a_cadence_that_could_not_be_followed_is_refused(
    environ: dict[str, str], folder: Path, cadence: str, told: str
) -> None:
    (folder / "cadence.toml").write_text(cadence, encoding="utf-8")
    for result in (run(environ, "load", folder, "--check"), run(environ, "load", folder)):
        assert result.exit_code == 1
        assert told in result.stderr


def test_a_stored_cadence_that_does_not_fit_any_more_is_no_traceback(
    environ: dict[str, str], folder: Path, database: Path
) -> None:
    run(environ, "load", folder)
    store = Store(f"sqlite:///{database}")
    with store.write() as connection:
        connection.execute(update(School).values(cadence="[nudge.letter]\nwhom = 3\n"))
    store.close()
    result = run(environ, "cadence")
    assert result.exit_code == 1
    assert result.stderr.startswith("the school's cadence.toml, nudge.letter.whom: is not known here.")
    assert "conference-coach load DIR" in result.stderr


def test_where_nobody_is_on_slack_it_is_said_that_the_plan_can_be_seen_all_the_same(
    environ: dict[str, str], folder: Path
) -> None:
    said = "The plan as if all were: conference-coach cadence"
    assert said not in run(environ, "load", folder).output
    (folder / "roster.csv").write_text(ROSTER.replace("U0THEO", ""), encoding="utf-8")
    environ = environ | {"DATABASE_URL": environ["DATABASE_URL"].replace("coach.db", "other.db")}
    assert said in run(environ, "load", folder).output
