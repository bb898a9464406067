"""`conference-coach packet`: without Slack as with it, and what it says where it cannot be told which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from bot.cli.main import main
from bot.practice.stage import Stage
from bot.store import migrate as schema
from bot.store.models import Guardian, Person
from bot.store.session import Store
from bot.words import Words
from tests.packet.bound import opened, photo, text
from tests.stages import LETTER, Student, staged, url_of


@pytest.fixture
def noor(store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Student]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    monkeypatch.setenv("DATABASE_URL", url_of(store))
    with staged(store, words, tmp_path / "school") as stage:
        live(stage, amal="", yusuf="")
        yield Student(stage)


def live(stage: Stage, **homes: str) -> None:
    """Let adults live in these homes; "" is one that needs no name."""
    with stage.bot.house.store.write() as connection:
        for key, home in homes.items():
            who = select(Person.id).where(Person.key == key).scalar_subquery()
            connection.execute(update(Guardian).where(Guardian.adult_id == who).values(household=home))


def packet(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["packet", *map(str, arguments)])


def test_a_packet_is_made_before_and_after_the_approval_with_pictures_where_slack_can_be_asked(
    noor: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "noor.pdf"
    early = packet("noor", "--out", file, "--language", "es", "--paper", "a4")
    assert (early.exit_code, early.stdout) == (0, f"{file}: Noor Haddad\n")
    assert "Nothing is approved yet" in early.stderr
    assert "La reunión de Noor" in text(file.read_bytes())
    with opened(file.read_bytes()) as document:
        assert round(document[0].get_height()) == 842

    monkeypatch.setattr("tests.stages.PHOTO", photo())
    noor.finish(evidence="the timeline on the football field, I measured it")
    alone = packet("Noor Haddad", "--out", file, "--language", "en")
    assert "Pictures: 1 are in Slack, and SLACK_BOT_TOKEN is not set" in alone.stderr
    assert LETTER["learner"] in text(file.read_bytes())
    assert "Ask me to show it." in text(file.read_bytes())

    monkeypatch.setenv("SLACK_BOT_TOKEN", noor.stage.workspace.bot_token)
    monkeypatch.setenv("SLACK_API_URL", noor.stage.workspace.api_url)
    assert packet("haddad", "--out", file, "--language", "en").stderr == ""
    assert "Ask me to show it." not in text(file.read_bytes())


def test_two_homes_have_a_packet_each_and_a_term_is_made_at_once(noor: Student, tmp_path: Path) -> None:
    live(noor.stage, amal="Elm Street", yusuf="Harbor Road")
    assert packet("noor", "--out", tmp_path).exit_code == 0
    elm, harbor = (tmp_path / f"packet-noor-{home}.pdf" for home in ("elm-street", "harbor-road"))
    assert "Amal Haddad" in text(elm.read_bytes())
    assert "Yusuf" not in text(elm.read_bytes())
    assert "Yusuf Haddad" in text(harbor.read_bytes())

    assert packet("noor", "--out", tmp_path / "new").exit_code == 0  # a folder that is not there yet
    assert len(list((tmp_path / "new").iterdir())) == 2
    assert packet("noor", "--household", "Elm Street", "--out", f"{tmp_path}/a.b/").exit_code == 0
    assert (tmp_path / "a.b" / "packet-noor.pdf").is_file()
    refused = packet("noor", "--out", tmp_path / "one.pdf")
    assert "There are 2 homes: “Elm Street”, “Harbor Road”. Say --household NAME" in refused.stderr
    one = packet("noor", "--household", "Elm Street", "--out", tmp_path / "one.pdf")
    assert one.stdout == f"{tmp_path / 'one.pdf'}: Noor Haddad, Elm Street\n"

    assert packet("--all", "--term", "Autumn 2026", "--out", tmp_path / "all").exit_code == 0
    made = sorted(path.name for path in (tmp_path / "all").iterdir())
    assert len(made) == 25
    assert made[15:17] == ["packet-noor-elm-street.pdf", "packet-noor-harbor-road.pdf"]
    spanish = text((tmp_path / "all" / "packet-mateo.pdf").read_bytes())
    assert "La reunión de Mateo" in spanish
    assert "Lucía Ríos" in spanish


def test_no_packet_takes_the_place_of_another_and_letters_of_no_font_are_counted(noor: Student, tmp_path: Path) -> None:
    live(noor.stage, amal="بيت الأم", yusuf="بيت الأب")
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "amal").values(name="𓀀𓀁"))
    made = packet("noor", "--out", tmp_path)
    assert {path.name for path in tmp_path.glob("*.pdf")} == {"packet-noor-بيت-الأم.pdf", "packet-noor-بيت-الأب.pdf"}
    assert "Letters: 2 in no font on this machine" in made.stderr
    live(noor.stage, amal="Elm?", yusuf="elm")
    packet("noor", "--out", tmp_path / "alike")
    names = sorted(path.name for path in (tmp_path / "alike").iterdir())
    assert names == ["packet-noor-elm-2.pdf", "packet-noor-elm.pdf"]


def test_what_cannot_be_made_is_said_with_its_remedy(noor: Student, tmp_path: Path) -> None:
    for arguments, problem in (
        ((), "Whose packet? Give the student's id in roster.csv"),
        (("--all",), "--all goes with --term NAME and --out DIR"),
        (("nobody",), "There is no student “nobody”. Give their id in roster.csv"),
        (("in",), "Several students are called “in”: "),
        (("noor", "--household", "Moon"), "This student has no household “Moon”."),
        (("noor", "--term", "Summer"), "There is no term “Summer”. The school has: Autumn 2026, Winter 2027"),
        (("noor", "--term", "Winter 2027"), "Noor Haddad has no conference in Winter 2027."),
        (("noor", "--language", "xx"), "There are no words in “xx”. There are: en, es."),
        (("noor", "--out", tmp_path / "school" / "school.toml" / "x.pdf"), "It cannot be written: "),
    ):
        result = packet(*arguments)
        assert result.exit_code == 1, arguments
        assert problem in result.stderr
