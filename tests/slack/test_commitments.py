"""What is agreed at a conference: written down by anybody, read back, and asked about, the adults as the student."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.practice.stage import Stage
from bot.store.models import Commitment, Conference
from bot.store.session import Store
from bot.words import Words
from scheduler import sealed
from tests.slack.afterwards import CHANNEL, add, around, at, commitments, conference_of, fill, in_channel, saw
from tests.stages import Student

LIST = "What we'll each do"
ASKED = "all three answers are fine"


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with around(store, words, tmp_path / "school") as stage:
        Student(stage).arrive()
        at(stage, 10, "17:31")
        yield stage


def listed(stage: Stage) -> list[str]:
    """The lists in the channel, oldest first, without the signs for bold."""
    return [message.shown.replace("*", "") for message in in_channel(stage, LIST) if "Welcome (" not in message.shown]


def asked(stage: Stage, key: str, words: str = ASKED) -> list[str]:
    """What somebody was asked about theirs, oldest first."""
    return [message.shown for message in stage.people[key].sees() if message.app and words in message.shown.lower()]


def test_what_is_agreed_is_read_back_in_one_message_and_asked_about_until_it_is_done(stage: Stage) -> None:
    noor, amal, okafor, reyes = (stage.people[key] for key in ("noor", "amal", "okafor", "reyes"))
    (begins,) = in_channel(stage, "Noor's conference begins.")
    assert "Empieza la reunión de Noor." in begins.shown

    add(stage, noor, "Noor Haddad", "Start homework in room 12", due="2026-12-18")
    add(stage, amal, "Amal Haddad", "<!channel> *el teléfono* en la cocina")
    add(stage, okafor, "Yusuf Haddad", "Reads the outline")
    add(stage, reyes, "Somebody else", "Lends the timer", name="The librarian")
    (shown,) = listed(stage)
    assert "Lo que hará cada quien" in shown
    assert "Noor Haddad: Start homework in room 12 · by Friday 18 December" in shown
    assert "Yusuf Haddad: Reads the outline" in shown
    assert "The librarian: Lends the timer" in shown
    assert "<!channel>" not in in_channel(stage, LIST)[-1].text

    # Each may change their own, and what they added; the advisor everything.
    assert amal.tap("Change one").ok
    fill(stage, amal, {"what": "El teléfono duerme en la cocina"})
    assert okafor.tap("Change one").ok
    assert okafor.modal is not None
    assert okafor.modal.shown.count("Change this") == 4
    assert okafor.tap("Change this", okafor.modal).ok
    fill(stage, okafor, {"what": "Start homework in room 12, twice a week"})
    assert okafor.modal is None
    assert stage.people["lind"].tap("Change one").ok
    assert "none here that you can change" in stage.people["lind"].modals[-1].shown
    assert "El teléfono duerme" in listed(stage)[0]
    assert "twice a week · by Friday 18 December" in listed(stage)[0]
    assert len(listed(stage)) == 1

    # What comes more than a day later is seen only in a new message.
    at(stage, 14, "12:00")
    add(stage, noor, "Ms. Lind", "Sends the reading list")
    assert len(listed(stage)) == 2
    assert "Ms. Lind" in listed(stage)[1]
    assert "Ms. Lind" not in listed(stage)[0]

    # A week after: each about their own; the advisor for who is not on Slack.
    at(stage, 17, "15:31")
    assert [len(asked(stage, key)) for key in ("noor", "okafor", "lind", "reyes")] == [1, 1, 1, 0]
    assert "Reads the outline" in asked(stage, "okafor")[0]
    assert "Lends the timer" in asked(stage, "okafor")[0]
    assert len(saw(stage, "amal", "Las tres respuestas")) == 1
    assert amal.tap("Necesito ayuda").ok
    assert noor.tap("Done").ok
    stage.wait(seconds=1)
    (help_,) = saw(stage, "okafor", "needs help")
    assert "Amal Haddad" in help_.shown
    assert "El teléfono duerme" in help_.shown
    assert "That's all of it done." in asked(stage, "noor")[0]
    assert "18 December · done" in listed(stage)[1]
    assert "help" not in listed(stage)[1]

    # Two weeks later the winter break is on: after it, only what is open is asked about.
    at(stage, 4, "15:31", 1, 2027)
    assert len(asked(stage, "noor")) == 1
    assert len(asked(stage, "okafor")) == 2
    assert len(asked(stage, "lind")) == 2
    digest = saw(stage, "okafor", "After the conferences")[-1]
    assert "4 commitments open" in digest.shown
    assert "Amal Haddad needs help with theirs" in digest.shown


def test_what_cannot_be_stands_nowhere(stage: Stage) -> None:
    noor, okafor = stage.people["noor"], stage.people["okafor"]
    assert noor.tap("Add what we agreed").ok
    for wrong in ({"due": "2026-12-09"}, {"who": "Somebody else"}, {"name": "Aunt Rima"}, {"what": "x" * 301}):
        fill(stage, noor, {"who": "Noor Haddad", "what": "Start homework", "name": "", "due": None, **wrong})
    assert len(noor.trouble) == 4
    assert commitments(stage) == []

    fill(stage, noor, {"who": "Noor Haddad", "what": "i will kill myself", "name": "", "due": None})
    assert noor.modal is not None
    assert "Thank you for telling me, Noor." in noor.modal.shown
    assert len(saw(stage, "bell", "Noor Haddad")) == 1
    assert commitments(stage) == []
    assert listed(stage) == []
    noor.close()

    # Taken back, it is gone from the list, and nobody is asked.
    add(stage, okafor, "Amal Haddad", "Phone in the kitchen")
    assert okafor.tap("Change one").ok
    fill(stage, okafor, {"stays": "Take it back"})
    assert "Nothing is written down yet" in listed(stage)[0]
    at(stage, 17, "15:31")
    assert saw(stage, "amal", "Las tres respuestas") == []
    assert asked(stage, "okafor") == []

    # After two weeks none is added any more.
    at(stage, 28, "12:00")
    assert okafor.tap("Add what we agreed", in_channel(stage, "Noor's conference begins.")[0]).ok
    assert okafor.modal is not None
    assert "could be added for two weeks" in okafor.modal.shown


def test_where_the_channel_is_no_place_the_student_and_the_advisor_are_told(stage: Stage) -> None:
    noor, reyes = stage.people["noor"], stage.people["reyes"]
    channel = stage.workspace.channel(CHANNEL)
    assert channel is not None
    stranger = stage.workspace.person("A Stranger", "USTRANGER", "s@elsewhere.example", "America/New_York")
    noor.invite(CHANNEL, stranger)
    add(stage, noor, "Noor Haddad", "Start homework in room 12")
    assert listed(stage) == []
    assert all("Start homework" in saw(stage, key, LIST)[0].shown for key in ("noor", "okafor"))

    with stage.bot.house.store.write() as connection:
        here = Conference.id == conference_of(stage)
        connection.execute(update(Conference).where(here).values(channel=None))
    add(stage, reyes, "Mr. Reyes", "Reads the outline", in_channel(stage, "Noor's conference begins.")[0])
    assert reyes.modal is not None
    assert "Reads the outline" in reyes.modal.shown
    (told,) = saw(stage, "okafor", LIST)
    assert "Reads the outline" in told.shown
    assert "Start homework" in told.shown


def test_a_conference_of_ten_adults_and_one_at_which_nothing_was_agreed(
    store: Store, words: Words, tmp_path: Path
) -> None:
    teachers = [f"t{n},teacher,Teacher{n} Someone{n},t{n}@school.example,,,,," for n in range(7)]
    adults = "reyes lind " + " ".join(f"t{n}" for n in range(7))
    folder = tmp_path / "school"
    with around(store, words, folder, ("noor", "theo"), teachers, {"12,reyes lind": f"12,{adults}"}) as stage:
        Student(stage).arrive()
        at(stage, 10, "17:31")
        keys = ["noor", "amal", "okafor", "reyes", "lind", *(f"t{n}" for n in range(7))]
        for key in keys:
            begins = in_channel(stage, "Noor's conference begins.")[0]
            add(stage, stage.people[key], stage.people[key].name, f"What {key} does", begins)
        (shown,) = listed(stage)
        assert all(f"What {key} does" in shown for key in keys)
        at(stage, 17, "15:31")
        assert all(sum(f"What {key} does" in one.shown for one in stage.people[key].sees()) == 1 for key in keys)
        at(stage, 4, "15:31", 1, 2027)
        every = [one for channel in stage.workspace.channels.values() for one in channel.messages.values()]
        assert not [one for one in every if "Theo's conference on" in one.shown and ASKED in one.shown.lower()]


def test_of_a_long_list_the_newest_are_read_whole_and_each_can_be_changed(stage: Stage) -> None:
    noor = stage.people["noor"]
    add(stage, noor, "Noor Haddad", "Number 0")
    with stage.bot.house.store.write() as connection:
        first = connection.execute(select(*Commitment.__table__.c)).one()._asdict()
        del first["id"]
        rows = [{**first, "key": f"more{n}", "what": f"Number {n} {'x' * 150}"} for n in range(1, 40)]
        connection.execute(insert(Commitment), [sealed.row(Commitment, row) for row in rows])
    newest = "The newest " + "y" * 280
    add(stage, noor, "Noor Haddad", newest)
    (shown,) = listed(stage)
    assert newest in shown
    assert "…" not in shown
    read = shown.count("Number ")
    assert f"and {40 - read} more, from before" in shown
    assert read > 10
    assert noor.tap("Change one").ok
    assert noor.modal is not None
    assert noor.modal.shown.count("Change this") == 30
    assert noor.tap("Earlier ones", noor.modal).ok
    assert noor.modal.shown.count("Change this") == 11
    assert "Number 0" in noor.modal.shown
    assert noor.tap("Change this", noor.modal).ok
    fill(stage, noor, {"what": "Number 0, twice"})
    assert commitments(stage)[0].what == "Number 0, twice"
