"""The student's look at their own agenda: line by line, with who will see it, until they say "that's my agenda"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.conference import agenda as compiling
from bot.conference import review as reviewing
from bot.conference.agenda import Meeting
from bot.conference.answers import Spot as Place
from bot.conference.approval import approval_items, needs_approval
from bot.dialogue.flow import Flow, Visibility
from bot.dialogue.state import Spot
from bot.services.adults import given
from bot.services.agenda.materials import Material, materials
from bot.services.audit import trail
from bot.services.channels import channel, opening, standing
from bot.services.house import House
from bot.services.script import runs
from bot.services.speech import Button, Saying
from bot.services.talk.scene import Scene
from bot.store.models import Approval, Conference, Item
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS
from scheduler import sealed
from scheduler.outbox import Draft
from scheduler.prepared import Prepared

__all__ = [
    "Material", "approve", "carried", "changed", "flows_of", "latest_number", "material", "preview", "section_again",
    "sections", "set_item",
]  # fmt: skip


def material(connection: Connection, workspace: str, conference: int) -> Material:
    """Read one conference: its facts, its answers as they stand, what was decided on them, who will be there."""
    return materials(connection, workspace, [conference])[conference]


def flows_of(house: House, language: str, level: str = "full") -> dict[str, Flow]:
    """The flows of a level, in their order, in a language."""
    return {name: house.words.flow(language, name) for name in LEVELS[level]}


def sections(house: House, connection: Connection, scene: Scene) -> list[Saying]:
    """The review: a message for each part, under each line who sees it and a way to change it, and the close."""
    read = material(connection, scene.workspace, scene.conference)
    parts = reviewing.review(
        read.given, read.settings, flows_of(house, scene.language, scene.level), read.meeting.minutes
    )
    label = _labels(house, scene.language)
    said = [
        Saying("review_section", reviewing.review_context(part, read.audience, label), _item_controls(scene, part))
        for part in parts
    ]
    said += given.messages(house, connection, scene.workspace, scene.conference, scene.language)
    return [*said, Saying("review_end", reviewing.review_end_context(parts, read.audience, scene.student))]


def section_again(house: House, connection: Connection, scene: Scene, place: Place) -> Saying | None:
    """The message of the review that a line stands in, as it is now."""
    read = material(connection, scene.workspace, scene.conference)
    parts = reviewing.review(
        read.given, read.settings, flows_of(house, scene.language, scene.level), read.meeting.minutes
    )
    part = next((part for part in parts if any(line.spot == place for line in part.lines)), None)
    if part is None:
        return None
    context = reviewing.review_context(part, read.audience, _labels(house, scene.language))
    return Saying("review_section", context, _item_controls(scene, part))


def _item_controls(scene: Scene, part: reviewing.Review) -> dict[str, list[list[Any]]]:
    return {f"item-{line.n}": [_line_controls(scene, line)] for line in part.lines}


def _line_controls(scene: Scene, line: reviewing.ReviewLine) -> list[Any]:
    """Who sees it, and other words for it; of what is held back only these."""
    value = Ref(scene.conversation, line.spot.flow, line.spot.round, line.spot.question).text()
    if line.held:
        return [Button(Tap.CHANGE, "change", value)]
    options = [[one.value, f"visible.{one.value}"] for one in reversed(Visibility)]
    return [
        {"select": Tap.VISIBLE, "value": value, "options": options, "chosen": line.visible.value},
        Button(Tap.CHANGE, "change", value),
    ]


def preview(house: House, connection: Connection, scene: Scene) -> list[Saying]:
    """The agenda as it would be posted now."""
    read = material(connection, scene.workspace, scene.conference)
    compiled = compiling.compile_agenda(
        read.given,
        read.settings,
        flows_of(house, scene.language, scene.level),
        read.meeting.minutes,
        _opening(scene),
        added=given.added_of(connection, scene.workspace, [scene.conference])[scene.conference],
    )
    context = {
        **compiling.agenda_context(compiled, read.meeting, _labels(house, scene.language)),
        "who": list(read.audience.conference),
        "approved": latest_number(connection, scene.workspace, scene.conference) is not None,
    }
    return [Saying("preview", context)]


def approve(house: House, connection: Connection, scene: Scene, now: datetime) -> tuple[Saying, list[Draft]]:
    """The student approves: exactly these revisions, in this order. Back come the thanks and the way to the channel.

    An agenda whose time has not come yet stays here until then, or until the student has it posted before.
    """
    standing.lock(connection, scene.workspace, scene.conference)
    read = material(connection, scene.workspace, scene.conference)
    opening = _opening(scene)
    compiled = compiling.compile_agenda(
        read.given, read.settings, flows_of(house, scene.language, scene.level), read.meeting.minutes, opening
    )
    number = 1 + (latest_number(connection, scene.workspace, scene.conference) or 0)
    connection.execute(
        insert(Approval).values(
            workspace=scene.workspace,
            conference_id=scene.conference,
            number=number,
            items=approval_items(compiled),
            opening=opening,
            at=now,
        )
    )
    who = trail.whoever(connection, scene.workspace, scene.slack_id)
    trail.note_conference(
        connection, scene.workspace, now, who, trail.Act.CHANGED, "approval", scene.conference, f"{number}"
    )  # fmt: skip
    locked = house.clock()  # its time may have come while this waited for the lock
    steps = channel.publish(connection, scene.workspace, scene.conference, f"approval:{number}", now, locked)
    return _thanks(connection, scene, read.meeting, locked), steps


def _thanks(connection: Connection, scene: Scene, meeting: Meeting, now: datetime) -> Saying:
    goes_up = standing.goes_up(connection, scene.workspace, scene.conference, scene.time_zone, now)
    context = {
        "student": scene.student,
        "date": meeting.date,
        "time": meeting.time,
        "posted": standing.of(connection, scene.workspace, scene.conference).agenda,
        "goes_up": goes_up,
    }
    buttons = opening.post_now_button(scene.conversation, scene.conference) if goes_up else [[]]
    return Saying("approved", context, {"actions": [[runs.button(scene.conversation), *buttons[0]]]})


def changed(house: House, connection: Connection, scene: Scene) -> bool:
    """Whether the answers say anything now that the student has not approved."""
    approval = channel.latest_approval(connection, scene.workspace, scene.conference)
    if approval is None:
        return False
    read = material(connection, scene.workspace, scene.conference)
    flows = flows_of(house, scene.language, scene.level)
    return needs_approval(
        approval.items, approval.opening, read.revisions, read.settings, flows, read.meeting.minutes, approval.opening
    )


def latest_number(connection: Connection, workspace: str, conference: int) -> int | None:
    """How often the agenda was approved."""
    return connection.scalar(
        select(Approval.number)
        .where(Approval.workspace == workspace, Approval.conference_id == conference)
        .order_by(Approval.number.desc())
        .limit(1)
    )


def set_item(
    connection: Connection, workspace: str, conference: int, flow: str, spot: Spot, values: Mapping[Any, Any]
) -> None:
    """Keep a decision about one answer."""
    fields = {getattr(column, "key", column): value for column, value in values.items()}
    where = (
        Item.workspace == workspace,
        Item.conference_id == conference,
        Item.flow == flow,
        Item.question == spot.question,
        Item.round == spot.round,
    )
    place = {"conference_id": conference, "flow": flow, "question": spot.question, "round": spot.round}
    fields = sealed.row(Item, fields, place)
    if connection.execute(update(Item).where(*where).values(**fields)).rowcount == 0:
        connection.execute(insert(Item).values(**{"workspace": workspace, **place, **fields}))


_BEFORE = Prepared(
    select(Conference.id)
    .where(
        Conference.workspace == bindparam("workspace"),
        Conference.student_id == bindparam("student"),
        Conference.date < bindparam("day"),
    )
    .order_by(Conference.date.desc())
    .limit(1)
)


def carried(connection: Connection, scene: Scene, flow: str) -> dict[str, str]:
    """The answers of the same flow at the student's conference before this one, by spot."""
    values = {"workspace": scene.workspace, "student": scene.person, "day": scene.day}
    before = _BEFORE.first(connection, values)
    if before is None:
        return {}
    given = material(connection, scene.workspace, before.id).given
    return {Spot(place.question, place.round).key(): one.text for place, one in given.items() if place.flow == flow}


def _opening(scene: Scene) -> str:
    reply = scene.state.replies.get(Spot("order").key()) if scene.flow == APPROVE else None
    return reply.choices[0] if reply is not None and reply.choices else ""


def _labels(house: House, language: str) -> compiling.Label:
    return lambda key: house.words.catalog.label(language, key)
