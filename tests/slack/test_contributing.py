"""What adults give before a conference: asked for once, told to the student, who decides; held back by the advisor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.practice.view import View
from bot.services import forms
from bot.services.forms import Window
from bot.services.nudges.quarter import quarter_of
from bot.services.nudges.reminders import scope
from bot.store.models import Conference, Conversation, Note, Participant, Person
from bot.store.session import Store
from bot.taps import Form, Tap
from bot.words import Words
from tests.slack.groups import FULL, ask_for_ideas, digest_of, heard, person, say
from tests.slack.test_beside import Sitting
from tests.slack.test_nudges import at
from tests.stages import Student, agenda, everything_said, school, staged, told, url_of

ASK = "Getting started when I get home."
QUIET_ASK = "what to say when I don't know the answer"
HOW = "You could help me by asking me on Tuesdays."
IDEA = "Stay in room 12 until 4."
PRIDE = "You asked for the measuring tape three times."
WHY = "You found your own mistake."


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with staged(store, words, tmp_path / "school", FULL) as stage:
        yield stage


def conference(stage: Stage, key: str = "noor") -> int:
    """The id of a student's conference."""
    with stage.bot.house.store.read() as connection:
        mine = select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == key)
        return connection.scalars(mine).one()


def ask_adults(stage: Stage, key: str = "noor") -> None:
    """The plan's cards about one student go now."""
    house, now, student = stage.bot.house, stage.clock(), person(stage, key)
    with house.store.write() as connection:
        mine = quarter_of(connection, stage.workspace.team_id, now).drafts()[scope(str(student.id))]
        drafts = [replace(one, due_at=now) for one in mine if one.payload["step"] == "ideas"]
        house.outbox.put(connection, drafts, now)
    stage.run()


def card(stage: Stage, key: str, about: str = "Noor") -> Message:
    """The newest card somebody has about a student."""
    return [one for one in heard(stage, key) if f"{about} leads a conference" in one.shown][-1]


def give(stage: Stage, key: str, button: str, about: str = "Noor", **values: str) -> str:
    """Tap a button of the card, fill the window in, and send it; what the window says then."""
    adult = stage.people[key]
    assert adult.tap(button, card(stage, key, about)).ok
    labels = {"idea": "Your idea", "pride": "What are you proud of?", "what": "What is it?", "why": "Why this one?",
              "link": "Link, if there is one"}  # fmt: skip
    assert adult.submit(values={labels[name]: value for name, value in values.items()}).ok
    shown = adult.modal.shown if adult.modal is not None else ""
    if adult.modal is not None and not adult.trouble:
        adult.close()
    stage.run()
    return shown


def approve(noor: Student) -> None:
    """Look at every line, and say that it is the agenda."""
    noor.say("menu")
    noor.tap("Your agenda")
    noor.tap("What I'm good at")
    noor.tap("That's my agenda")


def given_to(noor: Student) -> Message:
    """The message in which a student hears of what adults gave."""
    return [one for one in noor.heard if "Only what you choose goes on the agenda" in one.shown][-1]


def notes(stage: Stage) -> list[Any]:
    with stage.bot.house.store.read() as connection:
        return list(connection.execute(select(*Note.__table__.c).order_by(Note.id)))


def test_each_adult_is_asked_for_what_the_student_wants_ideas_on_theirs_first(stage: Stage) -> None:
    talk = ask_for_ideas(stage, "noor", ASK)
    say(stage, talk, "goals.wish.1", "raise my hand")
    say(stage, talk, "supports.who.1", "i'd like to ask ms lind, or my mom")
    say(stage, talk, "supports.how.1", HOW)
    say(stage, talk, "supports.ideas.1", choices="yes")
    say(stage, talk, "supports.ideas_on.1", QUIET_ASK)
    say(stage, talk, "supports.who.2", "mr reyes", visible="advisor")
    say(stage, talk, "supports.ideas.2", choices="no")
    say(stage, talk, "supports.ideas_on.2", "an ask that was withdrawn")
    say(stage, talk, "supports.ideas.3", choices="yes")
    say(stage, talk, "supports.ideas_on.3", "only for Ms. Okafor", visible="advisor")
    ask_adults(stage)
    lind, reyes, okafor = (card(stage, key).shown for key in ("lind", "reyes", "okafor"))
    assert lind.index(QUIET_ASK) < lind.index(HOW) < lind.index(ASK)
    assert reyes.index(ASK) < reyes.index(QUIET_ASK)
    assert HOW not in reyes
    assert "only for Ms. Okafor" in okafor
    assert "only for Ms. Okafor" not in lind + reyes
    assert "withdrawn" not in lind + reyes + okafor
    (amal,) = [one for one in heard(stage, "amal") if QUIET_ASK in one.shown]  # it is not plain that she is "my mom"
    assert f"i'd like to ask ms lind, or my mom: {HOW}" in amal.shown
    assert amal.buttons == ("Dar una idea", "Dar una idea", "Una nota de orgullo", amal.buttons[-1])
    assert "only for Ms. Okafor" not in amal.shown
    assert not [text for key in ("noor", "varga") for text in told(stage, key) if "leads a conference" in text]
    assert card(stage, "reyes").buttons == (
        "Give an idea", "Give an idea", "A note of pride", "A piece of work I choose", "No more reminders",
    )  # fmt: skip


