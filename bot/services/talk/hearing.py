"""What comes in: each event is taken in once, and whatever follows is stored in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from bot.dialogue.events import Deleted, Edited, Said
from bot.services import overhearing
from bot.services.house import House
from bot.services.leaving import apart
from bot.services.roster.school import day_in
from bot.services.speech import Kind, Saying, Voice
from bot.services.talk import answers, greeting, recurring, uploads
from bot.services.talk.scene import Scene, scene_by_id, scene_in_thread, scene_of
from bot.services.talk.turn import Turn
from bot.services.talk.uploads import NotTaken, Reason
from bot.store.models import SeenEvent
from bot.store.session import AnyRow
from bot.taps import Ref
from scheduler.deliveries import Instant
from scheduler.outbox import Delivery, Draft
from scheduler.prepared import Prepared

SEEN_KEPT = timedelta(days=30)
"""The ids of events are kept so long; Slack repeats an event for hours at most."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something a person did in Slack, as the listener read it. `ids`: everything it may be repeated under.

    `thread`: the ts of the message it stands under, "" where it stands under none. `not_taken`: files and links that
    came with it and are not taken.
    """

    workspace: str
    ids: tuple[str, ...]
    slack_id: str
    channel: str
    event: Said | Edited | Deleted
    thread: str = ""
    not_taken: tuple[NotTaken, ...] = ()


def hear(house: House, incoming: Incoming) -> list[Delivery]:
    """Take in a message, an edit or a deletion. Back come the replies, stored and claimed, to be sent at once."""
    with house.store.write() as connection:
        if not first_time(connection, incoming.workspace, incoming.ids, house.clock()):
            return []
        scene = _scene_for(connection, incoming)
        now = house.clock()  # with the conversation locked: what is said goes out in this order
        if scene is None:
            return _answer_without_conversation(house, connection, incoming, now)
        incoming = _with_room(connection, scene, incoming)
        said = [] if _nothing_left(house, incoming) else take_in(
            house, connection, scene, incoming.channel, incoming.ids[0], incoming.event, now
        )  # fmt: skip
        return said + _tell_of_works(house, connection, scene, incoming, now) if incoming.not_taken else said


def _with_room(connection: Connection, scene: Scene, incoming: Incoming) -> Incoming:
    """Without the works that are more than a conference has room for."""
    event = incoming.event
    if not isinstance(event, Said) or not event.works:
        return incoming
    room = max(uploads.MOST_OF_A_CONFERENCE - answers.works_shown(connection, scene), 0)
    over = tuple(NotTaken(work.title, Reason.COUNT) for work in event.works[room:])
    if not over:
        return incoming
    return replace(incoming, event=replace(event, works=event.works[:room]), not_taken=incoming.not_taken + over)


def _nothing_left(house: House, incoming: Incoming) -> bool:
    """Whether a message was nothing but works that are not taken, and their titles no alarm."""
    event = incoming.event
    if not incoming.not_taken or not isinstance(event, Said) or event.text.strip() or event.works:
        return False
    return house.words.safety.screen(event.more) is None


def _tell_of_works(
    house: House, connection: Connection, scene: Scene, incoming: Incoming, now: datetime
) -> list[Delivery]:
    items = [{"title": one.title or "?", "reason": one.reason.value} for one in incoming.not_taken]
    voice = scene.voice(incoming.channel, f"works:{incoming.ids[0]}", now)
    told = voice.say(Saying("work_not_taken", {"items": items, "kept": not _nothing_left(house, incoming)}))
    return house.outbox.put(connection, [told], now, claim=True)


def _scene_for(connection: Connection, incoming: Incoming) -> Scene | None:
    """Whose words these are: one's own, or those of a student beside whom one sits in this thread."""
    own = scene_of(connection, incoming.workspace, incoming.slack_id)
    if own is not None or not incoming.thread:
        return own
    return scene_in_thread(connection, incoming.workspace, incoming.slack_id, incoming.channel, incoming.thread)


