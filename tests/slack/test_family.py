"""The family in the conference's channel: welcomed two weeks before, asked who comes, reminded the day before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from sqlalchemy import select

from bot.practice import Fault
from bot.practice.channel import Channel
from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.prompts_check import FAMILY_GRADE, FAMILY_MESSAGES, FAMILY_PREFIXES, check_prompts
from bot.readability import grade
from bot.school import read_school
from bot.services.advising.looking import look
from bot.services.family import attending
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.slack.compose import say
from bot.slack.controls import Button
from bot.store.models import Conference, Note, Participant, Person
from bot.store.session import Store
from bot.words import Words
from prompts import Catalog
from prompts.markdown import plain
from tests.stages import Student, agenda, but_the_cards, conference_channels, school, told, url_of

NAME = "conf-noor-12-10"
NEW_YORK = ZoneInfo("America/New_York")
KEPT = ("noor", "theo", "ravi", "ines")
NOOR = "noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind"
FAMILY = {
    "amal": "amal,family,Amal Haddad,amal@home.example,,,noor,en,",
    "yusuf": "yusuf,family,Yusuf Haddad,yusuf@home.example,,,noor,es,",
}
EN, ES = "Hello Amal Haddad.", "Hola, Yusuf Haddad."


def folder(path: Path, **changes: str) -> Path:
    """A school of four; Noor's brother reads Spanish, Ines has nobody of her family in the roster."""
    made = school(path, changes)
    for name in ("roster.csv", "conferences.csv"):
        head, *rows = (made / name).read_text(encoding="utf-8").splitlines()
        kept = [FAMILY.get(row.split(",")[0], row) for row in rows if _is_kept(row)]
        (made / name).write_text("\n".join([head, *kept]), encoding="utf-8")
    return made


def _is_kept(row: str) -> bool:
    key, role, *_ = cells = row.split(",")
    if role == "family":
        return set(cells[6].split()) <= set(KEPT)
    return key in KEPT or role in ("advisor", "teacher", "counselor", "coordinator")


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with set_up(url_of(store), folder(tmp_path / "school"), words, MONDAY) as stage:
        yield stage


def at(stage: Stage, day: int, clock: str, month: int = 12) -> None:
    """Let time pass up to a moment of the school's clock."""
    hour, minute = map(int, clock.split(":"))
    list(stage.until(datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK)))


def welcome(stage: Stage) -> None:
    """Go on to the day after the welcome was due: a fortnight before, which was a holiday."""
    stage.plan()
    at(stage, 1, "09:00")


def channel_of(stage: Stage) -> Channel:
    found = stage.workspace.channel(NAME)
    assert found is not None
    return found


def seen(stage: Stage, key: str = "amal") -> list[Message]:
    return [message for message in stage.people[key].sees(NAME) if message.app]


def card(stage: Stage, greeting: str = EN) -> Message:
    (found,) = [message for message in seen(stage) if greeting in message.shown]
    return found


def dates(stage: Stage) -> list[icalendar.Event]:
    """The events in the files of the channel, as they stand."""
    files = [stage.workspace.files.get(file["id"]) for message in seen(stage) for file in message.files]
    kept = [file for file in files if file is not None and file.name.endswith(".ics")]
    return [event for file in kept for event in icalendar.Calendar.from_ical(file.content).events]


def answers(stage: Stage) -> dict[str, dict[str, Any]]:
    with stage.bot.house.store.read() as connection:
        asked = select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == "noor")
        found = attending.answers_of(connection, stage.workspace.team_id, connection.scalars(asked).one())
    return {one["name"]: one for one in found}


def tap(stage: Stage, key: str, label: str, greeting: str = EN) -> str:
    """Tap a button of a card; what the window that opens says."""
    person = stage.people[key]
    assert person.tap(label, card(stage, greeting)).ok
    stage.wait(seconds=1)
    assert person.modal is not None
    return person.modal.shown.replace("*", "")


