"""Two schools in one database whose people have the same Slack ids: nothing of one can be reached from the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.dialogue.events import Deleted, Edited, Said
from bot.practice import HandClock
from bot.practice.stage import MONDAY
from bot.school import read_school
from bot.services import arriving, watching
from bot.services.command import asking
from bot.services.house import House
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.services.talk import deciding
from bot.services.talk.hearing import Incoming, hear, tap
from bot.store.models import ALL_METADATA, Alert, Conference, Conversation, Person
from bot.store.session import Store
from bot.taps import Ref
from bot.words import Words
from scheduler.outbox import Delivery, Outbox
from tests.stages import school

HERE, THERE = "T0HERE", "T0THERE"
ALARM = "i want to kill myself"


@dataclass(frozen=True)
class Schools:
    """Both schools, with a student Noor in each who has a question open, and an alert."""

    house: House
    conversation: dict[str, int]
    other: int  # another student's conversation in the first school
    alert: dict[str, int]

    def rows(self, but: str = "") -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored, but for the ids of events; `but`: a workspace that is left out."""
        with self.house.store.read() as connection:
            return {
                table.name: sorted(
                    tuple(str(value) for value in row)
                    for row in connection.execute(select(table).where(table.c.workspace != but))
                )
                for metadata in ALL_METADATA
                for table in metadata.sorted_tables
                if table.name != "seen_event"
            }


@pytest.fixture
def schools(store: Store, words: Words, tmp_path: Path) -> Schools:
    clock = HandClock(MONDAY)
    house = House(store, Outbox("test"), words, clock)
    read = read_school(school(tmp_path / "school"), words.catalog.languages)
    members = [Member(f"U{person.key.upper()}", person.email or "") for person in read.people if person.email]
    for workspace in (THERE, HERE):
        with store.write() as connection:
            load_school(connection, workspace, read, clock())
            match_members(connection, workspace, members)
    conversation, alert = {}, {}
    for workspace in (THERE, HERE):
        say(house, workspace, "UNOOR", "hi", "1.0")
        conversation[workspace] = of(store, workspace, "noor")
        start = Ref(conversation[workspace], "", 0, "cmd:start")
        tap(house, workspace, "start", "UNOOR", "D1", start, (), "2.0")
        say(house, workspace, "UNOOR", ALARM, "3.0")
        with store.write() as connection:
            alert[workspace] = connection.scalars(select(Alert.id).where(Alert.workspace == workspace)).one()
            connection.execute(update(Conference).where(Conference.workspace == workspace).values(channel=None))
            noor = select(Person.id).where(Person.workspace == workspace, Person.key == "noor").scalar_subquery()
            connection.execute(update(Conference).where(Conference.student_id == noor).values(channel=f"C{workspace}"))
    say(house, HERE, "UTHEO", "hi", "4.0")
    return Schools(house, conversation, of(store, HERE, "theo"), alert)


def say(house: House, workspace: str, slack_id: str, text: str, ts: str) -> Sequence[Delivery]:
    """A message, as it comes in."""
    return hear(house, Incoming(workspace, (f"Ev{ts}{slack_id}",), slack_id, "D1", Said(ts, text, None)))


def of(store: Store, workspace: str, key: str) -> int:
    """A student's conversation."""
    with store.read() as connection:
        return connection.execute(
            select(Conversation.id)
            .join(Person, Person.id == Conversation.person_id)
            .where(Person.workspace == workspace, Person.key == key)
        ).scalar_one()


CHOICES = ["cmd:start", "cmd:next", "cmd:skip", "cmd:back", "cmd:menu", "cmd:preview", "open", "what_is_this", "yes"]


@pytest.mark.parametrize("whose", ["another student", "another workspace"])
def test_a_tap_with_the_number_of_somebody_elses_conversation_changes_and_says_nothing(
    schools: Schools, whose: str
) -> None:
    number = schools.other if whose == "another student" else schools.conversation[THERE]
    before = schools.rows()
    said = [
        tap(schools.house, HERE, f"forged{n}", "UNOOR", "D1", Ref(number, flow, prompt, choice), (), f"9.{n}")
        for n, (flow, prompt, choice) in enumerate(
            (flow, prompt, choice) for flow in ("", "letter", "approve") for prompt in (0, 1) for choice in CHOICES
        )
    ]
    assert not any(said)
    assert schools.rows() == before


