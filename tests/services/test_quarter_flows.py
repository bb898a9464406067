"""The flows that come again: each time stands for itself, and what was gathered is there when it is needed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from bot.conference.answers import Given, Revision, fold
from bot.dialogue.events import Deleted, Edited, Said
from bot.dialogue.state import Work
from bot.practice import HandClock
from bot.practice.stage import MONDAY
from bot.school import read_school
from bot.services.command.status import progress
from bot.services.house import House
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.services.talk import gathered, hearing
from bot.services.talk.hearing import Incoming
from bot.store.models import Alert, Answer, Conference, Conversation, Item, Person
from bot.store.session import Store
from bot.taps import Ref
from bot.words import Words
from scheduler.outbox import Delivery, Outbox
from scheduler.plan import week_of
from tests.stages import school

HERE = "T0HERE"
ZONE = ZoneInfo("America/New_York")
WEEK = 7 * 24 * 3600
WHY = "I picked it because I measured the scale for the whole football field"
PHOTO = Work("photo", "timeline.jpg", "F1", "https://files.test/F1")


class Noor:
    """A student at the services, without Slack between; a minute passes before whatever she does."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.heard: list[Delivery] = []
        self.events = 0

    def _event(self) -> str:
        self.events += 1
        self.house.clock.advance(60)  # type: ignore[attr-defined]
        return f"{self.house.clock().timestamp():.6f}"

    def say(self, text: str, *works: Work) -> str:
        ts = self._event()
        self._hear(Said(ts, text, None, works))
        return ts

    def edit(self, ts: str, text: str) -> None:
        self._hear(Edited(ts, self._event(), text))

    def delete(self, ts: str) -> None:
        self._hear(Deleted(ts, self._event()))

    def _hear(self, event: Said | Edited | Deleted) -> None:
        self.heard = list(hearing.hear(self.house, Incoming(HERE, (f"E{self.events}",), "UNOOR", "D1", event)))

    def tap(self, choice: str, flow: str | None = None) -> None:
        """A button of the open question, or `open` of a flow."""
        ts = self._event()
        ask = next((one.payload["ask"] for one in reversed(self.heard) if one.kind == "ask"), {"flow": "", "prompt": 0})
        ref = Ref(self.conversation, ask["flow"] if flow is None else flow, 0 if flow else ask["prompt"], choice)
        self.heard = list(hearing.tap(self.house, HERE, f"E{self.events}", "UNOOR", "D1", ref, (), ts))

    def open(self, flow: str) -> None:
        self.tap("open", flow)

    @property
    def conversation(self) -> int:
        with self.house.store.read() as connection:
            return connection.scalars(select(Conversation.id)).one()

    @property
    def asked(self) -> dict[str, object]:
        """The question that was just put."""
        return next(one.payload["ask"] for one in self.heard if one.kind == "ask")

    @property
    def told(self) -> list[str]:
        """The templates of what was just said."""
        return [one.payload["template"] for one in self.heard if "template" in one.payload]

    def answers(self, flow: str) -> dict[tuple[str, int], Given]:
        with self.house.store.read() as connection:
            columns = [Answer.__table__.c[name] for name in Revision.__dataclass_fields__]
            rows = connection.execute(select(*columns).where(Answer.flow == flow))
            return {(spot.question, spot.round): one for spot, one in fold(Revision(*row) for row in rows).items()}

    def show(self, feeling: str, text: str, *works: Work, why: str = WHY) -> str:
        """A whole evidence of the week; the ts of its why."""
        self.open("evidence")
        self.tap(feeling)
        self.say(text, *works)
        return self.say(why)

    def wish(self, *wishes: str) -> None:
        """Goals, each with nothing but its name."""
        self.open("goals")
        for number, wish in enumerate(wishes, 1):
            self.say(wish)
            while self.asked["question"] != "another" and self.asked["flow"] == "goals":
                self.tap("cmd:skip")
            if self.asked["flow"] == "goals":
                self.tap("yes" if number < len(wishes) else "no")


@pytest.fixture
def noor(store: Store, words: Words, tmp_path: Path) -> Noor:
    clock = HandClock(MONDAY)
    read = read_school(school(tmp_path / "school", {'level = "piece"': 'level = "full"'}), words.catalog.languages)
    with store.write() as connection:
        load_school(connection, HERE, read, clock())
        match_members(connection, HERE, [Member("UNOOR", next(p.email for p in read.people if p.key == "noor"))])
    noor = Noor(House(store, Outbox("test"), words, clock))
    noor.say("hi")
    return noor


def wait(noor: Noor, seconds: float) -> None:
    noor.house.clock.advance(seconds)  # type: ignore[attr-defined]


