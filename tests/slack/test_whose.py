"""Everybody at everything of Noor's: what opens for whom, by command and by a button somebody else was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from sqlalchemy import select

from bot.practice.stage import Stage
from bot.services.command import showing
from bot.store.models import Conference, Person
from tests.slack.test_home import home
from tests.slack.test_opening import conference_of
from tests.stages import LETTER, Student, load, told

EVERYBODY = ("noor", "theo", "okafor", "varga", "reyes", "yusuf", "lucia", "tan", "bell")
CIRCLE = {"noor", "okafor", "reyes", "yusuf"}
OPENS: Mapping[str, set[str]] = {
    "conference": CIRCLE | {"tan"},
    "agenda": CIRCLE,
    "card": CIRCLE - {"noor"},
    "commitments": CIRCLE,
    "commit": CIRCLE,
}
"""By what a button shows of Noor's conference: for whom it opens."""

ANSWERED = {
    "agenda": CIRCLE, "commitments": CIRCLE, "commit": CIRCLE, "status": CIRCLE | {"tan"}, "beside": {"okafor"}
}  # fmt: skip
"""By the word typed before Noor's name: for whom it does anything."""


@pytest.fixture
def done(noor: Student) -> Stage:
    noor.finish()
    return noor.stage


def test_a_button_opens_for_those_the_table_names_and_for_nobody_else(done: Stage) -> None:
    house, workspace = done.bot.house, done.workspace.team_id
    with house.store.read() as connection:
        hers = connection.scalar(
            select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == "noor")
        )
    for what, allowed in OPENS.items():
        opened = {
            key
            for key in EVERYBODY
            if showing.opened(house, workspace, done.people[key].id, f"{what}:{hers}") is not None
        }
        assert opened == allowed, what
    for key in EVERYBODY:
        assert showing.opened(house, workspace, done.people[key].id, "anything:1") is None
        assert showing.opened(house, workspace, done.people[key].id, "agenda:999999") is None


def test_a_teacher_of_one_conference_has_no_part_in_the_next(done: Stage) -> None:
    header = "student,term,date,time,minutes,place,adults\n"
    load(done, {header: f"{header}noor,Winter 2027,2027-03-04,17:30,20,room 12,lind\n"})
    house, workspace = done.bot.house, done.workspace.team_id
    with house.store.read() as connection:
        coming = connection.scalar(select(Conference.id).where(Conference.date == date(2027, 3, 4)))
    opened = {
        key
        for key in ("noor", "okafor", "reyes", "lind", "yusuf", "lucia")
        if showing.opened(house, workspace, done.people[key].id, f"agenda:{coming}") is not None
    }
    assert opened == {"noor", "okafor", "lind", "yusuf"}


def test_a_word_and_a_name_tell_nothing_to_whom_it_is_not_for(done: Stage) -> None:
    for word, allowed in ANSWERED.items():
        did = {key for key in EVERYBODY if says_something_of_noor(done, key, f"{word} Noor Haddad")}
        assert did == allowed, word


def says_something_of_noor(stage: Stage, key: str, text: str) -> bool:
    """Whether a command opens a window about her conference, or says of her more than that nobody by that name is
    found."""
    person = stage.people[key]
    before = len(person.ephemerals)
    assert person.command("/conference", text).ok
    stage.run()
    assert not person.trouble
    own = str(conference_of(stage, "theo")) if key == "theo" else None  # for his own meeting he writes what he likes
    opened = any(window.private_metadata != own for window in person.modals)
    shown = "".join(message.shown for message in person.ephemerals[before:])
    person.modals.clear()
    return opened or ("your conference is on" if key == "noor" else "Noor") in shown


def test_a_button_of_somebody_elses_message_opens_nothing(done: Stage) -> None:
    yusuf = done.people["yusuf"]
    yusuf.command("/conference", "", "conf-noor-12-10")
    hers = yusuf.ephemerals[-1]
    for key in ("lucia", "theo", "varga", "tan", "bell"):
        other = done.people[key]
        for button in ("Agenda", "What I can give", "Packet to print"):
            assert other.tap(button, hers).ok
            done.run()
        assert (other.modal, other.trouble) == (None, [])
        assert not any("Noor" in message or LETTER["learner"] in message for message in told(done, key))


def test_an_adult_reads_the_agenda_once_it_is_posted_and_finds_all_buttons_on_a_small_screen(noor: Student) -> None:
    stage, reader = noor.stage, noor.stage.people["yusuf"]
    reader.command("/conference", "agenda")
    assert reader.modal is not None
    assert "Noor's agenda isn't here yet" in reader.modal.shown
    reader.modals.clear()
    assert "Agenda" not in home(stage, "yusuf")
    noor.finish()
    home(stage, "yusuf")
    assert reader.home is not None
    assert reader.tap("Agenda", reader.home).ok
    assert reader.modal is not None
    assert LETTER["learner"] in reader.modal.shown
    reader.modals.clear()
    assert reader.tap("What I can give", reader.home).ok
    assert reader.modal is not None
    assert reader.tap("A note of pride", reader.modal).ok
    assert len(reader.modals) == 2
