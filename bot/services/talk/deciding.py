"""What a student decides about a line of their agenda: who sees it, or that it is to be said differently; and what
becomes of what an adult gave."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.conference import access
from bot.conference.answers import Spot as Place
from bot.dialogue.flow import Visibility
from bot.dialogue.state import Spot
from bot.services.adults import given
from bot.services.audit import trail
from bot.services.channels import channel
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.services.speech import Kind
from bot.services.talk import greeting, review
from bot.services.talk.hearing import first_time, scene_at
from bot.services.talk.scene import scene_in_thread
from bot.services.talk.turn import Turn
from bot.store.models import Conference, Item, Note, Person
from bot.store.session import AnyRow
from bot.taps import Choice, Ref
from scheduler.outbox import Delivery, Draft


def show_to(
    house: House, workspace: str, key: str, slack_id: str, channel_id: str, ref: Ref, chosen: str, message: str,
    thread: str = "",
) -> list[Delivery]:  # fmt: skip
    """Who sees an answer. Saying less takes effect in the channel at once; saying more waits for the next approval."""
    now = house.clock()
    with house.store.write() as connection:
        scene = scene_at(connection, workspace, slack_id, channel_id, thread, ref)
        if scene is None or not first_time(connection, workspace, (key,), now):
            return []
        spot = Spot(ref.choice, ref.prompt)
        review.set_item(
            connection, workspace, scene.conference, ref.flow, spot, {Item.visible: Visibility(chosen).value}
        )
        who, what = trail.whoever(connection, workspace, slack_id), f"{ref.flow}:{spot.round}:{spot.question}"
        trail.note_conference(
            connection, workspace, now, who, trail.Act.CHANGED, "visibility", scene.conference, what
        )  # fmt: skip
        turn = Turn(house, connection, scene, channel_id, key, now)
        again = review.section_again(house, connection, scene, Place(ref.flow, *spot))
        if again is not None:
            turn.told.anew(again, message)
        return turn.decided()


def change(
    house: House, workspace: str, key: str, slack_id: str, channel_id: str, ref: Ref, thread: str = ""
) -> list[Delivery]:
    """Open the question of a line again; afterwards the review comes back."""
    now = house.clock()
    with house.store.write() as connection:
        scene = scene_at(connection, workspace, slack_id, channel_id, thread, ref)
        if scene is None or not first_time(connection, workspace, (key,), now):
            return []
        turn = Turn(house, connection, scene, channel_id, key, now)
        return turn.change(ref.flow, Spot(ref.choice, ref.prompt))


def choose(
    house: House, workspace: str, key: str, slack_id: str, channel_id: str, value: str, message: str, thread: str = ""
) -> list[Delivery]:
    """What becomes of something an adult gave. `value`: the note, the Choice, and all notes in that `message`, which
    says anew what was chosen: "12:keep:11.12". It can be chosen otherwise at any time.

    What is kept goes on the agenda without another approval: the tap under these very words is one. A tap of anybody
    else's changes nothing.
    """
    number, choice, shown = value.split(":")
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        note = _note(connection, workspace, int(number))
        if person is None or note is None or not first_time(connection, workspace, (key,), now):
            return []
        if not _may_decide(connection, person, note, channel_id, thread):
            return []
        mine = Note.workspace == workspace, Note.id == note.id
        connection.execute(update(Note).where(*mine).values(choice=Choice(choice).value))
        who, which = trail.person(person.id), f"note:{note.id}"
        trail.note_conference(
            connection, workspace, now, who, trail.Act.CHANGED, "choice", note.conference_id, which
        )  # fmt: skip
        beside = person.id != note.student_id and not thread
        language = note.language if thread else person.language
        again = given.message(
            house, connection, workspace, note.conference_id, [int(one) for one in shown.split(".")], language,
            beside=beside,
        )  # fmt: skip
        voice = greeting.voice_for(person, channel_id, f"chosen:{key}", now)
        payload = {**again.payload(language), "ts": message}
        drafts = [voice.draft(Kind.UPDATE, payload)] if channel_id else []
        if Choice.KEEP in (note.choice, choice) and note.choice != choice:
            drafts += _agenda_again(connection, note, key, now)
        return house.outbox.put(connection, drafts, now, claim=True)


def _note(connection: Connection, workspace: str, number: int) -> AnyRow | None:
    """What an adult gave, with its student; None where it was flagged, or the conference does not take place."""
    return connection.execute(
        select(Note.id, Note.conference_id, Note.choice, Note.workspace, Conference.student_id, Person.slack_id,
               Person.language)
        .join(Conference, Conference.id == Note.conference_id)
        .join(Person, Person.id == Conference.student_id)
        .where(
            Note.workspace == workspace, Note.id == number, Note.alarm == "", Note.kind.in_(given.KINDS),
            Conference.cancelled.is_(False),
        )
    ).one_or_none()  # fmt: skip


def _may_decide(connection: Connection, person: AnyRow, note: AnyRow, channel_id: str, thread: str) -> bool:
    """The student; or their advisor, where they sit beside them: in a thread, or anywhere with a student who has no
    account."""
    who = actor(connection, person)
    if access.may(who, access.Action.DECIDE, access.Thing(access.Kind.NOTE, note.student_id)):
        return True
    if not access.may(who, access.Action.JOIN, access.Thing(access.Kind.CONVERSATION, note.student_id)):
        return False
    scene = scene_in_thread(connection, note.workspace, person.slack_id, channel_id, thread) if thread else None
    return not note.slack_id or (scene is not None and scene.person == note.student_id)


def _agenda_again(connection: Connection, note: AnyRow, key: str, now: datetime) -> list[Draft]:
    """The agenda in the channel changes with it, if there is one."""
    if channel.latest_approval(connection, note.workspace, note.conference_id) is None:
        return []
    return channel.again(connection, note.workspace, note.conference_id, f"chosen:{key}", now)