def test_each_weeks_answers_stand_for_themselves(noor: Noor) -> None:
    noor.show("proud", "my timeline", PHOTO)
    wait(noor, WEEK)
    noor.show("struggled", "my lab report from tuesday")
    found = noor.answers("evidence")
    assert [found["feeling", number].choices for number in (1, 4)] == [("proud",), ("struggled",)]
    assert [found["piece", number].text for number in (1, 4)] == ["my timeline", "my lab report from tuesday"]
    assert found["piece", 1].evidence == (PHOTO,)


def test_in_the_same_week_it_goes_on_where_it_was_left_and_in_the_next_from_the_beginning(noor: Noor) -> None:
    noor.open("evidence")
    noor.tap("proud")
    wait(noor, 3600)
    noor.open("evidence")
    assert (noor.asked["question"], noor.asked["opening"]) == ("piece", False)
    wait(noor, WEEK)
    noor.open("evidence")
    assert (noor.asked["question"], noor.asked["opening"], noor.asked["now"]) == ("feeling", True, "")


def test_an_old_button_does_not_answer_another_weeks_question(noor: Noor) -> None:
    noor.open("evidence")
    old = noor.heard
    wait(noor, WEEK)
    noor.open("evidence")
    noor.heard = old
    noor.tap("proud")
    assert noor.told == ["already_answered"]


def test_a_change_of_last_weeks_message_changes_last_weeks_answer(noor: Noor) -> None:
    why = noor.show("proud", "my timeline", PHOTO)
    wait(noor, WEEK)
    noor.open("evidence")
    noor.edit(why, "I picked it because I measured it twice")
    assert noor.told == ["edited"]
    assert noor.answers("evidence")["why", 1].text == "I picked it because I measured it twice"
    noor.delete(why)
    assert noor.told == ["withdrawn"]
    assert ("why", 1) not in noor.answers("evidence")
    noor.delete(why)
    assert noor.told == []


def test_a_change_of_last_weeks_message_is_screened(noor: Noor) -> None:
    why = noor.show("proud", "my timeline", PHOTO)
    wait(noor, WEEK)
    noor.open("evidence")
    noor.edit(why, "i want to kill myself")
    assert noor.told == ["safety_reply"]
    assert noor.answers("evidence")["why", 1] == Given("evidence", "why", 1, alarm="explicit")
    with noor.house.store.read() as connection:
        assert connection.scalars(select(Conversation.status)).all() == ["held"]
        assert connection.scalar(select(func.count()).select_from(Alert)) == 1


def test_who_has_no_conference_yet_can_gather_and_does_not_lose_it_when_there_is_one(noor: Noor) -> None:
    with noor.house.store.write() as connection:
        connection.execute(update(Conference).values(cancelled=True))
        connection.execute(update(Conversation).values(conference_id=None))
    noor.say("hi")
    assert noor.told == ["hello_no_date"]
    noor.open("check_in")
    assert noor.told == ["no_goals"]
    noor.open("evidence")
    noor.tap("proud")
    with noor.house.store.write() as connection:
        connection.execute(update(Conference).values(cancelled=False))
    noor.say("my timeline", PHOTO)  # what is being answered comes before any hello
    noor.say(WHY)
    assert noor.told == ["kept"]
    noor.say("hi")
    assert noor.told == ["hello"]
    with noor.house.store.read() as connection:
        assert set(connection.scalars(select(Answer.conference_id))) == {None}
    noor.show("proud", "my map")
    assert {spot for spot in noor.answers("evidence") if spot[0] == "piece"} == {("piece", 1), ("piece", 4)}


def test_it_ends_with_thanks_and_leads_nowhere(noor: Noor) -> None:
    noor.show("proud", "my timeline", PHOTO)
    assert noor.told == ["kept"]
    assert [one.kind for one in noor.heard] == ["say"]
    (kept,) = noor.heard
    assert kept.payload["context"]["title"] == "timeline.jpg"
    assert kept.payload["context"]["next_title"] == "Your letter"
    noor.open("evidence")
    for _ in range(2):
        noor.tap("cmd:skip")
    assert (noor.told, noor.heard[0].payload["context"]["done"]) == (["kept"], False)


def test_starting_goes_to_the_conference_and_not_to_what_is_left_of_last_week(noor: Noor) -> None:
    noor.open("evidence")
    noor.say("start")
    assert noor.asked["flow"] == "evidence"
    wait(noor, WEEK)
    noor.tap("cmd:start", "")
    assert noor.asked["flow"] == "letter"


def test_there_is_nothing_to_look_back_at_before_the_conference(noor: Noor) -> None:
    noor.open("reflection")
    assert noor.told == ["already_answered"]
    with noor.house.store.write() as connection:
        connection.execute(update(Conference).values(date=MONDAY.date() - timedelta(days=1)))
    noor.open("reflection")
    assert noor.asked["question"] == "went_well"


def test_what_is_thin_here_is_no_flag_and_counts_for_nothing(noor: Noor) -> None:
    noor.open("evidence")
    noor.tap("proud")
    for text in ("my map", "graph", "idk", "idk"):
        noor.say(text)
    assert noor.told == ["kept"]
    with noor.house.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Item)) == 0
        person = connection.scalars(select(Conversation.person_id)).one()
        (one,) = progress(connection, HERE, [person], noor.house.clock())
        assert (one.readiness.done, one.readiness.flags) == (0, 0)


