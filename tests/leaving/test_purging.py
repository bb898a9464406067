"""A school year is over for long enough: what was said in it goes, and the frame of it stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, func, insert, select, update

from bot.practice.stage import Stage
from bot.services.leaving import purging
from bot.services.leaving.purging import Purged
from bot.store.models import (
    Alert,
    Answer,
    Approval,
    Conference,
    Conversation,
    FlowState,
    Guardian,
    Item,
    Person,
    School,
    SharedWork,
    Term,
)
from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import deliveries
from tests.leaving.erased import over, rows, tables_with
from tests.stages import LETTER, STRENGTHS, Student

LAST_DAY_KEPT = datetime(2027, 9, 16, 12, tzinfo=UTC)
OVER = datetime(2027, 9, 17, 12, tzinfo=UTC)
"""Ninety-one days after the sample school's year."""

LOOK = "i am scared to go home because of my dad"


def purge(stage: Stage, now: datetime = OVER, *, dry: bool = False) -> Purged:
    return purging.purge(stage.bot.house.store, stage.workspace.team_id, now, dry=dry)


@pytest.fixture
def last_year(noor: Student) -> Stage:
    """A conference prepared, approved and in its channel."""
    noor.finish(evidence="You can see it in the photo.")
    noor.stage.wait(days=2)
    return noor.stage


def test_on_the_last_day_it_is_kept_nothing_goes(last_year: Stage, store: Store) -> None:
    before = rows(store)
    assert purge(last_year, LAST_DAY_KEPT) == Purged(None, {}, 0, 0)
    assert rows(store) == before


def test_a_day_later_no_word_of_it_is_left(last_year: Stage, store: Store) -> None:
    assert tables_with(store, LETTER["learner"])
    done = purge(last_year)
    assert done.day == date(2027, 6, 18)
    for words in (*LETTER.values(), "measured the scale", "You can see it"):
        assert tables_with(store, words) == {}
    with store.read() as connection:
        for model in (Answer, Approval, Item, SharedWork, FlowState):
            assert connection.scalar(select(func.count()).select_from(model)) == 0


def test_the_frame_of_the_conference_and_its_channel_stay_and_the_conversation_is_empty(
    last_year: Stage, store: Store
) -> None:
    with store.read() as connection:
        frames = connection.execute(select(Conference.id, Conference.date, Conference.channel)).all()
        people = connection.scalar(select(func.count()).select_from(Person))
    purge(last_year)
    with store.read() as connection:
        assert connection.execute(select(Conference.id, Conference.date, Conference.channel)).all() == frames
        assert connection.scalar(select(func.count()).select_from(Person)) == people
        talk = connection.execute(select(Conversation.flow, Conversation.state, Conversation.status)).one()
    assert tuple(talk) == ("", "", "new")


def test_a_student_of_last_year_is_greeted_again_as_ever(noor: Student, last_year: Stage) -> None:
    purge(last_year)
    before = len(noor.heard)
    noor.say("hi")
    assert len(noor.heard) > before


def test_looking_first_counts_the_same_and_changes_nothing(last_year: Stage, store: Store) -> None:
    before = rows(store)
    foreseen = purge(last_year, dry=True)
    assert rows(store) == before
    assert purge(last_year) == foreseen
    assert foreseen.rows["answer"] >= len(LETTER)
    assert purge(last_year).rows == {}


def test_a_school_may_keep_it_longer(last_year: Stage, store: Store) -> None:
    with store.write() as connection:
        connection.execute(update(School).values(keep_days=365))
    assert purge(last_year).day is None


def test_what_is_said_for_the_new_year_stays(last_year: Stage, store: Store) -> None:
    with store.write() as connection:
        new_year(connection, last_year)
    purge(last_year)
    with store.read() as connection:
        assert connection.scalars(select(Answer.text)).all() == ["words of this year"]
        assert connection.scalar(select(Conversation.status)) == "open"


def played(noor: Student) -> Stage:
    """Up to the agenda, and then a summer has gone by: what was said was said after the terms' ends."""
    noor.finish(evidence="You can see it in the photo.")
    over(noor.stage)
    return noor.stage


def half(noor: Student) -> Stage:
    """The same, stopped in the middle of the second part."""
    noor.arrive()
    noor.tap("Start")
    for text in (*LETTER.values(), STRENGTHS["best_at"]):
        noor.say(text)
    over(noor.stage)
    return noor.stage


@pytest.mark.parametrize("play", [played, half])
def test_what_was_said_about_an_old_conference_goes_with_all_its_copies_whenever_it_was_said(
    noor: Student, store: Store, play: Callable[[Student], Stage]
) -> None:
    stage = play(noor)
    said = {text for text in (*LETTER.values(), *STRENGTHS.values()) if tables_with(store, text)}
    assert {"flow_state", "answer"} <= tables_with(store, LETTER["learning"]).keys()
    done = purge(stage, stage.clock())
    assert done.rows["flow_state"] >= 1
    assert {text: found for text in said if (found := tables_with(store, text))} == {}
    with store.read() as connection:
        assert connection.execute(select(Conversation.flow, Conversation.state, Conversation.status)).one() == (
            "", "", "new",
        )  # fmt: skip
    assert purge(stage, stage.clock()).rows == {}


