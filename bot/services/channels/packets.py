"""When a packet is made: it stands under the agenda in the channel, and comes to whoever may have it and asks."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, select

from bot.conference import access
from bot.conference.access import Role
from bot.packet.model import Packet, Paper
from bot.packet.paper import paper_of
from bot.services import notes
from bot.services.agenda.binder import binder, button
from bot.services.audit import trail
from bot.services.channels import channel, filing
from bot.services.family import households
from bot.services.family.handing import at_work
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.services.speech import Saying
from bot.services.talk import greeting, hearing
from bot.store.models import Conference, Guardian, Person, School
from bot.store.session import AnyRow
from scheduler.outbox import Delivery, Draft

PACKET = "packet"
"""The file in a conference's channel; it is remembered by what it says."""

FOR_ONE = "packet_for"
"""The one that somebody asked for."""

_ENDS = 20
"""Hexadecimal digits by which a packet, or the tap that asked for one, is told from others."""


def steps(
    house: House, connection: Connection, workspace: str, conference: int, key: str, now: datetime, *,
    less: bool = False,
) -> list[Draft]:  # fmt: skip
    """What is to be done so that the packet of the agenda as it is now is in the channel, and no other: what was taken
    back leaves first. `less`: only that, while somebody is there before whom nothing new is put."""
    wanted = _wanted(house, connection, workspace, conference)
    there = filing.kept(connection, workspace, conference, PACKET)
    drafts = [filing.remove(workspace, conference, old, key, now) for old in there if old != wanted]
    if there.get(wanted, ("", None))[1] is None and not less:
        drafts.append(filing.put(workspace, conference, wanted, key, now))
    return drafts


def channel_packet(house: House, connection: Connection, workspace: str, conference: int) -> Packet:
    """The packet as the channel has it: in the language of the agenda there."""
    language = connection.scalar(
        select(Person.language)
        .join(Conference, Conference.student_id == Person.id)
        .where(Conference.workspace == workspace, Conference.id == conference)
    )
    return binder(house, connection, workspace, conference, language=language or "")


def asked(house: House, workspace: str, slack_id: str, value: str, key: str) -> list[Delivery]:
    """Somebody taps for a packet ("<conference>[:<household>]"): it comes to their DM. Nothing for whoever may not have
    it. A family gets that of their own home."""
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        number, _, name = value.partition(":")
        held = notes.conference_of(connection, workspace, int(number))
        if person is None or held is None or not _may_have(connection, person, held):
            return []
        if not hearing.first_time(connection, workspace, (key,), now):
            return []
        more = {"household": _home(connection, person, held, name), "language": _language(person)}
        who = trail.person(person.id)
        trail.note_conference(connection, workspace, now, who, trail.Act.EXPORTED, PACKET, held.id)
        keep = f"{FOR_ONE}:{hashlib.sha256(key.encode()).hexdigest()[:_ENDS]}"
        draft = filing.put(workspace, held.id, keep, key, now, slack_id, more)
        return house.outbox.put(connection, [draft], now, claim=True)


def newer_stands(connection: Connection, delivery: Delivery) -> bool:
    """Whether another packet came into the channel while this one was to be put again."""
    there = filing.kept(connection, delivery.workspace, delivery.payload["conference"], PACKET)
    others = [link for keep, (_, link) in there.items() if keep != delivery.payload["keep"]]
    return filing.tries(delivery) > 0 and any(link is not None for link in others)


def lost(connection: Connection, delivery: Delivery, now: datetime, *, last: bool) -> list[Draft]:
    """A packet could not be put into Slack. Whoever tapped for it hears at once that it comes later, and at last that
    it does not come, with what can be done; of the channel's, the advisor at last."""
    number, keep = delivery.payload["conference"], delivery.payload["keep"]
    again, about = filing.tries(delivery), channel.meeting(connection, delivery.workspace, number)
    if about is None or (not last and again > 0):
        return []
    home = delivery.payload.get("household") or ""
    key, slots = f"packetlost:{number}:{keep}:{last:d}", {"actions": [[button(number, home)]] if last else []}
    if delivery.payload["file"] == PACKET:
        saying = Saying("packet_lost", _loss(connection, about, "advisor", home, "channel"), slots)
        return channel.tell_advisor(about, saying, key, at_work(connection, about, now)) if last else []
    person = greeting.person_in_slack(connection, delivery.workspace, delivery.recipient)
    if person is None:
        return []
    context = _loss(connection, about, person.role, home, "last" if last else "later")
    return [greeting.voice_for(person, None, key, now).say(Saying("packet_lost", context, slots))]


def _loss(connection: Connection, about: channel.Meeting, role: str, home: str, what: str) -> dict[str, str]:
    """`what` is lost: the channel's, one somebody asked for, or that only for now."""
    who = select(Person.key).where(Person.workspace == about.workspace, Person.id == about.student_id)
    student = connection.scalar(who) or ""
    chosen = f" --household {shlex.quote(home)}" if home else ""
    return {
        "student": channel.student_name(about),
        "what": what,
        "role": role,
        "advisor": about.advisor.name if about.advisor is not None else "",
        "command": f"conference-coach packet {shlex.quote(student)}{chosen}",
    }


def homes(connection: Connection, workspace: str, student: int) -> list[str | None]:
    """For whom a student's packets are: the name of each home, or None where there is none."""
    return [home.name for home in households.of(connection, workspace, student)] or [None]


def school_paper(connection: Connection, workspace: str) -> Paper:
    """What the school prints on."""
    return paper_of(connection.scalar(select(School.time_zone).where(School.workspace == workspace)) or "")


def _may_have(connection: Connection, person: AnyRow, held: AnyRow) -> bool:
    thing = access.Thing(access.Kind.PACKET, held.student_id)
    return access.may(actor(connection, person), access.Action.SEE, thing)


def _home(connection: Connection, person: AnyRow, held: AnyRow, name: str) -> str | None:
    """The home a packet is for: a family's own, the one that was asked for, or the only one there is."""
    if person.role == Role.FAMILY:
        return connection.scalar(
            select(Guardian.household).where(
                Guardian.workspace == held.workspace, Guardian.adult_id == person.id,
                Guardian.student_id == held.student_id,
            )
        )  # fmt: skip
    known = homes(connection, held.workspace, held.student_id)
    if name in known:
        return name
    return known[0] if len(known) == 1 and person.role != Role.STUDENT else None


def _language(person: AnyRow) -> str:
    """A family's and a student's own; "" for whoever hands it on: then it is the home's."""
    return str(person.language) if person.role in (Role.FAMILY, Role.STUDENT) else ""


def _wanted(house: House, connection: Connection, workspace: str, conference: int) -> str:
    """The name of the packet as it would be now: another where anything in it is."""
    text = json.dumps(asdict(channel_packet(house, connection, workspace, conference)), sort_keys=True)
    return f"{PACKET}:{hashlib.sha256(text.encode()).hexdigest()[:_ENDS]}"
