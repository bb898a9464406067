"""The packet under the agenda, and for those who ask for it: only what was approved, one file, to whom it may go."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.practice import Fault
from bot.practice.message import Message
from bot.practice.people import Person as Player
from bot.practice.stage import Stage
from bot.practice.wire import Reply
from bot.services.advising.looking import look
from bot.services.agenda import binder
from bot.services.speech import Saying
from bot.services.talk import greeting
from bot.store.models import Conference, Guardian, Person
from tests.packet.bound import opened, text
from tests.stages import LETTER, STRENGTHS, Student, conference_channels

EVIDENCE = "the timeline on the football field, I measured it"


def photo() -> bytes:
    """A picture that can be printed."""
    out = BytesIO()
    Image.new("RGB", (300, 200), "green").save(out, "PNG")
    return out.getvalue()


def packets(stage: Stage, messages: Sequence[Message]) -> list[bytes]:
    """The packets in some messages."""
    files = [file for message in messages for file in message.files if file["name"].startswith("packet-")]
    return [stage.workspace.files.get(file["id"]).content for file in files]  # type: ignore[union-attr]


def in_channel(stage: Stage) -> list[bytes]:
    """Those in Noor's conference's channel."""
    (channel,) = conference_channels(stage)
    return packets(stage, [*channel.messages.values()])


def person_id(stage: Stage, key: str) -> int:
    """Somebody's row."""
    with stage.bot.house.store.read() as connection:
        return connection.scalars(select(Person.id).where(Person.key == key)).one()


def conference_of(stage: Stage) -> int:
    """Noor's conference."""
    noor = person_id(stage, "noor")
    with stage.bot.house.store.read() as connection:
        return connection.scalars(select(Conference.id).where(Conference.student_id == noor)).one()


def asked_by(stage: Stage, who: str, household: str = "") -> list[bytes]:
    """What somebody has in their DM after tapping the button, which a message of the bot's shows them."""
    house, person, now = stage.bot.house, stage.people[who], stage.clock()
    context = {"student": "Noor", "advisor": "", "counselor": ""}
    saying = Saying("what_is_this", context, {"actions": [[binder.button(conference_of(stage), household)]]})
    with house.store.write() as connection:
        row = greeting.person_in_slack(connection, stage.bot.workspace, person.id)
        said = greeting.voice_for(row, None, f"offer:{who}:{household}:{now}", now).say(saying)
        house.outbox.put(connection, [said], now)
    stage.run()
    assert person.tap(f"PDF: {household}" if household else "Packet to print").ok
    stage.workspace.events.settle()
    stage.wait(seconds=1)
    return packets(stage, [message for message in person.sees() if message.app])


def test_the_packet_stands_under_the_agenda_once_though_its_answer_was_lost(noor: Student) -> None:
    stage = noor.stage
    packet_comes = lambda call: "packet" in str(call.get("initial_comment"))  # noqa: E731
    stage.workspace.fault("files.completeUploadExternal", Fault.DROP_AFTER, 1, packet_comes)
    noor.finish()
    stage.wait(seconds=11)
    (packet,) = in_channel(stage)
    shown = text(packet)
    for words in (*LETTER.values(), STRENGTHS["best_at"], "Thursday 10 December", "What are you proud of?"):
        assert words in shown
    (channel,) = conference_channels(stage)
    (message,) = [one for one in channel.messages.values() if "packet-noor.pdf" in str(one.files)]
    assert message.thread_ts in channel.pins
    assert message.text == "Noor's packet, to read or to print.\nLa carpeta de Noor, para leer o imprimir."


def test_what_is_taken_back_leaves_with_the_old_packet(noor: Student) -> None:
    noor.finish()
    before = noor.stage.workspace.files.all()
    noor.select("Me and my advisor", noor.lines(LETTER["helps"]), index=3)
    (packet,) = in_channel(noor.stage)
    assert LETTER["helps"] not in text(packet)
    assert LETTER["learner"] in text(packet)
    old = next(file for file in before if file.name == "packet-noor.pdf")
    assert noor.stage.workspace.files.get(old.id) is None

    now = noor.stage.workspace.files.all()
    noor.review_again()
    noor.approve()  # nothing changed: nothing is put again
    assert noor.stage.workspace.files.all() == now


