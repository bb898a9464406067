"""A quarter of a school in which every answer, note and name is a canary: found only where it belongs."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from sqlalchemy import select
from sqlalchemy import text as sql

from bot.cli.main import main
from bot.logs import Line, take_over
from bot.practice import demo
from bot.practice.faults import Fault
from bot.practice.page import Page
from bot.practice.people import Person
from bot.practice.stage import Stage, set_up
from bot.school import read_school
from bot.store.keyring import Keyring
from bot.store.migrate import migrate
from bot.store.models import ALL_METADATA
from bot.store.session import Store
from bot.words import Words
from scheduler import sealed
from tests.leaving.erased import erase, said_by_the_bot
from tests.stages import Student
from tests.trust.canaries import Canaries, found, quarter, written
from tests.trust.copied import tables
from tests.trust.witness import Witness

pytestmark = pytest.mark.xdist_group("canary")  # the quarter is played once for all

KEYS = "k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
ALARM = "sometimes I want to hurt myself"
WARNING = "Theo told me he wants to kill himself"
CHAT = "see you all on thursday"
SPANISH = "me sale mejor cuando lo dibujo"
BROKEN = "i wrote this while nothing could be stored"

TALK = {"noor", "okafor"}
CIRCLE = TALK | {"reyes", "lind", "amal"}

AGENDA = (
    "timeline.jpg", "explaining el", "ratios,", "my tío", "idk we built", "the timeline of", "the tape marks",
    "lab note", "She crossed", "starting it when", "i put it in", "in september", "now i start", "start my homework",
    "there is a check", "if i get home", "last year", "i know the answer", "raise my hand", "ms lind sees",
    "if i know", "how to start", "Start with the easy", "text me at", "ms lind", "look at me", "what to do when",
    "ms okafor, she", "gracias ms",
)  # fmt: skip
"""How those texts begin that Noor approved, or an adult gave and she kept: everybody at the conference reads them."""
AT_THE_CONFERENCE = ("Room 12 is", "phone in the", "árabe", CHAT)
"""What was agreed on, said in the channel, or is to be ready on the day."""
OF_OTHERS: Mapping[str, set[str]] = {
    ALARM: {"noor", "bell"},
    BROKEN: TALK,
    WARNING: {"bell"},
    "when my uncle let me fix the bike alone": {"okafor"},
    "i like it when we draw it first": {"theo", "okafor"},
    SPANISH: {"mateo", "varga"},
    "Me contó el universo entero en la cena.": {"amal", *TALK},
    "When the first question came, you took a breath and showed us the tape marks.": {"reyes", *TALK},
}
ABOUT_NOOR_NOT = {WARNING, SPANISH, "when my uncle let me fix the bike alone", "i like it when we draw it first"}

LANGUAGE = ("árabe",)
"""What an interpreter is asked for: kept beside who comes, and not sealed (tests/store/test_sealed.py, PLAIN)."""

KNOWN: Mapping[str, set[str]] = {
    "noor": {*CIRCLE, "bell", "ortiz"},
    "theo": {"theo", "okafor", "reyes", "lind", "anders", "bell", "ortiz"},
    "mina": {"mina", "okafor", "reyes", "lind", "soo"},
    "ravi": {"okafor", "reyes", "lind"},
    "mateo": {"mateo", "varga", "lind", "lucia"},
    "amal": CIRCLE,
    "yusuf": CIRCLE,
    "anders": {"anders", "theo", "okafor", "reyes", "lind"},
    "soo": {"soo", "mina", "okafor", "reyes", "lind"},
    "lucia": {"lucia", "mateo", "varga", "lind"},
    "deepa": {"okafor", "reyes", "lind"},
}
"""Who may come upon a student's name, or one of their family's; the coordinator may come upon every one."""


@dataclass(frozen=True)
class Evidence:
    """What came of the quarter. `columns`: where each canary stands in the database, once it is opened; `left`: the
    same of a backup made after Noor was erased, and `said` is all that the bot still says then."""

    canaries: Canaries
    readers: Mapping[str, set[str]]
    unseen: Mapping[str, set[str]]
    addresses: set[str]
    lines: str
    printed: str
    raw: set[str]
    columns: Mapping[str, set[str]]
    exported: Mapping[str, str]
    left: Mapping[str, set[str]]
    copy: set[str]
    said: str

    def of(self, *texts: str) -> set[str]:
        """The canaries of these texts."""
        return {self.canaries.words[text] for text in texts}

    @property
    def names(self) -> set[str]:
        """The canaries that are names."""
        return {one for each in self.canaries.names.values() for one in each}

    @property
    def noors(self) -> set[str]:
        """The canaries of what Noor typed, and others about her, and of her name; but what nobody kept."""
        words = {canary for text, canary in self.canaries.words.items() if text not in ABOUT_NOOR_NOT}
        return {*words, *self.canaries.names["noor"]}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder, canaries, witness = tmp_path_factory.mktemp("canary"), Canaries(), Witness()
    with pytest.MonkeyPatch.context() as patch, _listening(patch) as (lines, printed):
        witness.watch(patch)
        with _staged(patch, folder, canaries) as here:
            _afterwards(here, canaries)
            _look(here)
            readers, unseen = witness.readers(here.workspace), defaultdict[str, set[str]](set)
            for where, there in witness.unseen(here.workspace):
                for canary in there:
                    unseen[canary].add(where)
            addresses, columns = set(witness.addresses()), _columns(here.bot.house.store)
            raw = {one for file in folder.glob("coach.db*") for one in found(file.read_bytes().decode("latin-1"))}
            exported = _exported(folder)
            erase(here, "noor", folder / "erasures", with_alerts=True)
            said = "\n".join(said_by_the_bot(here))
            assert CliRunner().invoke(main, ["backup", str(folder / "copy")]).exit_code == 0
        copy = Store(f"sqlite:///{folder}/copy", Keyring.read(KEYS))
        left = _columns(copy)
        copy.close()
    return Evidence(
        canaries, readers, unseen, addresses, lines.getvalue(), printed.getvalue(), raw, columns, exported, left,
        found((folder / "copy").read_bytes().decode("latin-1")), said,
    )  # fmt: skip


class _AsItIs(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


@contextmanager
def _listening(patch: pytest.MonkeyPatch) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """What is logged, by everything and at every level, as the bot writes it; and all that is printed.

    Our own messages are kept as they are, too: what a line withholds should not have been handed to it.
    """
    lines, printed, root = io.StringIO(), io.StringIO(), logging.getLogger()
    for where in (sys, threading):
        patch.setattr(where, "excepthook", where.excepthook)
    patch.setattr(sys, "unraisablehook", sys.unraisablehook)
    patch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    written_out, own = logging.StreamHandler(lines), logging.StreamHandler(lines)
    written_out.setFormatter(Line())
    own.setFormatter(_AsItIs())
    own.addFilter(lambda record: record.name.split(".")[0] in ("bot", "scheduler", "prompts"))
    own.addFilter(lambda record: record.name != "bot.bolt")  # which is Bolt's own, and withheld
    patch.setattr(root, "handlers", [written_out, own])
    patch.setattr(root, "level", logging.DEBUG)
    with redirect_stdout(printed), redirect_stderr(printed):
        take_over()
        yield lines, printed
    logging.captureWarnings(capture=False)


@contextmanager
def _staged(patch: pytest.MonkeyPatch, folder: Path, canaries: Canaries) -> Iterator[Stage]:
    """The quarter, played on a database with keys; the command line finds the same."""
    school, url = written(canaries, folder / "school"), f"sqlite:///{folder}/coach.db"
    patch.setattr(demo, "read_school", lambda _folder, languages: read_school(school, languages))
    for name, value in (("DATABASE_URL", url), ("ENCRYPTION_KEYS", KEYS)):
        patch.setenv(name, value)
    store = Store(url)
    migrate(store)
    store.close()
    script = quarter(canaries)
    assert script.starts is not None
    with set_up(url, school, Words.load(), script.starts.replace(tzinfo=demo.SCHOOL), script.away, keys=KEYS) as here:
        for guest in script.guests:
            here.people[guest].guest = True
        for logger in logging.Logger.manager.loggerDict.values():  # some speak of failures alone, unless they are told
            if isinstance(logger, logging.Logger) and logger.level:
                patch.setattr(logger, "level", logging.DEBUG)
        demo.perform(here, script, Page(Console(file=io.StringIO())))
        yield here


def _afterwards(here: Stage, canaries: Canaries) -> None:
    """What the demo has not: alarms, a chat in the channel, another advisor's student, faults, a week of digests."""
    noor, mateo, bell = Student(here), Student(here, "mateo"), here.people["bell"]
    mateo.say(canaries.typed(SPANISH))
    here.people["amal"].say(f"conf-{canaries.names['noor'][0]}-12-10", canaries.typed(CHAT))
    noor.tap("Start")
    _broken(here, noor, canaries.typed(BROKEN))
    noor.say(canaries.typed(ALARM))
    _opened(here, bell)
    here.people["okafor"].command("/conference", canaries.typed(WARNING))
    here.run()
    _opened(here, bell)
    for fault in (Fault.ERROR_500, Fault.refused("restricted_action")):
        here.workspace.fault("chat.postMessage", fault)
        mateo.say("menu")
    for _ in here.until(here.clock() + timedelta(days=7)):
        pass