def test_who_gave_an_idea_for_every_ask_is_not_asked_and_who_gave_none_is(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", ASK)
    assert digest_of(stage).buttons[:2] == ("Give Noor an idea", "Open Noor")
    assert stage.people["okafor"].tap("Give Noor an idea").ok
    assert stage.people["okafor"].submit(values={"Your idea": IDEA}).ok
    ask_adults(stage)
    assert ASK in card(stage, "reyes").shown
    assert not [text for text in told(stage, "okafor") if "leads a conference" in text]
    assert digest_of(stage, message="digest_before").shown.count(ASK) == 0


def test_a_student_who_asks_nothing_can_be_given_something_all_the_same(stage: Stage) -> None:
    ask_adults(stage)
    assert "hasn't asked for ideas so far" in card(stage, "reyes").shown
    assert card(stage, "reyes").buttons[:2] == ("A note of pride", "A piece of work I choose")
    give(stage, "reyes", "A note of pride", pride=PRIDE)
    stage.wait(minutes=2)
    assert "Mr. Reyes is proud of something you did" in told(stage, "noor")[-1]


def test_what_the_student_keeps_stands_on_the_posted_agenda_and_what_they_do_not_leaves_it(stage: Stage) -> None:
    noor = Student(stage)
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    approve(noor)
    give(stage, "reyes", "Give an idea", idea=IDEA)
    give(stage, "lind", "A piece of work I choose", what="lab notebook", why=WHY, link="https://school.example/lab")
    give(stage, "okafor", "A note of pride", pride=PRIDE)
    assert IDEA not in everything_said(stage)
    stage.wait(minutes=2)
    assert noor.heard.count(given_to(noor)) == 1
    assert not [words for words in (IDEA, WHY, PRIDE) if words in agenda(stage)]
    before = len(noor.heard)
    noor.tap("Keep", given_to(noor))
    assert f"Mr. Reyes: {IDEA}" in agenda(stage)
    assert "Kept. It goes on the agenda" in given_to(noor).shown
    noor.tap("Put it on the agenda", given_to(noor))
    assert f"(Ms. Lind chose this: {WHY})" in agenda(stage)
    noor.tap("Maybe", given_to(noor))
    assert IDEA not in agenda(stage)
    noor.tap("Keep", given_to(noor))
    assert len(noor.heard) == before  # what was chosen is said in place
    assert PRIDE not in agenda(stage)
    noor.review_again()
    assert IDEA in "".join(message.shown for message in noor.heard[before:])
    noor.select("Me and my advisor", noor.lines(ASK), index=-1)
    assert IDEA not in agenda(stage)  # the ask is gone, and its ideas with it


def test_the_advisor_holds_back_what_is_on_the_agenda_with_a_reason_and_puts_it_back(stage: Stage) -> None:
    noor, okafor = Student(stage), stage.people["okafor"]
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    approve(noor)
    give(stage, "reyes", "A note of pride", pride=PRIDE)
    give(stage, "reyes", "Give an idea", idea=IDEA)
    stage.wait(minutes=2)
    idea = given_to(noor)
    noor.tap("Put it on the agenda", given_to(noor))
    assert f"“{PRIDE}”" in agenda(stage)

    def hold(button: str, place: str, **values: Any) -> None:
        okafor.open_home()
        stage.run()
        assert okafor.select("look", str(person(stage, "noor").id), okafor.home).ok
        assert okafor.modal is not None
        wanted = next(one for one in buttons(okafor.modal) if one["text"]["text"] == button and place in one["value"])
        assert okafor.tap(wanted["action_id"]).ok
        assert okafor.submit(values=values).ok
        okafor.close()
        okafor.close()
        noor.let()

    why = {"Why? The student reads this.": "I'd like to hear about it first."}
    hold("Hold back …", "struggles", **{"What should be held back?": [ASK]}, **why)
    assert ASK not in agenda(stage)
    assert "homework" in agenda(stage)
    assert "I'd like to hear about it first." in noor.last.shown
    assert ASK in noor.last.shown
    assert "it stays off until Ms. Okafor puts it back" in noor.last.shown
    noor.tap("Keep", idea)
    assert "What you asked for isn't on the agenda right now" in given_to(noor).shown
    noor.say("menu")
    noor.tap("Your agenda")
    line = next(one for one in noor.heard if "Held back by Ms. Okafor" in one.shown and ASK in one.shown)
    assert "Say it differently" in line.buttons
    hold("Hold back …", "note", **why)
    assert PRIDE not in agenda(stage)
    hold("Put back …", "struggles")
    assert ASK in agenda(stage)
    assert "put this back" in noor.last.shown
    assert PRIDE not in agenda(stage)


def test_the_student_hears_of_it_when_awake_and_not_while_a_person_is_awaited(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", ASK)
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "noor").values(quiet_since=stage.clock()))
    ask_adults(stage)
    at(stage, 1, "19:59")
    give(stage, "reyes", "Give an idea", idea=IDEA)
    stage.wait(minutes=3)
    give(stage, "lind", "Give an idea", idea="Phone in the hall.")
    assert told(stage, "noor") == []
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Conversation).values(status="held"))
    at(stage, 2, "07:01")
    assert told(stage, "noor") == []
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Conversation).values(status="open"))
    at(stage, 3, "07:01")
    (message,) = told(stage, "noor")  # though they want no reminders: it answers what they asked
    assert IDEA in message
    assert "Phone in the hall." in message


