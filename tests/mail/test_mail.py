"""Families who are not on Slack get it all by e-mail, from the invitation to the day before: on a real mail server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from icalendar import Calendar
from sqlalchemy import select, update

from bot.practice.stage import MONDAY, Stage, set_up
from bot.school import read_school
from bot.services.advising import overview
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.store.models import Participant, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import deliveries
from tests.mail.servers import Mailbox, mail_server
from tests.stages import Student, school, told, url_of

AMAL = "amal@home.example"
LATER = {"noor,Autumn 2026,2026-12-10": "noor,Autumn 2026,2026-12-15", "noor,es,,Elm Street": "noor,en,,Elm Street"}
"""Noor's conference two weeks and a day after the stage opens, on which day the family is welcomed, in English."""

AROUND = ("id,", "noor,", "okafor,", "reyes,", "lind,", "amal,", "yusuf,", "bell,", "ortiz,", "tan,", "student,")
"""How the rows begin of those who have to do with Noor, and of the titles."""


def small(folder: Path) -> Path:
    """The sample school as if Noor were its only student."""
    school(folder, LATER)
    for table in (folder / "roster.csv", folder / "conferences.csv"):
        lines = table.read_text("utf-8").splitlines(keepends=True)
        table.write_text("".join(line for line in lines if line.startswith(AROUND)), "utf-8")
    return folder


@contextmanager
def posted(store: Store, words: Words, folder: Path) -> Iterator[tuple[Stage, Mailbox]]:
    """That school, Amal not on Slack, and a mail server."""
    with (
        mail_server() as (box, at),
        set_up(url_of(store), small(folder), words, MONDAY, ["amal"], f"smtp://{at}") as stage,
    ):
        stage.plan()
        yield stage, box


def until(stage: Stage, day: int, hour: int = 23) -> None:
    for _ in stage.until(datetime(2026, 12, day, hour, tzinfo=UTC)):
        pass