def take_in(
    house: House,
    connection: Connection,
    scene: Scene,
    channel: str,
    key: str,
    event: Said | Edited | Deleted,
    now: datetime,
) -> list[Delivery]:
    """A turn of a conversation; or a new hello, where it is about a conference that is over."""
    from bot.services.script import practising

    due = not recurring.running(scene, now) and outdated(connection, scene, now)
    if due and not _must_be_read(house, scene, event):
        return greet_anew(house, connection, scene, channel, f"turn:{key}", now)
    if isinstance(event, Said) and not _must_be_read(house, scene, event):
        at_cards = practising.typed(house, connection, scene, channel, key, event, now)
        if at_cards is not None:
            return at_cards
    return Turn(house, connection, scene, channel, key, now).hear(event)


def tap(house: House, workspace: str, event_id: str, slack_id: str, channel: str, ref: Ref,
        choices: tuple[str, ...], ts: str, thread: str = "") -> list[Delivery]:  # fmt: skip
    """A button of a conversation. One of somebody else's conversation changes nothing and says nothing."""
    with house.store.write() as connection:
        if not first_time(connection, workspace, (event_id,), house.clock()):
            return []
        if ref.conversation == 0:
            return greeting.first_hello(house, connection, workspace, slack_id, channel, f"turn:{event_id}")
        scene = scene_at(connection, workspace, slack_id, channel, thread, ref)
        if scene is None:
            return []
        now = house.clock()
        if outdated(connection, scene, now) and not _of_the_quarter(scene, ref, now):
            said = greet_anew(house, connection, scene, channel, f"turn:{event_id}", now)
            again = scene_at(connection, workspace, slack_id, channel, thread, ref) if recurring.opens(ref) else None
            if again is None:
                return said
            return [*said, *Turn(house, connection, again, channel, f"{event_id}:opened", now).tap(ref, choices, ts)]
        turn = Turn(house, connection, scene, channel, event_id, now)
        return turn.tap(ref, choices, ts)


def _of_the_quarter(scene: Scene, ref: Ref, now: datetime) -> bool:
    """Whether a tap is about a flow of the quarter, which needs no coming conference; whoever has none at all yet is
    greeted first."""
    if recurring.opens(ref):
        return bool(scene.conference)
    return recurring.running(scene, now) and ref.flow == scene.flow


def scene_at(
    connection: Connection, workspace: str, slack_id: str, channel: str, thread: str, ref: Ref
) -> Scene | None:
    """The conversation a button was made for, if it is the tapper's own or that of a student they sit beside there."""
    scene = scene_by_id(connection, workspace, ref.conversation)
    return scene.as_found_by(slack_id, channel, thread) if scene is not None else None


def outdated(connection: Connection, scene: Scene, now: datetime) -> bool:
    """Whether the conversation is about another conference than the student's next one, or none while there is one."""
    if scene.day is not None and scene.day >= day_in(scene.time_zone, now):
        return False
    coming = greeting.current_conference(connection, scene.workspace, scene.person, now)
    return (coming.id if coming is not None else 0) != scene.conference


def forget_seen(house: House) -> int:
    """Let go of the ids of events that Slack has long ceased to repeat; returns how many."""
    with house.store.write() as connection:
        old = delete(SeenEvent).where(SeenEvent.at < house.clock() - SEEN_KEPT)
        return connection.execute(old.execution_options(every_workspace=True)).rowcount


def greet_anew(
    house: House, connection: Connection, scene: Scene, channel: str, key: str, now: datetime
) -> list[Delivery]:
    """Turn the conversation to the student's next conference, with a hello."""
    person = greeting.person_known_as(connection, scene.workspace, scene.person)
    hello = greeting.hello(house, connection, scene.voice(channel, key, now), person, now)
    return house.outbox.put(connection, hello, now, claim=True)


def _must_be_read(house: House, scene: Scene, event: Said | Edited | Deleted) -> bool:
    """Words a person must read come before any greeting, and so does what is said while one is awaited."""
    if isinstance(event, Deleted):
        return False
    return scene.status == "held" or house.words.safety.screen(event.written) is not None


def first_time(connection: Connection, workspace: str, ids: Sequence[str], now: datetime) -> bool:
    """Note the ids an event bears; False if any of them was seen before."""
    named = {f"id_{number}": name for number, name in enumerate(ids)}
    return _seen(len(ids)).run(connection, {"workspace": workspace, "at": now, **named}) == len(ids)


