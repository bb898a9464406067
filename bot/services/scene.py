"""Who is speaking, and where their conversation stands: one query, with the conversation locked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, insert, select, update
from sqlalchemy.orm import aliased

from bot.dialogue.state import State
from bot.errors import TurnLostError
from bot.store.models import Conference, Conversation, FlowState, Person, School
from bot.words import band_of
from scheduler.outbox import State as DeliveryState
from scheduler.outbox import deliveries
from scheduler.prepared import Prepared

SURELY_SEEN = timedelta(seconds=5)
"""A question whose delivery is not settled counts as seen after this: the post may have gone through."""

_Advisor = aliased(Person)
_prompt = deliveries.alias("prompt")


class Scene(NamedTuple):
    """A student's conversation as a turn finds it. `conference` is 0, `day` None where none is booked yet."""

    workspace: str
    conversation: int
    conference: int
    day: date | None
    person: int
    slack_id: str
    name: str
    language: str
    band: str
    advisor: str
    level: str
    time_zone: str
    flow: str
    back_to: str
    came_from: str
    status: str
    version: int
    approved: int
    asked_at: str | None
    prompt: str | None
    state: State

    @property
    def student(self) -> str:
        """The name the student is spoken to with."""
        return first_name(self.name)

    @property
    def about(self) -> Mapping[str, str]:
        """What the wording of a question may need."""
        return {"band": self.band, "student": self.student, "advisor": self.advisor, "level": self.level}


def first_name(name: str) -> str:
    """The first word of a name; the whole of it where it begins with a title ("Ms. Okafor")."""
    first = name.split(maxsplit=1)[0] if name.strip() else name
    return name if first.endswith(".") else first


def _query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Conversation.id,
            Conversation.conference_id,
            Conversation.flow,
            Conversation.state,
            Conversation.back_to,
            Conversation.came_from,
            Conversation.status,
            Conversation.version,
            Conversation.approved,
            Conversation.prompt_delivery,
            Conference.date.label("day"),
            Person.id.label("person_id"),
            Person.slack_id,
            Person.name,
            Person.language,
            Person.grade,
            _Advisor.name.label("advisor"),
            School.grade_band,
            School.level,
            School.time_zone,
            _prompt.c.state.label("prompt_state"),
            _prompt.c.ref_ts,
            _prompt.c.created_at,
        )
        .join_from(Conversation, Person, Person.id == Conversation.person_id)
        .join(School, School.workspace == Conversation.workspace)
        .outerjoin(Conference, Conference.id == Conversation.conference_id)
        .outerjoin(_Advisor, _Advisor.id == Person.advisor_id)
        .outerjoin(_prompt, _prompt.c.id == Conversation.prompt_delivery)
        .with_for_update(of=Conversation)
    )


# First the person, then their conversation: left to choose, both databases go through every conversation of a school,
# PostgreSQL for as long as it has no statistics of its tables.
_person = select(Person.id).where(
    Person.workspace == bindparam("workspace"), Person.slack_id == bindparam("slack_id"), Person.active
)
_BY_SLACK_ID = Prepared(
    _query().where(
        Conversation.workspace == bindparam("workspace"), Conversation.person_id == _person.scalar_subquery()
    )
)
_BY_CONVERSATION = Prepared(
    _query().where(
        Conversation.workspace == bindparam("workspace"), Conversation.id == bindparam("conversation"), Person.active
    )
)


def scene_of(connection: Connection, workspace: str, slack_id: str) -> Scene | None:
    """The conversation of whoever has this Slack id, locked for this transaction; None where there is none."""
    row = _BY_SLACK_ID.first(connection, {"workspace": workspace, "slack_id": slack_id})
    return _scene(workspace, row) if row is not None else None


def scene_by_id(connection: Connection, workspace: str, conversation: int) -> Scene | None:
    """A conversation by its number, inside one workspace."""
    row = _BY_CONVERSATION.first(connection, {"workspace": workspace, "conversation": conversation})
    return _scene(workspace, row) if row is not None else None