def test_gathered_work_can_be_tapped_where_a_piece_is_asked_for(noor: Noor) -> None:
    noor.show("struggled", "my lab report")
    gone = noor.show("struggled", "my map")
    noor.show("proud", "", PHOTO)
    assert gone
    noor.open("strengths")
    noor.say("In science, I measured the scale for the timeline.")
    pieces = noor.asked["pieces"]
    assert isinstance(pieces, list)
    assert [title for _, title, _ in pieces] == ["timeline.jpg", "my map", "my lab report"]
    noor.tap(f"piece:{pieces[0][0]}")
    assert noor.asked["question"] == "spot"
    assert noor.answers("strengths")["evidence", 1].evidence == (PHOTO,)
    noor.tap("cmd:back")
    noor.tap("piece:999")
    assert noor.told == ["already_answered"]


def test_four_pieces_at_most_are_offered_and_none_of_another_term(noor: Noor) -> None:
    for number in range(6):
        noor.show("proud", f"my map number {number}")
    noor.open("strengths")
    noor.say("In science, I measured the scale for the timeline.")
    pieces = noor.asked["pieces"]
    assert isinstance(pieces, list)
    assert [title for _, title, _ in pieces] == [f"my map number {number}" for number in (5, 4, 3, 2)]
    with noor.house.store.write() as connection:
        connection.execute(update(Answer).where(Answer.flow == "evidence").values(ts="1700000000.000100"))
        assert gathered.pieces(connection, HERE, noor.conversation, "strengths") == []


def test_a_check_in_asks_for_each_goal_once_and_tells_how_it_went_by_week(noor: Noor) -> None:
    noor.wish("start homework before five at the kitchen table", "raise my hand once in every class")
    noor.open("check_in")
    assert (noor.asked["label"], noor.asked["total"]) == ("start homework before five at the kitchen table", 3)
    noor.tap("not_yet")
    assert noor.asked["label"] == "raise my hand once in every class"
    noor.tap("started")
    assert (noor.asked["question"], noor.asked["label"]) == ("word", "")
    noor.say("no")
    assert noor.told == ["kept"]
    first = week_of(noor.house.clock().astimezone(ZONE).date())
    wait(noor, WEEK)
    noor.open("check_in")
    noor.tap("getting_there")
    second = week_of(noor.house.clock().astimezone(ZONE).date())
    with noor.house.store.read() as connection:
        found = gathered.progress_of(connection, HERE, noor.conversation)
    assert [(one.goal, one.weeks) for one in found] == [
        ("start homework before five at the kitchen table", ((first, "not_yet"), (second, "getting_there"))),
        ("raise my hand once in every class", ((first, "started"),)),
    ]


def test_the_weeks_in_which_something_was_given_are_found_for_any_number_of_students(noor: Noor) -> None:
    start = noor.house.clock()
    noor.show("proud", "my timeline", PHOTO)
    wait(noor, WEEK)
    noor.show("proud", "my map")
    noor.open("check_in")
    with noor.house.store.read() as connection:
        person = connection.scalars(select(Person.id).where(Person.key == "noor")).one()
        weeks = {week_of((start + timedelta(days=days)).astimezone(ZONE).date()) for days in (0, 7)}
        wanted = {person: {("evidence", week) for week in weeks}}
        assert gathered.weeks_given(connection, HERE, None, start, ZONE) == wanted
        assert gathered.weeks_given(connection, HERE, [person], start, ZONE) == wanted
        assert gathered.weeks_given(connection, HERE, [person + 1], start, ZONE) == {}
        later = start + timedelta(days=3)
        assert len(gathered.weeks_given(connection, HERE, None, later, ZONE)[person]) == 1
        assert gathered.with_goals(connection, HERE, None) == set()
    with noor.house.store.read() as connection:
        assert gathered.weeks_given(connection, "T0OTHER", None, start, ZONE) == {}
    noor.wish("raise my hand once in every class")
    with noor.house.store.read() as connection:
        assert gathered.with_goals(connection, HERE, None) == {person}
        assert gathered.with_goals(connection, HERE, [person + 1]) == set()


def test_goals_taken_back_are_no_goals(noor: Noor) -> None:
    noor.open("goals")
    ts = noor.say("raise my hand once in every class")
    noor.delete(ts)
    with noor.house.store.read() as connection:
        assert gathered.with_goals(connection, HERE, None) == set()
        assert gathered.goals(connection, HERE, noor.conversation) == ()


def test_the_question_that_names_a_goal_is_the_one_gathered_goes_by(words: Words) -> None:
    for language in words.catalog.languages:
        assert [one.id for one in words.flow(language, gathered.GOALS).questions if one.label] == [gathered.WISH]
