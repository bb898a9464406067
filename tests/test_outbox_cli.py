"""`conference-coach outbox`: shown to a person, who may try again and drop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.practice.stage import Stage, set_up
from bot.services.speech import Kind, Saying
from bot.store import migrate as schema
from bot.store.session import Store
from bot.words import Words
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Draft, State
from scheduler.outcomes import Later, Refused, Unknown
from scheduler.pace import UNLIMITED, Pace
from tests.scheduler.fakes import FakeSender, Hands, states, stored
from tests.scheduler.test_threads import now
from tests.stages import school, url_of

SECRET = "my cousin failed me"


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    with set_up(url_of(store), school(tmp_path / "school"), words, now()) as stage:
        yield stage


class Operator:
    """Puts deliveries in the states they can be in, and looks at them."""

    def __init__(self, stage: Stage, store: Store) -> None:
        self.store = store
        self.stage = stage
        self.sender = FakeSender()
        self.hands = Hands(now())

    def put(self, key: str, person: str = "noor", outcome: Refused | Later | Unknown | None = None) -> None:
        payload = Saying("paused", {"student": SECRET}).payload("en")
        to = self.stage.people[person].id
        draft = Draft(self.stage.bot.workspace, Kind.SAY, to, "person:1", payload, key, self.hands.now)
        house = self.stage.bot.house
        with house.store.write() as connection:
            house.outbox.put(connection, [draft], self.hands.now)
        if outcome is not None:
            self.sender.answers[key] = [outcome]
            Dispatcher(house.store.write, house.outbox, self.sender, Pace(UNLIMITED), self.hands).run_due()

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, ["outbox", *arguments], env={"DATABASE_URL": url_of(self.store)})
        assert SECRET not in result.output
        return result

    def id(self, key: str) -> str:
        return stored(self.store)[key].id


@pytest.fixture
def operator(stage: Stage, store: Store) -> Operator:
    return Operator(stage, store)


def test_what_waits_is_listed_with_name_state_and_reason_and_no_word_of_it(operator: Operator) -> None:
    operator.put("dead", "theo", Refused("channel_not_found"))
    operator.put("unknown", "mina", Unknown("timeout"))
    operator.put("behind", "mina")
    operator.put("limited", "jules", Later(3600, "ratelimited"))
    shown = operator.run().output
    assert re.search(r"dead +say paused +Theo Lindqvist .* channel_not_found", shown)
    assert re.search(r"unknown +say paused +Mina Park .* timeout", shown)
    assert re.search(rf"held +say paused +Mina Park .* behind …{operator.id('unknown')[-8:]}", shown)
    assert re.search(r"held +say paused +Jules Moreau .* ratelimited, again", shown)


def test_the_times_are_the_school_s(operator: Operator) -> None:
    operator.hands.now = operator.hands.now.replace(month=1, day=5, hour=17, minute=30)
    operator.put("dead", "theo", Refused("no"))
    assert "05 Jan 12:30" in operator.run().output


def test_everything_is_counted_by_kind_and_state(operator: Operator) -> None:
    operator.put("a", "theo", Refused("no"))
    operator.put("b", "mina")
    operator.put("c", "jules")
    shown = operator.run().output
    assert re.search(r"kind +scheduled +dead", shown)
    assert re.search(r"say +2 +1", shown)


def test_the_list_can_be_narrowed(operator: Operator) -> None:
    operator.put("a", "theo", Refused("no"))
    operator.put("b", "mina")
    dead, waiting, asks = (
        operator.run(*words)
        for words in (("--state", "dead"), ("--state", "due", "--state", "unknown"), ("--kind", "ask"))
    )
    assert (dead.exit_code, waiting.exit_code, asks.exit_code) == (0, 0, 0)
    assert ("Theo Lindqvist" in dead.output, "Mina Park" in dead.output) == (True, False)
    assert ("Theo Lindqvist" in waiting.output, "Mina Park" in waiting.output) == (False, True)
    assert "Nothing waits." in asks.output


def test_a_kind_that_is_none_is_told_with_those_there_are(operator: Operator) -> None:
    result = operator.run("--kind", "nudges")
    assert result.exit_code == 1
    assert "There is no such kind." in result.stderr
    assert "Did you mean “nudge”?" in result.stderr
    assert "agenda, ask," in result.stderr


def test_what_was_dropped_before_its_time_is_retried_for_that_time(operator: Operator) -> None:
    operator.hands.now = now() + timedelta(days=3)
    operator.put("a")
    due = operator.hands.now.astimezone(ZoneInfo("America/New_York"))
    operator.run("drop", operator.id("a"))
    assert f"goes out at its time, {due:%a %d %b %H:%M}\n" in operator.run("retry", operator.id("a")).output
    assert stored(operator.store)["a"].due_at == operator.hands.now


def test_one_is_shown_by_the_end_of_its_id(operator: Operator) -> None:
    operator.put("a", "theo", Refused("channel_not_found"))
    shown = operator.run("show", operator.id("a")[-8:]).output
    for line in (
        f"id: +{operator.id('a')}",
        "state: +dead",
        "why: +channel_not_found",
        "template: +paused",
        "tried: +1",
    ):
        assert re.search(line, shown)
    assert "Theo Lindqvist (UTHEO)" in shown


def test_a_dead_one_is_sent_again(operator: Operator) -> None:
    operator.put("a", "theo", Refused("no"))
    result = operator.run("retry", f"…{operator.id('a')[-8:]}")
    assert result.output == f"…{operator.id('a')[-8:]} say paused for Theo Lindqvist: goes out now\n"
    assert states(operator.store) == {"a": State.SCHEDULED}


def test_several_are_dropped_at_once(operator: Operator) -> None:
    operator.put("a", "theo", Refused("no"))
    operator.put("b", "mina")
    assert operator.run("drop", operator.id("a"), operator.id("b")).output.count(": dropped\n") == 2
    assert set(states(operator.store).values()) == {State.CANCELLED}


def test_an_id_that_is_nobody_s_or_several_s_changes_nothing(operator: Operator) -> None:
    operator.put("a", "theo", Refused("no"))
    operator.put("b", "mina", Refused("no"))
    shared = operator.id("a")[:6]
    result = operator.run("drop", operator.id("a"), "ffffffff", shared)
    assert result.exit_code == 1
    assert "ffffffff: There is none." in result.stderr
    assert f"{shared}: There are several. Give more of the id: {operator.id('a')}, {operator.id('b')}" in result.stderr
    assert set(states(operator.store).values()) == {State.DEAD}


def test_one_that_is_being_sent_cannot_be_dropped_and_it_says_so(operator: Operator) -> None:
    operator.put("a")
    house = operator.stage.bot.house
    with house.store.write() as connection:
        house.outbox.claim(connection, operator.hands.now, 1)
    assert "is being sent at this moment: nothing was done" in operator.run("drop", operator.id("a")).output
    assert states(operator.store) == {"a": State.SENDING}


@pytest.mark.parametrize("command", ["outbox", "cadence"])
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, command: str) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    result = CliRunner().invoke(main, [command], env={"DATABASE_URL": url})
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "There is no database" in result.stderr
    assert "conference-coach load" in result.stderr


@pytest.mark.parametrize("command", ["outbox", "cadence"])
def test_a_database_of_nothing_at_all_is_to_be_loaded(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty.db").touch()
    result = CliRunner().invoke(main, [command], env={"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"})
    assert result.exit_code == 1
    assert "Nothing has been loaded" in result.stderr
    assert "migrate" not in result.stderr


def test_a_database_without_a_school_says_what_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": url})
    result = CliRunner().invoke(main, ["outbox"], env={"DATABASE_URL": url})
    assert result.exit_code == 1
    assert "conference-coach load" in result.stderr