def _scene(workspace: str, row: Any) -> Scene:
    return Scene(
        workspace,
        row.id,
        row.conference_id or 0,
        row.day,
        row.person_id,
        row.slack_id or "",
        row.name,
        row.language,
        band_of(row.grade, row.grade_band),
        row.advisor or "",
        row.level,
        row.time_zone,
        row.flow,
        row.back_to,
        row.came_from,
        row.status,
        row.version,
        row.approved,
        _asked_at(row.prompt_state, row.ref_ts, row.created_at),
        row.prompt_delivery,
        State.from_json(row.state) if row.state else State(),
    )


def _asked_at(state: str | None, ref_ts: str | None, created_at: datetime | None) -> str | None:
    """The ts at which the open question was shown, None while it was not."""
    if ref_ts:
        return ref_ts
    if state in (DeliveryState.SENDING, DeliveryState.UNKNOWN) and created_at is not None:
        return f"{(created_at + SURELY_SEEN).timestamp():.6f}"
    return None


_PARKED = Prepared(
    select(FlowState.flow, FlowState.state).where(FlowState.conversation_id == bindparam("conversation"))
)
_PARKED_ONE = Prepared(
    select(FlowState.state).where(
        FlowState.conversation_id == bindparam("conversation"), FlowState.flow == bindparam("name")
    )
)
_OVER = Prepared(select(FlowState.flow, FlowState.done).where(FlowState.conversation_id == bindparam("conversation")))
_UPDATE_PARKED = Prepared(
    update(FlowState)
    .where(FlowState.conversation_id == bindparam("conversation"), FlowState.flow == bindparam("name"))
    .values(state=bindparam("json"), done=bindparam("over"))
)
_PARK = Prepared(
    insert(FlowState).values(
        workspace=bindparam("workspace"),
        conversation_id=bindparam("conversation"),
        flow=bindparam("name"),
        state=bindparam("json"),
        done=bindparam("over"),
    )
)
_SAVE = Prepared(
    update(Conversation)
    .where(Conversation.id == bindparam("conversation"), Conversation.version == bindparam("was"))
    .values(
        flow=bindparam("new_flow"),
        state=bindparam("json"),
        back_to=bindparam("new_back_to"),
        came_from=bindparam("new_came_from"),
        status=bindparam("new_status"),
        approved=bindparam("new_approved"),
        prompt_delivery=bindparam("prompt"),
        version=bindparam("becomes"),
        updated_at=bindparam("now"),
    )
)


def parked(connection: Connection, scene: Scene) -> dict[str, State]:
    """The flows that were begun and are not the open one."""
    rows = _PARKED.all(connection, {"conversation": scene.conversation})
    return {row.flow: State.from_json(row.state) for row in rows if row.flow != scene.flow}


def parked_one(connection: Connection, scene: Scene, flow: str) -> State | None:
    """The state of a flow that is not the open one, None where it was not begun."""
    row = _PARKED_ONE.first(connection, {"conversation": scene.conversation, "name": flow})
    return State.from_json(row.state) if row is not None else None


def over(connection: Connection, scene: Scene) -> set[str]:
    """The flows that are done, the open one among them if it is."""
    rows = _OVER.all(connection, {"conversation": scene.conversation})
    parked_ones = {row.flow for row in rows if row.done and row.flow != scene.flow}
    return parked_ones | ({scene.flow} if scene.flow and scene.state.done else set())


def park(connection: Connection, scene: Scene, flow: str, state: State) -> None:
    """Keep the state of a flow that is not the open one."""
    values = {"conversation": scene.conversation, "name": flow, "json": state.to_json(), "over": state.done}
    if _UPDATE_PARKED.run(connection, values) == 0:
        _PARK.run(connection, {**values, "workspace": scene.workspace})


def save(connection: Connection, scene: Scene, now: datetime, prompt: str | None) -> None:
    """Keep the conversation as it stands now; TurnLostError if another turn came between, which the lock prevents."""
    saved = _SAVE.run(
        connection,
        {
            "conversation": scene.conversation,
            "was": scene.version,
            "becomes": scene.version + 1,
            "new_flow": scene.flow,
            "json": scene.state.to_json() if scene.flow else "",
            "new_back_to": scene.back_to,
            "new_came_from": scene.came_from,
            "new_status": scene.status,
            "new_approved": scene.approved,
            "prompt": prompt,
            "now": now,
        },
    )
    if saved != 1:
        raise TurnLostError(
            f"conversation {scene.conversation} moved on while version {scene.version} was being answered"
        )