def test_flagged_words_of_an_adult_reach_the_counselor_and_nobody_else(stage: Stage) -> None:
    words = "She told me she wants to kill herself."
    noor = Student(stage)
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    approve(noor)
    for button, values in (("Give an idea", {"idea": words}), ("A note of pride", {"pride": words}),
                           ("A piece of work I choose", {"what": words, "why": "see"})):  # fmt: skip
        assert "I haven't passed this on" in give(stage, "reyes", button, **values)
    stage.wait(minutes=2)
    assert words not in everything_said(stage)
    assert len([text for text in told(stage, "bell") if "Mr. Reyes wrote something about Noor Haddad" in text]) == 3
    assert all(row.alarm for row in notes(stage))
    assert "asked for ideas" in digest_of(stage).shown  # nobody has given one


def test_a_window_is_taken_in_once_and_after_five_ideas_it_says_that_it_is_enough(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    house, workspace, about = stage.bot.house, stage.workspace.team_id, f"{conference(stage)}:struggles:1"
    entries = {"words": IDEA}
    assert forms.submitted(house, workspace, "UREYES", Form.IDEA, about, {"words": " "}, "V1").errors
    for view in ("V1", "V1", "V2", "V3", "V4", "V5"):
        forms.submitted(house, workspace, "UREYES", Form.IDEA, about, entries, view)
    assert len(notes(stage)) == 5
    assert stage.people["reyes"].tap("Give an idea", card(stage, "reyes")).ok
    assert "You've given 5 ideas on this" in stage.people["reyes"].modal.shown  # type: ignore[union-attr]
    last = forms.submitted(house, workspace, "UREYES", Form.IDEA, about, entries, "V6")
    assert last.then is not None
    assert len(notes(stage)) == 5


def to_fill_in(window: Window | None) -> bool:
    """Whether a window opened that something can be written in."""
    return window is not None and bool(window.fields)


def test_nobody_gives_decides_or_holds_back_for_a_student_who_is_not_theirs(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    give(stage, "reyes", "Give an idea", idea=IDEA)
    stage.wait(minutes=2)
    house, workspace, mine = stage.bot.house, stage.workspace.team_id, conference(stage)
    abouts = {Form.IDEA: ("struggles", 1), Form.PRIDE: (), Form.WORK: (), Form.HOLD: ("struggles", 1)}
    values = {form: forms.value(form, mine, *more) for form, more in abouts.items()}
    opens = {
        key: {
            form
            for form, value in values.items()
            if to_fill_in(forms.opened(house, workspace, f"U{key.upper()}", value))
        }
        for key in ("okafor", "lind", "amal", "noor", "theo", "varga", "anders", "bell", "tan")
    }
    gives = {Form.IDEA, Form.PRIDE, Form.WORK}
    nothing: set[Form] = set()
    assert opens == {
        "okafor": gives | {Form.HOLD}, "lind": gives, "amal": gives, "noor": nothing, "theo": nothing,
        "varga": nothing, "anders": nothing, "bell": nothing, "tan": nothing,
    }  # fmt: skip
    refused = forms.submitted(house, workspace, "UANDERS", Form.PRIDE, str(mine), {"words": PRIDE}, "V1")
    nowhere = forms.submitted(house, workspace, "UANDERS", Form.PRIDE, "999999", {"words": PRIDE}, "V2")
    assert refused == nowhere  # whether there is such a conference is not told
    assert len(notes(stage)) == 1
    message = given_to(Student(stage))
    for key in ("theo", "reyes", "okafor"):
        button = next(one for one in buttons(message) if one["action_id"].startswith(Tap.DECIDE))
        assert stage.people[key].tap(button["action_id"], message).ok
        stage.run()
    assert [row.choice for row in notes(stage)] == [""]


def test_for_a_student_without_an_account_the_advisor_taps_beside_them(stage: Stage) -> None:
    ask_for_ideas(stage, "ravi", ASK)
    ask_adults(stage, "ravi")
    give(stage, "reyes", "Give an idea", "Ravi", idea=IDEA)
    stage.wait(minutes=2)
    message = heard(stage, "okafor")[-1]
    assert "Read this together: Ravi decides" in message.shown
    assert stage.people["okafor"].tap("Keep", message).ok
    stage.run()
    assert [row.choice for row in notes(stage)] == ["keep"]
    assert "Kept." in heard(stage, "okafor")[-1].shown
    ravi = Sitting(stage)  # and in the thread, where all that is tapped is the student's
    ravi.arrive()
    ravi.say("menu")
    ravi.tap("Your agenda")
    ravi.tap("What I'm good at")
    ravi.tap("Maybe")
    assert [row.choice for row in notes(stage)] == ["maybe"]
    assert "Maybe. It isn't on the agenda." in "".join(one.shown for one in ravi.heard)


def test_after_the_conference_a_tap_opens_a_window_that_says_so(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    assert stage.people["lind"].tap("Give an idea", card(stage, "lind")).ok
    at(stage, 10, "17:51")
    assert stage.people["reyes"].tap("Give an idea", card(stage, "reyes")).ok
    assert "conference is over" in stage.people["reyes"].modal.shown  # type: ignore[union-attr]
    assert stage.people["lind"].submit(values={"Your idea": IDEA}).ok  # it stood open all the time
    assert "conference is over" in stage.people["lind"].modal.shown  # type: ignore[union-attr]
    assert notes(stage) == []


def test_a_conference_with_ten_adults_and_one_with_none(store: Store, words: Words, tmp_path: Path) -> None:
    folder, keys = school(tmp_path / "school", FULL), [f"adult{n}" for n in range(10)]
    with (folder / "roster.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{key},teacher,Mr. {key.title()},{key}@school.example,,,,,\n" for key in keys)
    dates = (folder / "conferences.csv").read_text("utf-8")
    changed = dates.replace("17:30,20,room 12,reyes lind\nsami", f"17:30,20,room 12,{' '.join(keys)}\nsami")
    (folder / "conferences.csv").write_text(changed, "utf-8")
    with set_up(url_of(store), folder, words, MONDAY) as stage:
        noor, mina = Student(stage), Student(stage, "mina")
        ask_for_ideas(stage, "noor", ASK)
        ask_adults(stage)
        for key in keys:
            give(stage, key, "Give an idea", idea=f"{IDEA} So says {key}.")
        stage.wait(minutes=2)
        noor.let()
        told_of = [one.ts for one in noor.heard if "has an idea for you" in one.shown]
        assert len(told_of) == 2
        for ts in told_of:
            for button in [one for one in buttons(message_at(noor, ts)) if one["text"]["text"] == "Keep"]:
                noor.tap(button["action_id"], message_at(noor, ts))
        approve(noor)
        assert all(f"Mr. {key.title()}: {IDEA} So says {key}." in agenda(stage) for key in keys)
        leave_alone(stage, "mina")
        ask_for_ideas(stage, "mina", ASK)
        approve(mina)
        ask_adults(stage, "mina")
        assert ASK in agenda(stage, "conf-mina-12-10")
        assert not [key for key in ("okafor", "reyes") if any("Mina leads" in one for one in told(stage, key))]


def buttons(place: Message | View) -> list[Any]:
    """The buttons of a message or window, as Slack has them."""
    return [element for block in place.blocks for element in block.get("elements", ()) if element["type"] == "button"]


def message_at(noor: Student, ts: str) -> Message:
    """A message as it stands now."""
    return next(one for one in noor.heard if one.ts == ts)


def leave_alone(stage: Stage, key: str) -> None:
    """Nobody comes to a student's conference."""
    there = delete(Participant).where(
        Participant.conference_id == conference(stage, key), Participant.person_id != person(stage, key).id
    )
    with stage.bot.house.store.write() as connection:
        connection.execute(there)