@pytest.mark.parametrize("whose", ["another student", "another workspace"])
def test_nobody_decides_who_sees_a_line_of_somebody_elses(schools: Schools, whose: str) -> None:
    number = schools.other if whose == "another student" else schools.conversation[THERE]
    ref, before = Ref(number, "letter", 1, "learner"), schools.rows()
    house = schools.house
    assert deciding.show_to(house, HERE, "forged1", "UNOOR", "D1", ref, "conference", "5.0") == []
    assert deciding.change(house, HERE, "forged2", "UNOOR", "D1", ref) == []
    assert schools.rows() == before


def test_a_counselor_opens_and_takes_no_alert_of_another_workspace(schools: Schools) -> None:
    before = schools.rows()
    assert watching.open_alert(schools.house, HERE, "UBELL", schools.alert[THERE]) is None
    assert watching.take_alert(schools.house, HERE, "UBELL", schools.alert[THERE], "forged") == []
    assert schools.rows() == before
    assert watching.open_alert(schools.house, HERE, "UBELL", schools.alert[HERE]) is not None


def test_an_alert_shows_the_words_of_its_own_student_alone(schools: Schools) -> None:
    say(schools.house, THERE, "UNOOR", "nobody would care if i died", "8.0")
    say(schools.house, HERE, "UTHEO", "i hate my life", "8.0")
    opened = watching.open_alert(schools.house, HERE, "UBELL", schools.alert[HERE])
    assert opened is not None
    assert [one["text"] for one in opened.saying.context["said"]] == [ALARM]


@pytest.mark.parametrize(
    "act",
    [
        lambda house: arriving.came(house, HERE, f"C{THERE}", "UAMAL", "Ev5"),
        lambda house: arriving.left(house, HERE, f"C{THERE}", "Ev6"),
    ],
    ids=["came", "left"],
)
def test_coming_into_and_leaving_another_workspaces_channel_is_nothing_to_this_one(
    schools: Schools, act: Callable[[House], Sequence[Delivery]]
) -> None:
    before = schools.rows()
    assert not act(schools.house)
    assert schools.rows() == before


@pytest.mark.parametrize(
    "act",
    [
        lambda house: say(house, HERE, "UNOOR", "I build them with my hands.", "7.0"),
        lambda house: say(house, HERE, "UMINA", "hi", "7.0"),
        lambda house: say(house, HERE, "UNOBODY", "hi", "7.0"),
        lambda house: hear(house, Incoming(HERE, ("Ev7",), "UNOOR", "D1", Edited("3.0", "7.0", "something else"))),
        lambda house: hear(house, Incoming(HERE, ("Ev7",), "UNOOR", "D1", Deleted("3.0", "7.0"))),
        lambda house: asking.command(house, HERE, "UNOOR", "start", "command:7").deliveries,
        lambda house: asking.command(house, HERE, "UTAN", "", "command:7").deliveries,
        lambda house: arriving.open_home(house, HERE, "UNOOR", "Ev7"),
        lambda house: arriving.came(house, HERE, f"C{HERE}", "UAMAL", "Ev7"),
        lambda house: watching.take_alert(house, HERE, "UBELL", 2, "tap:7"),
    ],
    ids=["answer", "hello", "stranger", "edit", "delete", "start", "status", "home", "came", "taken"],
)
def test_what_happens_in_one_workspace_changes_nothing_in_another(
    schools: Schools, act: Callable[[House], Sequence[Delivery]]
) -> None:
    before = schools.rows(but=HERE)
    said = act(schools.house)
    assert {delivery.workspace for delivery in said} <= {HERE}
    assert schools.rows(but=HERE) == before


def test_a_status_counts_the_students_of_its_own_workspace(schools: Schools) -> None:
    answer = asking.command(schools.house, HERE, "UTAN", "", "command:1")
    assert answer.saying.context["totals"]["total"] == 24
    assert answer.saying.context["totals"]["on_the_way"] == 1