def test_a_stranger_in_the_channel_keeps_the_packet_away(noor: Student) -> None:
    noor.finish()
    stage = noor.stage
    (channel,) = conference_channels(stage)
    stage.workspace.join(channel, stage.people["varga"].id)
    noor.delete(noor.said["learner"])
    assert in_channel(stage) == []  # what was taken back is gone at once, and nothing new is put before a stranger
    stage.people["varga"].leave(channel.name)
    stage.run()
    (packet,) = in_channel(stage)
    assert LETTER["learner"] not in text(packet)
    assert LETTER["learning"] in text(packet)


def test_pictures_are_in_it_as_slack_has_them(noor: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.stages.PHOTO", photo())
    noor.finish(evidence=EVIDENCE)
    (packet,) = in_channel(noor.stage)
    with opened(packet) as document:
        images = [one for page in document for one in page.get_objects() if one.type == 3]
    assert len(images) == 1
    assert "Ask me to show it." not in text(packet)


def test_before_the_approval_the_advisor_gets_the_frame_and_the_family_that_of_their_own_home(noor: Student) -> None:
    stage = noor.stage
    noor.answer()
    with stage.bot.house.store.write() as connection:
        for key, home in (("amal", "Elm Street"), ("yusuf", "Harbor Road")):
            who = Guardian.adult_id == person_id(stage, key)
            connection.execute(update(Guardian).where(who).values(household=home))
    (frame,) = asked_by(stage, "okafor", "Elm Street")
    assert "Amal Haddad" in text(frame)
    for words in ("Yusuf", LETTER["learner"], STRENGTHS["best_at"]):
        assert words not in text(frame)

    noor.approve()
    (theirs,) = asked_by(stage, "yusuf", "Elm Street")  # whatever the button says
    assert "Yusuf Haddad" in text(theirs)
    assert "Amal" not in text(theirs)
    assert LETTER["learner"] in text(theirs)
    (channels,) = in_channel(stage)
    assert "Haddad" not in text(channels)  # neither home is named to the other
    assert asked_by(stage, "reyes") == []
    assert asked_by(stage, "varga") == []


def test_a_packet_slack_does_not_take_is_put_again_for_an_hour_and_at_last_somebody_hears_of_it(
    noor: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, okafor = noor.stage, noor.stage.people["okafor"]

    def said(who: Player) -> list[str]:
        return [message.text for message in who.sees() if message.app and "packet" in message.text]

    monkeypatch.setattr(stage.workspace.files, "receive", lambda _request: Reply(500, b"down"))
    noor.finish()
    assert in_channel(stage) == []
    assert asked_by(stage, "okafor") == []
    for _ in range(3):
        stage.wait(seconds=25)
    assert "I keep trying for an hour. It comes here by itself." in said(okafor)[-1]
    for _ in range(3):
        stage.wait(minutes=3)
    monkeypatch.undo()
    for _ in range(6):
        stage.wait(minutes=10)
    (there,) = in_channel(stage)
    assert LETTER["learning"] in text(there)
    assert len(packets(stage, okafor.sees())) == 1

    for_good = Fault.refused("not_allowed_token_type")
    stage.workspace.fault("files.completeUploadExternal", for_good, None, lambda call: "packet" in str(call))
    asked_by(stage, "yusuf")
    asked_by(stage, "okafor")
    stage.wait(seconds=2)
    assert "Ask Ms. Okafor for it on paper." in said(stage.people["yusuf"])[-1]
    assert "conference-coach packet noor" in said(okafor)[-1]
    noor.delete(noor.said["learner"])
    stage.wait(days=1)
    assert any("under the agenda: Slack doesn't take the file." in words for words in said(okafor))


def test_an_advisor_finds_the_button_where_they_look_at_a_student(noor: Student) -> None:
    noor.answer()
    stage = noor.stage
    found = look(stage.bot.house, stage.bot.workspace, stage.people["okafor"].id, str(person_id(stage, "noor")))
    assert found is not None
    shown = [one for rows in found.saying.buttons.values() for row in rows for one in row]
    assert binder.button(conference_of(stage)) in shown