def _opened(here: Stage, bell: Person) -> None:
    """The counselor reads what the newest alert is about, and takes it up."""
    for button in ("Open it for you alone", "I'm on it"):
        assert bell.tap(button).ok
        here.run()
        bell.modals.clear()


def _broken(here: Stage, noor: Student, words: str) -> None:
    """Words that arrive while answers cannot be stored, and again when they can."""
    store, everywhere = here.bot.house.store, {"every_workspace": True}
    with store.write() as connection:
        trigger = "CREATE TRIGGER broken BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'broken'); END"
        connection.execute(sql(trigger).execution_options(**everywhere))
    noor.person.dm(words)
    here.workspace.events.settle()
    with store.write() as connection:
        connection.execute(sql("DROP TRIGGER broken").execution_options(**everywhere))
    here.clock.advance(minutes=10)
    here.workspace.tick()  # Slack brings them again
    noor.let()


def _look(here: Stage) -> None:
    """Everybody opens what they can."""
    for person in here.people.values():
        person.open_home()
        for words in ("", "status", "agenda", "commitments"):
            person.command("/conference", words)
            here.run()
            person.modals.clear()


def _columns(store: Store) -> dict[str, set[str]]:
    """By canary, the columns it stands in."""
    there: dict[str, set[str]] = defaultdict(set)
    with store.read() as connection:
        connection.execution_options(every_workspace=True)
        for table in tables():
            for row in connection.execute(select(*table.columns)):
                for column, value in zip(table.columns, row, strict=True):
                    for canary in found(str(value)):
                        there[canary].add(f"{table.name}.{column.name}")
        connection.execution_options(every_workspace=False)
    return dict(there)


