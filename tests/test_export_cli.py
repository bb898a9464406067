"""`conference-coach export` and what it leaves on the disk, of a school that was played."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from bot.cli import writing
from bot.cli.main import main
from bot.errors import CoachError
from bot.practice.stage import MONDAY, set_up
from bot.school.spreadsheet import spreadsheet
from bot.store import migrate as schema
from bot.store.models import Audit, Conference, Person, School
from bot.store.session import Store
from bot.words import Words
from tests.leaving.erased import erase
from tests.stages import LETTER, PHOTO, STRENGTHS, Student, school, staged, url_of


@pytest.fixture
def noor(store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Student]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    monkeypatch.setenv("DATABASE_URL", url_of(store))
    monkeypatch.chdir(tmp_path)
    with staged(store, words, tmp_path / "school") as stage:
        yield Student(stage)


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def noted(store: Store) -> list[tuple[str, str, str, bool]]:
    """What the audit trail says of exports: who, what, of what, and whether it is about a student."""
    with store.read() as connection:
        asked = select(Audit.actor, Audit.kind, Audit.thing, Audit.student_id).where(Audit.act == "exported")
        return [(row.actor, row.kind, row.thing, row.student_id is not None) for row in connection.execute(asked)]


def test_a_students_export_has_what_they_said_and_were_told_as_data_and_to_read(
    noor: Student, store: Store, tmp_path: Path
) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    (tmp_path / "out").mkdir()
    done = export("--student", "noor", "--out", tmp_path / "out")
    assert (done.exit_code, done.stderr) == (0, "")
    data = json.loads((tmp_path / "out" / "noor.json").read_text(encoding="utf-8"))
    page = (tmp_path / "out" / "noor.html").read_text(encoding="utf-8")
    said = [row["text"] for row in data["tables"]["answer"]]
    for text in [*LETTER.values(), STRENGTHS["best_at"]]:
        assert text in said
        assert text in page
    assert html.escape("Hi Noor, I'm Conference Coach.") in page  # what she was told, in the words it had
    assert "Which class" in page or "best" in page
    assert data["files"][0]["title"] == "IMG_2231.png"
    assert "Ms. Okafor (advisor)" in page
    assert "Files: 1 are in Slack" in done.stdout
    assert noted(store) == [("cli", "person", f"person:{data['tables']['person'][0]['id']}", True)]


def test_nobody_but_their_owner_reads_the_files_and_none_is_replaced_unasked(noor: Student, tmp_path: Path) -> None:
    assert export("--student", "theo").exit_code == 0
    files = [tmp_path / "theo.json", tmp_path / "theo.html"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    before = [file.read_bytes() for file in files]
    again = export("--student", "theo")
    assert again.exit_code == 1
    assert "It is there already" in again.stderr
    assert "--force" in again.stderr
    assert [file.read_bytes() for file in files] == before
    assert export("--student", "theo", "--force").exit_code == 0
    assert not list(tmp_path.glob(".*"))


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_exported(
    noor: Student, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    done = export("--student", "theo", "--out", tmp_path / "file" / "out")
    assert (done.exit_code, "There is no such folder" in done.stderr) == (1, True)
    missing = export("--student", "theo", "--out", tmp_path / "mistyped")
    assert (missing.exit_code, "mistyped: There is no such folder" in missing.stderr) == (1, True)
    table = export("--school", "--out", tmp_path / "mistyped" / "school.csv")
    assert (table.exit_code, (tmp_path / "mistyped").exists()) == (1, False)
    assert noted(store) == []


def test_if_the_second_file_or_the_note_fails_none_of_them_is_there(tmp_path: Path) -> None:
    (tmp_path / "b.html").mkdir()

    def fail() -> None:
        raise CoachError("no")

    with pytest.raises(CoachError):
        writing.write({tmp_path / "a.json": b"1", tmp_path / "c.json": b"2"}, force=True, first=fail)
    with pytest.raises(CoachError):
        writing.write({tmp_path / "a.json": b"1", tmp_path / "b.html": b"2"}, force=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--student", "nor"], "Did you mean “noor”?"),
        (
            ["--student", "okafor"],
            "“okafor” is no student: Ms. Okafor is in the roster as advisor. Say --person okafor",
        ),
        (["--person", "x"], "There is nobody “x” here. Give the id that roster.csv has; capitals count."),
        (["--student", "noor", "--workspace", "T999"], "There is no school of workspace T999 here"),
        ([], "Say what: --student ID, --person ID or --school."),
        (["--student", "noor", "--school"], "Say what"),
        (["--school", "--files"], "go with --student"),
        (["--student", "noor", "--files"], "SLACK_BOT_TOKEN"),
    ],
)
def test_what_cannot_be_exported_is_told_with_what_to_do(
    noor: Student, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = export(*arguments)
    assert done.exit_code == 1
    assert told in done.stderr
    assert not list(tmp_path.glob("*.json"))


def test_with_two_schools_in_one_database_it_must_be_said_which(noor: Student, store: Store) -> None:
    with store.write() as connection:
        row = dict(connection.execute(select(School.__table__)).mappings().one())
        connection.execute(School.__table__.insert().values({**row, "workspace": "T0OTHER", "name": "Other"}))
    assert "Say which: --workspace" in export("--student", "noor").stderr
    assert "There is nobody “noor” here" in export("--student", "noor", "--workspace", "T0OTHER").stderr
    assert export("--student", "noor", "--workspace", noor.stage.workspace.team_id).exit_code == 0


def test_flagged_words_come_only_when_they_are_asked_for_and_no_file_tells_that_there_are_any(
    noor: Student, tmp_path: Path
) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say("i want to kill myself")
    noor.say("and nobody knows about it")  # while a person is awaited
    done = export("--student", "noor")
    files = "".join((tmp_path / name).read_text(encoding="utf-8") for name in ("noor.json", "noor.html"))
    assert "3 entries are with the counselor; they are not in this export" in done.stderr
    for word in ("kill myself", "nobody knows", "safety_", '"held"', '"alarm": "explicit"', "thank you for telling"):
        assert word not in files
    assert export("--student", "noor", "--with-alerts", "--force").stderr == ""
    assert "i want to kill myself" in (tmp_path / "noor.html").read_text(encoding="utf-8")


def test_pieces_of_work_are_fetched_from_slack_where_they_are_asked_for(
    noor: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noor.answer(evidence="the timeline on the football field, I measured it")
    monkeypatch.setenv("SLACK_BOT_TOKEN", noor.stage.workspace.environment["SLACK_BOT_TOKEN"])
    monkeypatch.setenv("SLACK_API_URL", noor.stage.workspace.environment["SLACK_API_URL"])
    done = export("--student", "noor", "--files")
    [file] = (tmp_path / "noor-files").iterdir()
    assert file.name.endswith("IMG_2231.png")
    assert file.read_bytes() == PHOTO
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Files: 1 of 1 fetched from Slack." in done.stdout


def test_an_adult_gets_their_own(noor: Student, tmp_path: Path) -> None:
    noor.finish()
    assert export("--person", "okafor").exit_code == 0
    data = json.loads((tmp_path / "okafor.json").read_text(encoding="utf-8"))
    assert data["person"]["role"] == "advisor"
    assert data["tables"]["answer"] == []
    assert not [text for text in LETTER.values() if text in json.dumps(data, ensure_ascii=False)]


def test_the_page_for_a_parent_has_none_of_the_programs_own_names(noor: Student, tmp_path: Path) -> None:
    noor.finish(evidence="the timeline on the football field, I measured it")
    noor.stage.wait(days=1)
    noor.stage.plan()
    noor.stage.run()
    assert export("--student", "noor").exit_code == 0
    page = (tmp_path / "noor.html").read_text(encoding="utf-8")
    data = json.loads((tmp_path / "noor.json").read_text(encoding="utf-8"))
    files = {row["file"] for row in data["tables"]["shared_work"]}
    assert {"calendar:en:0", "calendar:es:0"} < files
    assert data["tables"]["audit"]
    raw = ("cli", "person_added", "changed", "sent", "scheduled", "en", "said", "chosen", "yes", *files)
    assert [word for word in raw if f">{word}<" in page] == []
    assert ">English<" in page


def test_of_others_no_account_is_in_anybodys_export(noor: Student, tmp_path: Path) -> None:
    noor.finish()
    noor.stage.wait(days=1)
    for key in ("okafor", "bell", "yusuf"):
        assert export("--person", key).exit_code == 0
        text = (tmp_path / f"{key}.json").read_text(encoding="utf-8")
        others = [person.id for name, person in noor.stage.people.items() if name != key]
        assert [one for one in others if f'"{one}"' in text] == []


def test_who_was_erased_is_told_to_have_been(noor: Student, store: Store, tmp_path: Path) -> None:
    erase(noor.stage, "noor", tmp_path / "erasures")
    done = export("--student", "noor")
    day = f"{noor.stage.clock():%Y-%m-%d}"
    assert (done.exit_code, f"“noor” was erased on {day}. There is nothing of theirs here." in done.stderr) == (1, True)


def test_sealed_words_are_exported_in_plain_and_without_the_key_nothing_is(
    store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = "k1:" + base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setattr(schema, "require_current", lambda _store: None)
    monkeypatch.setenv("DATABASE_URL", url_of(store))
    with set_up(url_of(store), school(tmp_path / "school"), words, MONDAY, keys=keys) as stage:
        Student(stage).answer()
        blind = export("--student", "noor", "--out", tmp_path)
        assert blind.exit_code == 1
        assert not (tmp_path / "noor.json").exists()
        monkeypatch.setenv("ENCRYPTION_KEYS", keys)
        assert export("--student", "noor", "--out", tmp_path).exit_code == 0
    assert LETTER["learner"] in (tmp_path / "noor.html").read_text(encoding="utf-8")
    assert LETTER["learner"] in (tmp_path / "noor.json").read_text(encoding="utf-8")


# --- the school ------------------------------------------------------------------------------------------------------


def read(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_the_schools_progress_is_a_table_without_words(noor: Student, store: Store, tmp_path: Path) -> None:
    noor.finish()
    done = export("--school", "--out", tmp_path / "school.csv")
    rows = {row["id"]: row for row in read(tmp_path / "school.csv")}
    assert done.stdout == f"{tmp_path / 'school.csv'}: {len(rows)} students\n"
    hers = rows["noor"]
    assert (hers["student"], hers["advisor"], hers["conference"], hers["time"]) == (
        "Noor Haddad", "Ms. Okafor", "2026-12-10", "17:30",
    )  # fmt: skip
    assert (hers["status"], hers["letter"], hers["strengths"], hers["goals"], hers["approved"]) == (
        "ready", "done", "done", "", "yes",
    )  # fmt: skip
    assert hers["family invited"] == "2"
    assert (rows["theo"]["status"], rows["theo"]["letter"], rows["theo"]["approved"]) == ("new", "open", "no")
    assert rows["mateo"]["student"] == "Mateo Ríos"
    assert LETTER["learner"] not in (tmp_path / "school.csv").read_text(encoding="utf-8")
    assert noted(store) == [("cli", "progress", "", False)]


def test_a_name_or_place_that_a_spreadsheet_would_calculate_stays_text(
    noor: Student, store: Store, tmp_path: Path
) -> None:
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key == "noor").values(name='=HYPERLINK("http://x","Noor")'))
        connection.execute(update(Conference).values(place="@SUM(1+1)"))
    export("--school")
    hers = next(row for row in read(tmp_path / "progress.csv") if row["id"] == "noor")
    assert hers["student"] == '\'=HYPERLINK("http://x","Noor")'
    assert hers["place"] == "'@SUM(1+1)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"),
        (" =1", "' =1"), ("\u00a0=1", "'\u00a0=1"), ("\ufeff=1", "'\ufeff=1"), ("\n=1", "'\n=1"),
        ("a=1", "a=1"), ("'=1", "'=1"), (-1, "-1"), (None, ""), (True, "True"), ("Ríos, “Ñ” 🎒", "Ríos, “Ñ” 🎒"),
        ('a "b"\nc', 'a "b"\nc'), ("a\0b", "ab"),
    ],
)  # fmt: skip
def test_a_cell_comes_back_as_it_was_and_never_as_a_formula(value: object, text: str) -> None:
    raw = spreadsheet(["a", "b"], [[value, "x"]])
    assert list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))) == [["a", "b"], [text, "x"]]