def reload(stage: Stage, folder: Path, changes: Mapping[str, str]) -> None:
    """Change the school's files, and load them again."""
    for file in folder.iterdir():
        text = file.read_text("utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
    house, workspace, now = stage.bot.house, stage.workspace.team_id, stage.clock()
    read = read_school(folder, house.words.catalog.languages)
    with house.store.write() as connection:
        done = load_school(connection, workspace, read, now)
        follow = followed(connection, house.outbox, workspace, done, now, mails=house.mails)
        house.outbox.put(connection, follow, now)
    stage.plan()
    stage.run()


def body(letter: EmailMessage, kind: str = "plain") -> str:
    part = next(part for part in letter.walk() if part.get_content_type() == f"text/{kind}")
    return str(part.get_content())


def event(letter: EmailMessage) -> Calendar:
    return Calendar.from_ical(body(letter, "calendar"))


def invited(stage: Stage, key: str) -> list[str]:
    asked = select(Participant.invite).join(Person, Person.id == Participant.person_id).where(Person.key == key)
    with stage.bot.house.store.read() as connection:
        return list(connection.scalars(asked))


def test_what_the_channel_is_told_comes_by_mail(store: Store, words: Words, tmp_path: Path) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        until(stage, 2)
        (letter,) = box.letters
        assert box.envelopes == [("coach@school.example", (AMAL,))]
        assert (letter["To"], letter["Reply-To"]) == (f"Amal Haddad <{AMAL}>", '"Ms. Okafor" <okafor@school.example>')
        assert letter["From"] == "Hillside Middle School <coach@school.example>"
        assert letter["Subject"] == "Noor invites you to a meeting: Tuesday 15 December, 17:30"
        assert "yusuf" not in letter.as_string().lower()
        for text in (body(letter), body(letter, "html")):
            assert "What was hard, and what did you try?" in text
            assert "Please answer this mail. Ms. Okafor reads it." in text
        calendar = event(letter)
        (meeting,) = calendar.walk("VEVENT")
        assert (calendar["METHOD"], meeting["SEQUENCE"], meeting["ATTENDEE"]) == ("REQUEST", 0, f"mailto:{AMAL}")
        assert invited(stage, "amal") == ["mailed"]
        assert not [text for text in told(stage, "okafor") if "Amal" in text]

        folder = tmp_path / "school"
        reload(stage, folder, {"2026-12-15,17:30": "2026-12-15,18:15"})
        until(stage, 3)
        moved = event(box.letters[-1])
        (changed,) = moved.walk("VEVENT")
        assert box.letters[-1]["Subject"] == "Moved: Noor's meeting is now on Tuesday 15 December at 18:15"
        assert (changed["UID"], moved["METHOD"]) == (meeting["UID"], "REQUEST")
        assert changed["SEQUENCE"] > meeting["SEQUENCE"]

        noor = Student(stage)
        noor.finish()
        until(stage, 14)
        assert [letter["Subject"] for letter in box.letters[2:]] == [
            "Noor's plan for the meeting on Tuesday 15 December",
            "Soon: Noor's meeting on Tuesday 15 December at 18:15",
        ]
        assert "Things click for me when I build them with my hands." in body(box.letters[2])

        reload(stage, folder, {"noor,Autumn 2026,2026-12-15,18:15,20,room 12,reyes lind\n": ""})
        until(stage, 15, 16)
        assert (box.letters[-1]["Subject"], event(box.letters[-1])["METHOD"]) == (
            "Noor's meeting on Tuesday 15 December does not take place", "CANCEL",
        )  # fmt: skip
        assert len(box.letters) == 5
        assert len({letter["Message-ID"] for letter in box.letters}) == 5


def test_faults_of_the_mail_server(store: Store, words: Words, tmp_path: Path) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        box.answers, box.drops = ["451 try again later"], 1
        until(stage, 2)
        assert len(box.to(AMAL)) == 2  # handed over, the connection lost; then once more, and known by its id
        assert len({letter["Message-ID"] for letter in box.letters}) == 1
        with store.read() as connection:
            gone = connection.scalar(select(deliveries.c.id).where(deliveries.c.dedupe_key.startswith("mail:")))
        assert box.letters[0]["Message-ID"] == f"<{gone}@school.example>"


def test_who_joins_slack_while_a_letter_waits_gets_it_there(store: Store, words: Words, tmp_path: Path) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        box.answers = ["451 try again later"] * 20
        until(stage, 2)
        stage.workspace.person("Amal H.", "UNEWCOMER", AMAL, announce=True)
        box.answers.clear()
        until(stage, 3)
        assert box.letters == []
        assert invited(stage, "amal") == ["joined"]


def test_a_refused_address_becomes_the_advisors_errand(store: Store, words: Words, tmp_path: Path) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        box.answers = ["550 no such user"]
        until(stage, 2)
        assert box.letters == []
        (errand,) = [message for message in stage.people["okafor"].sees() if "didn't get through" in message.shown]
        assert "Ask Amal Haddad for the right one, and tell the coordinator" in errand.shown.replace("*", "")
        assert list(errand.buttons) == ["PDF: Elm Street", "Amal Haddad"]
        assert invited(stage, "amal") == ["paper"]
        reload(stage, tmp_path / "school", {AMAL: "amal@mail.example"})  # the right one
        until(stage, 3)
        assert [to for _, to in box.envelopes] == [("amal@mail.example",)]


def test_what_is_put_off_until_the_conference_is_near_becomes_the_advisors_errand(
    store: Store, words: Words, tmp_path: Path
) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        until(stage, 2)
        assert len(box.letters) == 1
        until(stage, 14, 20)  # an hour before the reminder
        box.answers = ["451 try again later"] * 50
        until(stage, 14, 23)
        (errand,) = [message for message in stage.people["okafor"].sees() if "didn't get through" in message.shown]
        assert "put it off for too long" in errand.shown
        with store.read() as connection:
            reminder = select(deliveries.c.state, deliveries.c.attempts).where(deliveries.c.kind == "mail")
            assert connection.execute(reminder.where(deliveries.c.state != "sent")).all() == [("dead", 6)]
            tan = connection.execute(select(*Person.__table__.c).where(Person.key == "tan")).one()
            week = overview.coordinator_digest(stage.bot.house, connection, tan, stage.clock())
        assert week.context["failed"] == [{"reason": "e-mail: the mail server put it off for too long", "count": 1}]


def test_a_letter_that_never_left_before_the_conference_is_told_too(store: Store, words: Words, tmp_path: Path) -> None:
    with posted(store, words, tmp_path / "school") as (stage, box):
        until(stage, 2)
        box.answers = ["451 try again later"]
        reload(stage, tmp_path / "school", {"2026-12-15,17:30": "2026-12-15,18:15"})
        with store.write() as connection:  # nobody could try it again in time
            waits = update(deliveries).where(deliveries.c.dedupe_key.startswith("mail:when:"))
            connection.execute(waits.values(next_at=datetime(2026, 12, 16, 15, tzinfo=UTC)))
        until(stage, 16)
        assert [message for message in told(stage, "okafor") if "didn't get through" in message]
        assert len(box.letters) == 1


def test_who_may_be_written_to_again_gets_what_was_planned(store: Store, words: Words, tmp_path: Path) -> None:
    folder = tmp_path / "school"
    with set_up(url_of(store), small(folder), words, MONDAY) as stage:
        stage.plan()
        until(stage, 2)
        planned = (
            select(deliveries.c.state, deliveries.c.dedupe_key)
            .where(deliveries.c.recipient == "UAMAL", deliveries.c.dedupe_key.startswith("nudge:"))
            .order_by(deliveries.c.dedupe_key)
        )
        with store.read() as connection:
            before = connection.execute(planned).all()
        assert {row.state for row in before} == {"scheduled"}
        reload(stage, folder, {"noor,en,,Elm Street,": "noor,en,,Elm Street,print"})
        with store.read() as connection:
            assert {row.state for row in connection.execute(planned)} == {"cancelled"}
        reload(stage, folder, {"Elm Street,print": "Elm Street,"})
        with store.read() as connection:
            assert connection.execute(planned).all() == before


def test_a_card_follows_the_language_and_is_posted_anew_where_it_was_deleted(
    store: Store, words: Words, tmp_path: Path
) -> None:
    folder = tmp_path / "school"
    with set_up(url_of(store), small(folder), words, MONDAY) as stage:
        stage.plan()
        until(stage, 2)
        (channel,) = [one for one in stage.workspace.channels.values() if one.name.startswith("conf-noor")]

        def cards() -> list[str]:
            greets = ("Hello", "Hola,")
            return [one.shown.partition(".")[0] for one in channel.messages.values() if one.shown.startswith(greets)]

        assert cards() == ["Hello Amal Haddad and Yusuf Haddad"]
        reload(stage, folder, {"noor,en,,Elm Street,": "noor,es,,Elm Street,"})
        until(stage, 3)
        assert cards() == ["Hello Yusuf Haddad", "Hola, Amal Haddad"]
        for ts in [ts for ts, one in channel.messages.items() if one.shown.startswith("Hello")]:
            del channel.messages[ts]
        for time in ("18:15", "18:30"):  # the card in the old one's place is the one that is said anew then
            reload(stage, folder, {"2026-12-15,17:30": f"2026-12-15,{time}", "2026-12-15,18:15": "2026-12-15,18:30"})
            assert sorted(cards()) == ["Hello Yusuf Haddad", "Hola, Amal Haddad"]


def test_without_a_mail_server_it_is_the_advisors_from_the_start(store: Store, words: Words, tmp_path: Path) -> None:
    with set_up(url_of(store), small(tmp_path / "school"), words, MONDAY, ["amal"]) as stage:
        stage.plan()
        until(stage, 2)
        (errand,) = [message for message in stage.people["okafor"].sees() if "only from you" in message.shown]
        assert "Amal Haddad (Elm Street) isn't on Slack" in errand.shown.replace("*", "")
        assert "Yusuf" not in errand.shown
        assert list(errand.buttons) == ["PDF: Elm Street", "Amal Haddad"]
