"""Two schools in one database, with the same Slack users, channels, messages and events: played one after the other,
neither is touched by the other, reads of it, or is spoken for by its bot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.practice.stage import Stage
from bot.services import watching
from bot.services.command import asking
from bot.services.leaving.record import record
from bot.services.speech import Kind, Saying
from bot.services.talk import beside
from bot.store import scope
from bot.store.models import ALL_METADATA, Alert, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft, Outbox, deliveries
from tests.filled import fill
from tests.slack.afterwards import add, around, at, in_channel
from tests.stages import Student, agenda, everything_said

HERE, THERE = "T0HERE", "T0THERE"
ALARM = "i want to kill myself"
EMPTY = {"copied", "installation"}
"""Only a copy of a database has rows in the one, only an app installed by OAuth in the other."""


@dataclass(frozen=True)
class Side:
    """One of the two schools. `word`: what its student, and nobody of the other, writes about."""

    stage: Stage
    word: str

    @property
    def team(self) -> str:
        """Slack's id of its workspace."""
        return self.stage.workspace.team_id

    def play(self) -> None:
        """From the first hello to the evening after the conference, with an alert in the end. Then
        there is another student, with a row in every table."""
        stage, noor = self.stage, Student(self.stage)
        noor.finish(evidence=f"Page 12, the one about {self.word}, because I found my own mistake.")
        noor.edit(noor.said["matters"], f"It matters to me because my cousin asks me about {self.word}.")
        noor.delete(noor.said["favourite"])
        self._sit_beside()
        stage.people["okafor"].open_home()
        assert self.status().template == "status_coordinator"
        at(stage, 10, "17:35")
        (begins,) = in_channel(stage, "conference begins")
        add(stage, stage.people["amal"], self.student.name, f"read about {self.word}", begins)
        at(stage, 11, "15:31")
        noor.say(ALARM)
        self._take_up()
        with stage.bot.house.store.write() as connection:
            fill(connection, self.team, f"{self.word}-student")

    def status(self) -> Saying:
        """What the coordinator is told."""
        told = asking.command(self.stage.bot.house, self.team, "UTAN", "", "command:1").saying
        assert told is not None
        return told

    @property
    def student(self) -> Any:
        """The student's row."""
        with self.stage.bot.house.store.read() as connection:
            asked = select(*Person.__table__.c).where(Person.workspace == self.team, Person.key == "noor")
            return connection.execute(asked).one()

    def _sit_beside(self) -> None:
        said = beside.sit_down(self.stage.bot.house, self.team, "UOKAFOR", self.student.id, "tap:1")
        self.stage.bot.dispatcher.hand_over(said)
        self.stage.run()

    def _take_up(self) -> None:
        house = self.stage.bot.house
        with house.store.read() as connection:
            alert = connection.scalars(select(Alert.id).where(Alert.workspace == self.team)).one()
        assert watching.open_alert(house, self.team, "UBELL", alert) is not None
        self.stage.bot.dispatcher.hand_over(watching.take_alert(house, self.team, "UBELL", alert, "tap:2"))
        self.stage.run()

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored of it."""
        with self.stage.bot.house.store.read() as connection:
            return {
                table.name: sorted(
                    tuple(str(value) for value in row)
                    for row in connection.execute(select(table).where(table.c.workspace == self.team))
                )
                for metadata in ALL_METADATA
                for table in metadata.sorted_tables
            }

    def slack(self) -> dict[str, str]:
        """All that stands in its Slack, by channel and message."""
        channels = self.stage.workspace.channels.values()
        return {f"{one.id} {ts}": message.shown for one in channels for ts, message in one.messages.items()}

    def exported(self) -> str:
        """All that is kept about its student, as they get it."""
        with self.stage.bot.house.store.read() as connection:
            found = record(connection, self.team, self.student.id, self.stage.clock(), alerts=True)
        return json.dumps(found.plain(), ensure_ascii=False)


@pytest.fixture
def sides(store: Store, words: Words, tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """Both schools, each with its bot; the families have other names."""
    with ExitStack() as both:
        found = []
        for team, word, name in ((HERE, "volcanoes", "Haddad"), (THERE, "glaciers", "Harrow")):
            changes = {'level = "full"': 'level = "piece"', "Haddad": name}
            stage = both.enter_context(around(store, words, tmp_path / team, changes=changes, team=team))
            found.append(Side(stage, word))
        yield found[0], found[1]


def test_what_is_played_in_one_workspace_touches_nothing_of_the_other(sides: tuple[Side, Side]) -> None:
    here, there = sides
    untouched, silent = there.rows(), there.slack()
    here.play()
    assert there.rows() == untouched
    assert there.slack() == silent == {}
    played, said = here.rows(), here.slack()
    there.play()
    assert here.rows() == played
    assert here.slack() == said

    # The one is as good as the other: the same has happened in both, and all that differs is the word and the name.
    assert [*there.slack()] == [*said]
    assert {table: len(rows) for table, rows in there.rows().items()} == {
        table: len(rows) for table, rows in played.items()
    }
    assert all(table in EMPTY or rows for table, rows in played.items()), "a table has no row in it"
    for side, other in (sides, sides[::-1]):
        assert side.word in agenda(side.stage)
        assert side.word in side.exported()
        for seen in (agenda(side.stage), everything_said(side.stage), side.exported(), str(side.status())):
            assert other.word not in seen
            assert ("Haddad" in seen, "Harrow" in seen)[side is here] is False
    with here.stage.bot.house.store.read() as connection:
        assert scope.strays(connection) == []


def test_a_bot_sends_nothing_of_a_workspace_that_is_not_its_own(sides: tuple[Side, Side]) -> None:
    here, there = sides
    house, now = here.stage.bot.house, here.stage.clock()
    waits = Draft(THERE, Kind.SAY, "UNOOR", "person:1", Saying("already_answered", {}).payload("en"), "waits", now)
    lost = Draft(THERE, Kind.SAY, "UAMAL", "person:1", Saying("already_answered", {}).payload("en"), "lost", now)
    with house.store.write() as connection:
        house.outbox.put(connection, [waits], now)
        Outbox("gone", timedelta(seconds=1), timedelta(0)).put(connection, [lost], now, claim=True)
    before = len(here.stage.workspace.calls)
    here.stage.wait(minutes=5)
    here.stage.bot.dispatcher.heard([(THERE, "UNOOR")])
    here.stage.run()
    assert len(here.stage.workspace.calls) == before
    with house.store.read() as connection:
        mine = select(deliveries.c.state).where(deliveries.c.workspace == THERE, deliveries.c.recipient == "UNOOR")
        assert connection.scalars(mine).all() == ["scheduled"]
    there.stage.wait(minutes=6)
    assert there.slack() != {}