def submit(stage: Stage, key: str, **values: str) -> str:
    """Fill in the window that is open; what it says then."""
    named = {label.replace("_", " "): value for label, value in values.items()}
    person = stage.people[key]
    assert person.submit(values=named).ok
    stage.wait(seconds=1)
    assert person.modal is not None
    return person.modal.shown.replace("*", "")


def looked_at(stage: Stage) -> str:
    """What the advisor's window about Noor shows."""
    house = stage.bot.house
    with house.store.read() as connection:
        noor = connection.scalar(select(Person.id).where(Person.key == "noor"))
    found = look(house, stage.workspace.team_id, "UOKAFOR", str(noor))
    assert found is not None
    document, controls = say(house.words, found.saying.payload("en"))
    assert [one.label for row in controls["answers"] for one in row if isinstance(one, Button)] == [
        "Amal Haddad",
        "Yusuf Haddad",
    ]
    return plain(document)


def news(stage: Stage) -> list[str]:
    """What the advisor was told of who comes."""
    return [text for text in told(stage, "okafor") if "to Noor's conference" in text]


def test_two_weeks_before_the_family_is_welcomed_in_the_channel_each_in_their_language(
    stage: Stage, noor: Student
) -> None:
    noor.answer()
    stage.plan()
    at(stage, 30, "17:29", 11)
    assert conference_channels(stage) == []
    noor.approve()
    welcome(stage)
    stage.plan()
    assert set(channel_of(stage).members) > {"UNOOR", "UOKAFOR", "UREYES", "ULIND", "UAMAL", "UYUSUF"}
    assert [EN in one.shown or "Hola" in one.shown or bool(one.files) for one in seen(stage)] == [True] * 4
    assert "Things click for me" not in agenda(stage)  # approved, and its time has not come
    english, spanish = card(stage), card(stage, ES)
    assert "Thursday 10 December at 17:30" in english.shown.replace("*", "")
    assert "Thursday, December 10, 2026 at 11:30 PM" in english.shown_in("Europe/Madrid").replace("*", "")
    assert "Friday, December 11, 2026 a las 7:30 AM" in spanish.shown_in("Asia/Tokyo").replace("*", "")
    assert "<!date^1796941800^{time}|17:30>" in english.text
    assert english.shown.count("?") == spanish.shown.count("?") == 4
    assert english.buttons == (
        "We're coming", "We can't come", "Interpreter, phone or video …", spanish_to_english(spanish.buttons[3])
    )  # fmt: skip
    events = dates(stage)
    assert [str(one["summary"]) for one in events] == ["Noor's school meeting", "Reunión escolar de Noor"]
    assert {one.DTSTART.astimezone(UTC) for one in events} == {datetime(2026, 12, 10, 22, 30, tzinfo=UTC)}
    ravis = stage.workspace.channel("conf-ravi-12-14")
    assert ravis is not None
    assert ravis.messages == {}  # nobody of his family is there to be greeted
    assert [text for text in told(stage, "okafor") if "names nobody of Ines's family" in text]


def spanish_to_english(label: str) -> str:
    """The button for a note of pride, which both cards have."""
    return {"Una nota de orgullo": "A note of pride"}[label]