def test_of_a_conversation_that_has_turned_to_the_new_year_only_copies_of_what_goes_are_taken(
    noor: Student, store: Store
) -> None:
    stage = played(noor)
    with store.write() as connection:
        new_year(connection, stage)
    purge(stage, stage.clock())
    assert {text for text in LETTER.values() if tables_with(store, text)} == set()
    with store.read() as connection:
        assert connection.scalars(select(Answer.text)).all() == ["words of this year"]
        assert connection.scalar(select(Conversation.status)) == "open"


def test_what_the_counselors_were_told_of_an_alert_that_was_taken_up_goes_with_it(noor: Student, store: Store) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LOOK)
    about = select(deliveries.c.seq).where(
        deliveries.c.subject.like("alert:%"), deliveries.c.settled_at.is_not(None)
    )  # fmt: skip
    with store.write() as connection:
        assert connection.execute(about).first() is not None
        connection.execute(
            update(Alert).values(taken_by=select(Person.id).where(Person.key == "bell").scalar_subquery())
        )
    purge(noor.stage)
    with store.read() as connection:
        assert connection.execute(about).first() is None


def test_an_alert_nobody_has_taken_up_keeps_its_words_and_only_those(noor: Student, store: Store) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LETTER["learner"])
    noor.say(LOOK)
    assert purge(noor.stage).kept == 1
    with store.read() as connection:
        assert connection.scalars(select(Answer.text)).all() == [LOOK]
        assert connection.scalar(select(Conversation.status)) == "held"
    assert tables_with(store, LETTER["learner"]) == {}
    assert purge(noor.stage).rows == {}


def test_one_that_was_taken_up_goes_with_its_year(noor: Student, store: Store) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.say(LOOK)
    with store.write() as connection:
        bell = connection.scalar(select(Person.id).where(Person.key == "bell"))
        connection.execute(update(Alert).values(taken_by=bell, taken_at=noor.stage.clock()))
    assert purge(noor.stage).kept == 0
    assert tables_with(store, LOOK) == {}
    with store.read() as connection:
        assert connection.execute(select(Alert.id)).first() is None


def test_who_is_no_longer_in_the_roster_goes_whole(last_year: Stage, store: Store) -> None:
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key.in_(["noor", "lind"])).values(active=False))
    purge(last_year)
    with store.read() as connection:
        keys = set(connection.scalars(select(Person.key)))
        assert not keys & {"noor", "lind"}
        assert {"yusuf", "mina", "okafor"} <= keys
        assert connection.execute(select(Guardian.adult_id).join(Person, Person.id == Guardian.student_id)).all()
    assert tables_with(store, "Haddad").keys() <= {"person", "deliveries"}


def test_who_left_in_the_new_year_goes_with_that_one(last_year: Stage, store: Store) -> None:
    with store.write() as connection:
        new_year(connection, last_year)
        connection.execute(update(Person).where(Person.key == "noor").values(active=False))
    purge(last_year)
    with store.read() as connection:
        assert connection.execute(select(Person.id).where(Person.key == "noor")).first() is not None


def test_another_workspace_is_left_alone(last_year: Stage, store: Store) -> None:
    before = rows(store)
    assert purging.purge(store, "T0OTHER", OVER) == Purged(None, {}, 0, 0)
    assert rows(store) == before


def test_a_running_bot_does_it_by_itself(last_year: Stage, store: Store) -> None:
    last_year.clock.set(OVER)
    last_year.bot.leaving()
    assert tables_with(store, LETTER["learner"]) == {}
    with store.read() as connection:
        about = deliveries.c.created_at < datetime(2027, 6, 19, tzinfo=UTC)
        noor = select(Person.id).where(Person.key == "noor").scalar_subquery()
        subjects = connection.scalars(select(deliveries.c.subject).where(about, deliveries.c.settled_at.is_not(None)))
        assert f"person:{connection.scalar(select(noor))}" not in set(subjects)


def new_year(connection: Connection, stage: Stage) -> None:
    """A conference of the next school year, to which the conversation has turned, with an answer."""
    here = {"workspace": stage.workspace.team_id}
    noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
    term = {**here, "name": "Autumn 2027", "starts": date(2027, 9, 7), "ends": date(2027, 12, 17)}
    term_id = connection.execute(insert(Term).values(**term).returning(Term.id)).scalar_one()
    held = {"student_id": noor, "term_id": term_id, "date": date(2027, 12, 9), "time": "17:30", "minutes": 20}
    made = insert(Conference).values(**here, **held, place="room 12").returning(Conference.id)
    conference = connection.execute(made).scalar_one()
    now = {"conference_id": conference, "status": "open", "updated_at": OVER}
    talk = connection.execute(update(Conversation).values(**now).returning(Conversation.id)).scalar_one()
    answer = {
        **here, "conversation_id": talk, "conference_id": conference, "flow": "letter", "question": "learner",
        "round": 1, "ts": "1821196800.000001", "revised": "1821196800.000001", "act": "said",
        "text": "words of this year", "choices": "", "evidence": [], "at": OVER,
    }  # fmt: skip
    connection.execute(insert(Answer).values(**sealed.row(Answer, answer)))