@lru_cache(maxsize=8)
def _seen(count: int) -> Prepared:
    """Notes so many ids, those of them that are not there yet."""
    same = {"workspace": bindparam("workspace"), "at": bindparam("at", type_=Instant)}
    rows = [{**same, "id": bindparam(f"id_{number}")} for number in range(count)]
    return Prepared(
        {
            "postgresql": postgresql.insert(SeenEvent).values(rows).on_conflict_do_nothing(),
            "sqlite": sqlite.insert(SeenEvent).values(rows).on_conflict_do_nothing(),
        }
    )


def _answer_without_conversation(
    house: House, connection: Connection, incoming: Incoming, now: datetime
) -> list[Delivery]:
    """Someone wrote who has no conversation yet: a student is greeted, an adult is told what this is, anyone else is
    looked up in Slack first."""
    person = greeting.person_in_slack(connection, incoming.workspace, incoming.slack_id)
    if person is None and (outside := apart.of(connection, incoming.workspace, incoming.slack_id)) is not None:
        return house.outbox.put(connection, _apart(house, connection, outside, incoming, now), now, claim=True)
    said = _as_said(house, incoming.event)
    if said is None:
        return []
    if person is None:
        return house.outbox.put(connection, [_meet(incoming, said, now)], now, claim=True)
    voice = greeting.voice_for(person, incoming.channel, f"turn:{incoming.ids[0]}", now)
    if person.role == "student":
        return first_turn(house, connection, voice, person, said, now)
    help_now, alerts = overhearing.heard(house, connection, person, said.written, incoming.ids[0], now)
    answer = voice.say(Saying("adult_dm", {"name": person.name, **help_now}))
    return house.outbox.put(connection, [answer, *alerts], now, claim=True)


def _as_said(house: House, event: Said | Edited | Deleted) -> Said | None:
    """What is to be answered of somebody of whom no words are kept: a message; an edit only where a person must read
    it. None else."""
    if isinstance(event, Edited) and house.words.safety.screen(event.written) is not None:
        return Said(event.revised, event.text, None, more=event.more)
    return event if isinstance(event, Said) else None


def _apart(house: House, connection: Connection, person: AnyRow, incoming: Incoming, now: datetime) -> list[Draft]:
    """A student who takes no part is answered; an edit only where a person must read it."""
    text = getattr(incoming.event, "written", "")
    if not isinstance(incoming.event, Said) and not (text and house.words.safety.screen(text)):
        return []
    return apart.answer(house, connection, person, text, incoming.channel, incoming.ids[0], now)


def first_turn(
    house: House, connection: Connection, voice: Voice, person: Any, said: Said, now: datetime
) -> list[Delivery]:
    """The hello, and if a person must read what was said with it, that too. A first "hi" answers no question.

    Where another message of theirs was first after all, this one is a turn like any other.
    """
    greeting.lock(connection, person.workspace, person.id)
    met = scene_of(connection, voice.workspace, person.slack_id)
    if met is not None:
        return take_in(house, connection, met, voice.channel or "", voice.key, said, now)
    put = house.outbox.put(connection, greeting.hello(house, connection, voice, person, now), now, claim=True)
    conversation = greeting.conversation_of(connection, person.workspace, person.id)
    if conversation is not None and house.words.safety.screen(said.written):
        scene = scene_by_id(connection, voice.workspace, conversation)
        if scene is not None:
            put += Turn(house, connection, scene, voice.channel or "", f"{voice.key}:first", now).hear(said)
    return put


def _meet(incoming: Incoming, said: Said, now: datetime) -> Draft:
    """Look someone up who is not matched to the roster yet; what they said goes with it and is heard then."""
    payload = {
        "slack_id": incoming.slack_id,
        "channel": incoming.channel,
        "ids": list(incoming.ids),
        "ts": said.ts,
        "text": said.text,
        "more": said.more,
    }
    return Draft(
        workspace=incoming.workspace,
        kind=Kind.MEET,
        recipient=incoming.slack_id,
        subject=f"slack:{incoming.slack_id}",
        payload=payload,
        dedupe_key=f"meet:{incoming.ids[0]}",
        due_at=now,
    )