def test_an_answer_takes_one_tap_and_the_advisor_hears_what_is_to_be_done(stage: Stage) -> None:
    welcome(stage)
    assert "Noted: you come on Thursday 10 December at 17:30" in tap(stage, "amal", "We're coming")
    tap(stage, "amal", "We're coming")
    assert (news(stage), answers(stage)["Amal Haddad"]["coming"]) == ([], "yes")
    tap(stage, "amal", "Interpreter, phone or video …")
    said = submit(
        stage, "amal", **{"How?": "By phone", "Interpreter, if you want one": "Arabic",
        "A word to the advisor, if you like": "Call us on *my sister's* <phone>."},
    )  # fmt: skip
    assert "by phone. Interpreter: Arabic." in said
    (heard,) = news(stage)
    assert "By phone: have a phone with a speaker in room 12" in heard
    assert "Interpreter: Arabic. Please book one" in heard
    (message,) = [one for one in stage.people["okafor"].sees() if "They write:" in one.shown]
    assert "Call us on *my sister's* <phone>." in message.plain_texts
    assert "Gracias por avisar" in tap(stage, "yusuf", "No podemos ir", ES)
    assert "Yusuf Haddad can't come" in news(stage)[-1]
    assert "nobody of Noor's family" not in news(stage)[-1]
    tap(stage, "amal", "We can't come")
    assert "As it stands, nobody of Noor's family comes." in news(stage)[-1]
    assert len(news(stage)) == 3
    tap(stage, "amal", "We're coming")
    assert "Amal Haddad comes after all" in news(stage)[-1]
    assert len(news(stage)) == 4
    tap(stage, "amal", "We can't come")
    assert "Amal Haddad: can't come" in looked_at(stage)
    assert "Ms. Lind: no answer yet" in looked_at(stage)
    assert {name: one["coming"] for name, one in answers(stage).items()} == {
        "Amal Haddad": "no", "Yusuf Haddad": "no", "Ms. Okafor": "", "Mr. Reyes": "", "Ms. Lind": "",
    }  # fmt: skip


def test_the_buttons_are_the_familys_and_each_answers_for_themselves(stage: Stage) -> None:
    welcome(stage)
    assert "There is nothing for you to do here" in tap(stage, "noor", "We're coming")
    assert "You have one of your own" in tap(stage, "lind", "We can't come")
    assert stage.people["lind"].tap("My own answer …", stage.people["lind"].modal).ok
    assert "Ms. Okafor hears of it now" in submit(stage, "lind", **{"Coming?": "No, not possible"})
    assert "Ms. Lind can't come" in news(stage)[-1]
    okafor = stage.people["okafor"]
    assert okafor.tap("Record another answer …").ok  # somebody telephoned
    assert "What did Ms. Lind tell you" in okafor.modal.shown  # type: ignore[union-attr]
    submit(stage, "okafor", **{"Coming?": "Yes"})
    assert answers(stage)["Ms. Lind"]["coming"] == "yes"
    assert len(news(stage)) == 1  # the advisor knows
    tap(stage, "amal", "Interpreter, phone or video …")
    said = submit(stage, "amal", **{"A word to the advisor, if you like": "He said he will kill himself"})
    assert "I haven't passed this on." in said
    assert (answers(stage)["Amal Haddad"]["coming"], len(news(stage))) == ("", 1)
    assert told(stage, "bell")
    with stage.bot.house.store.read() as connection:
        assert connection.scalars(select(Note.alarm)).all() == ["explicit"]
    at(stage, 10, "17:31")
    assert "has begun, is over, or does not take place" in tap(stage, "amal", "We can't come")
    assert answers(stage)["Amal Haddad"]["coming"] == ""


def test_the_day_before_says_who_is_there_by_phone_and_after_a_move_everything_is_new_in_its_place(
    stage: Stage, tmp_path: Path
) -> None:
    welcome(stage)
    tap(stage, "yusuf", "No podemos ir", ES)
    submit(stage, "yusuf", **{"¿Cómo?": "Por video"})  # which they chose under the "no"
    assert answers(stage)["Yusuf Haddad"]["mode"] == "video"
    tap(stage, "amal", "We can't come")
    before = [one.ts for one in seen(stage) if not one.files]
    load(stage, folder(tmp_path / "moved", **{NOOR: NOOR.replace("12-10,17:30", "12-11,18:00")}))
    assert [one.ts for one in seen(stage) if "We're coming" in one.buttons or "Sí, vamos" in one.buttons] == before
    assert "Friday 11 December at 18:00" in card(stage).shown.replace("*", "")
    assert "viernes 11 de diciembre a las 18:00" in card(stage, ES).shown.replace("*", "")
    moved = [one.shown for one in but_the_cards(channel_of(stage))]
    assert ["Moved:" in moved[0], "Hay un cambio:" in moved[1]] == [True, True]
    events = dates(stage)
    assert [one.DTSTART.astimezone(NEW_YORK).hour for one in events] == [18, 18]
    assert all(one.sequence > 0 for one in events)
    stage.plan()
    at(stage, 10, "16:30")
    english, spanish = [one.shown for one in seen(stage) if "on time" in one.shown or "a tiempo" in one.shown]
    assert "Yusuf Haddad: by video" in english
    assert "Yusuf Haddad: por video" in spanish
    assert "You said you can't come. If that changed, tell Ms. Okafor" in told(stage, "amal")[-1]
    assert "Ms. Okafor hace la conexión." in told(stage, "yusuf")[-1]