def _exported(folder: Path) -> dict[str, str]:
    (folder / "out").mkdir()
    done = CliRunner().invoke(main, ["export", "--student", "noor", "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output
    return {"": done.output, **{file.name: file.read_text("utf-8") for file in (folder / "out").iterdir()}}


def _may(text: str) -> set[str]:
    """Before whom this text may stand; what is not named is between the student and the advisor."""
    if text in OF_OTHERS:
        return OF_OTHERS[text]
    return CIRCLE if text.startswith((*AGENDA, *AT_THE_CONFERENCE)) else TALK


# --- who reads it ----------------------------------------------------------------------------------------------------


def test_everything_that_was_typed_is_kept_but_for_what_people_say_to_each_other(evidence: Evidence) -> None:
    kept = {text for text, canary in evidence.canaries.words.items() if canary in evidence.columns}
    assert set(evidence.canaries.words) - kept == {CHAT}
    assert len(kept) >= 55


def test_no_word_ever_stood_before_anybody_it_is_not_for(evidence: Evidence) -> None:
    words = evidence.canaries.words.items()
    strangers = {text: evidence.readers.get(canary, set()) - _may(text) for text, canary in words}
    assert {text: who for text, who in strangers.items() if who} == {}


def test_what_is_on_the_agenda_stood_before_the_family_and_the_teachers(evidence: Evidence) -> None:
    listed = {text: one for text, one in evidence.canaries.words.items() if text.startswith(AGENDA)}
    assert len(listed) == len(AGENDA)
    assert {text for text, one in listed.items() if not {"noor", "amal", "reyes"} <= evidence.readers[one]} == set()


def test_what_was_flagged_stood_before_the_counselor_who_opened_it(evidence: Evidence) -> None:
    by_whom = {text: evidence.readers[evidence.canaries.words[text]] for text in (ALARM, WARNING)}
    assert by_whom == {ALARM: {"noor", "bell"}, WARNING: {"bell"}}


@pytest.mark.parametrize("whose", KNOWN)
def test_nobody_comes_upon_the_name_of_a_child_or_a_family_they_have_no_part_in(evidence: Evidence, whose: str) -> None:
    seen = set[str]().union(*(evidence.readers.get(one, set()) for one in evidence.canaries.names[whose]))
    assert seen
    assert seen - KNOWN[whose] - {"tan"} == set()


# --- where nobody reads ----------------------------------------------------------------------------------------------


def test_none_is_in_metadata_ids_values_or_arguments_that_nobody_reads(evidence: Evidence) -> None:
    assert evidence.unseen == {}


def test_none_is_in_an_address_or_a_query(evidence: Evidence) -> None:
    assert len(evidence.addresses) > 10
    assert {one for one in evidence.addresses if found(one)} == set()


def test_none_is_in_the_log_at_any_level_nor_in_what_is_printed(evidence: Evidence) -> None:
    for told in ("DEBUG bot.bolt", "DEBUG urllib3", "listener_failed", "dead_letter"):
        assert told in evidence.lines, "not listened to"
    assert [line for line in evidence.lines.splitlines() if found(line)] == []
    assert [line for line in evidence.printed.splitlines() if found(line)] == []


# --- in the database, in what is taken out of it ---------------------------------------------------------------------


def test_with_keys_the_files_of_the_database_hold_names_and_no_words(evidence: Evidence) -> None:
    assert evidence.raw >= evidence.names
    assert evidence.raw - evidence.names == evidence.of(*LANGUAGE)


def test_words_stand_in_columns_that_are_sealed_and_names_in_the_roster_too(evidence: Evidence) -> None:
    """And names where a channel and a packet are called after the student, as everybody there sees."""
    can_be = {f"{one.table.name}.{one.name}" for each in ALL_METADATA for one in sealed.columns_of(each)}
    words = {canary: where - can_be for canary, where in evidence.columns.items() if canary not in evidence.names}
    assert set[str]().union(*words.values()) == {"participant.interpreter"}
    names = set[str]().union(*(where for canary, where in evidence.columns.items() if canary in evidence.names))
    assert names - can_be == {"person.name", "conference.channel_name", "shared_work.link", "deliveries.ref_ts"}


def test_an_export_has_all_of_hers_but_what_was_flagged_and_nothing_of_other_children(evidence: Evidence) -> None:
    both = [found(evidence.exported[name]) for name in ("noor.json", "noor.html")]
    flagged, others = evidence.of(ALARM), evidence.of(*ABOUT_NOOR_NOT)
    children = {one for key in ("theo", "mina", "ravi", "mateo") for one in evidence.canaries.names[key]}
    assert both[0] >= evidence.noors - flagged - evidence.of(CHAT)
    for there in both:
        assert there & (flagged | others | children) == set()
    assert found(evidence.exported[""]) <= set(evidence.canaries.names["noor"])


def test_a_backup_after_she_was_erased_has_nothing_of_hers_and_all_of_the_others(evidence: Evidence) -> None:
    assert (set(evidence.left) | evidence.copy) & evidence.noors == set()
    assert set(evidence.left) >= evidence.of(*ABOUT_NOOR_NOT) | set(evidence.canaries.names["theo"])


def test_nor_does_the_bot_say_anything_of_hers_anywhere(evidence: Evidence) -> None:
    assert found(evidence.said) & evidence.noors == set()
    assert found(evidence.said) & set(evidence.canaries.names["theo"])