def load(stage: Stage, where: Path) -> None:
    """Load a folder as the command does, and let the bot say what follows."""
    now, workspace = stage.clock(), stage.workspace.team_id
    with stage.bot.house.store.write() as connection:
        changes = load_school(connection, workspace, read_school(where, stage.bot.house.words.catalog.languages), now)
        outbox, mails = stage.bot.house.outbox, stage.bot.house.mails
        outbox.put(connection, followed(connection, outbox, workspace, changes, now, mails=mails), now)
    stage.wait(seconds=1)


def test_who_never_answered_can_with_the_reminder_and_then_change_it_from_the_home(stage: Stage) -> None:
    welcome(stage)
    at(stage, 9, "16:30")
    amal = stage.people["amal"]
    (reminder,) = [one for one in amal.sees() if "Are you coming?" in one.shown]
    assert reminder.buttons == (
        "We're coming", "We can't come", "Interpreter, phone or video …", "What I can give", "No more reminders"
    )  # fmt: skip
    assert amal.tap("We're coming", reminder).ok
    stage.wait(seconds=1)
    assert answers(stage)["Amal Haddad"]["coming"] == "yes"
    assert amal.command("/conference", "").ok
    stage.wait(seconds=1)
    assert "Change my answer …" in amal.ephemerals[-1].buttons


@pytest.mark.parametrize("method", ["chat.postMessage", "files.completeUploadExternal"])
def test_a_card_or_a_date_whose_answer_was_lost_stands_once(stage: Stage, method: str) -> None:
    stage.workspace.fault(
        method, Fault.DROP_AFTER, 2, lambda arguments: "Haddad" in str(arguments) or "files" in arguments
    )
    welcome(stage)
    stage.wait(minutes=1)
    assert [bool(one.files) for one in seen(stage)] == [False, True, False, True]


def test_who_comes_into_slack_later_is_greeted_in_a_language_nobody_had_before(
    store: Store, words: Words, tmp_path: Path
) -> None:
    with set_up(url_of(store), folder(tmp_path / "school"), words, MONDAY, away=["yusuf"]) as stage:
        welcome(stage)
        assert [one.shown[:5] for one in seen(stage)] == ["Hello", ""]
        stage.workspace.person("Yusuf Haddad", "UYUSUF", "yusuf@home.example", announce=True)
        stage.run()
        assert [one.shown[:5] for one in seen(stage)] == ["Hello", "", "Hola,", ""]
        stage.plan()
        at(stage, 8, "16:01")  # nothing is approved: the frame, for each to read
        assert [one.shown.split(" ")[1] for one in but_the_cards(channel_of(stage))] == ["leads", "dirige"]
        with store.read() as connection:
            assert "joined" in connection.scalars(select(Participant.invite)).all()


def test_what_a_family_reads_asks_for_six_years_of_school_at_most() -> None:
    catalog = Catalog.load()
    for language in ("en", "es"):
        ours = {name for name in catalog.messages(language) if name.startswith(FAMILY_PREFIXES)} | {*FAMILY_MESSAGES}
        assert ours > {"family_welcome", "family_rsvp", "family_answered", "reminder_adult", "reminder_channel"}
        asked = [text for key, text in catalog.labels(language).items() if key.startswith("form.rsvp_")]
        assert (grade(asked, language) or 0) <= FAMILY_GRADE
    assert [problem for problem in check_prompts([]) if "reads at grade" in problem] == []
