"""Who is speaking, and where their conversation stands: one query, with the conversation locked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, insert, select, update
from sqlalchemy.orm import aliased

from bot.dialogue.state import State
from bot.errors import TurnLostError
from bot.services.roster import levels
from bot.services.speech import Voice
from bot.store.models import Conference, Conversation, FlowState, Person, School, Term
from bot.words import band_of
from scheduler import sealed
from scheduler.outbox import State as DeliveryState
from scheduler.outbox import deliveries
from scheduler.prepared import Prepared

SURELY_SEEN = timedelta(seconds=5)
"""A question whose delivery is not settled counts as seen after this: the post may have gone through."""

_Advisor = aliased(Person)
_prompt = deliveries.alias("prompt")


class Seat(NamedTuple):
    """Where an advisor sits beside a student: the thread of their DM with the bot, by the ts of its first message."""

    advisor: str
    channel: str
    thread: str


class Scene(NamedTuple):
    """A student's conversation as a turn finds it. `conference` is 0, `day` None where none is booked yet.

    `slack_id` is who hears what is said, in the thread `thread` of their DM: the advisor who sits beside the student,
    or with "" the student themselves ("" too, where the student has no account).
    """

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
    seat: Seat | None = None  # where the student's own advisor sits beside them, if they ever did
    thread: str = ""

    def as_found_by(self, slack_id: str, channel: str, thread: str) -> Scene | None:
        """The scene for whoever did something in a place; None where the conversation is none of theirs.

        A student is at home everywhere; their advisor only in a thread of the DM in which they sit beside them.
        """
        if slack_id == self.slack_id:
            return self
        if not thread or self.seat is None or (slack_id, channel) != (self.seat.advisor, self.seat.channel):
            return None
        return self._replace(slack_id=slack_id, thread=thread)

    def voice(self, channel: str | None, key: str, now: datetime) -> Voice:
        """The voice for what is said to the student where they are now."""
        return Voice(
            self.workspace, self.slack_id, self.language, f"person:{self.person}", key, now, channel, self.thread
        )

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
            Conversation.beside,
            Conversation.beside_channel,
            Conversation.beside_ts,
            Conference.date.label("day"),
            Person.id.label("person_id"),
            Person.slack_id,
            Person.name,
            Person.language,
            Person.grade,
            _Advisor.name.label("advisor"),
            _Advisor.slack_id.label("advisor_slack_id"),
            _Advisor.active.label("advisor_active"),
            School.grade_band,
            levels.column(_Advisor, Term).label("level"),
            School.time_zone,
            _prompt.c.state.label("prompt_state"),
            _prompt.c.ref_ts,
            _prompt.c.created_at,
        )
        .join_from(Conversation, Person, Person.id == Conversation.person_id)
        .join(School, School.workspace == Conversation.workspace)
        .outerjoin(Conference, Conference.id == Conversation.conference_id)
        .outerjoin(Term, Term.id == Conference.term_id)
        .outerjoin(_Advisor, _Advisor.id == Person.advisor_id)
        .outerjoin(
            _prompt,
            and_(_prompt.c.workspace == Conversation.workspace, _prompt.c.id == Conversation.prompt_delivery),
        )
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
_BY_THREAD = Prepared(
    _query().where(
        Conversation.workspace == bindparam("workspace"),
        Conversation.beside_channel == bindparam("channel"),
        Conversation.beside_ts == bindparam("thread"),
        Person.active,
    )
)
_ROOT_OF = Prepared(
    select(deliveries.c.dedupe_key).where(
        deliveries.c.workspace == bindparam("workspace"),
        deliveries.c.dedupe_key >= bindparam("first"),
        deliveries.c.dedupe_key < bindparam("past"),
        deliveries.c.ref_ts == bindparam("thread"),
    )
)


def root_key(slack_id: str, conversation: int, occasion: str) -> str:
    """The dedupe_key of the message under which an advisor sits beside a student: the thread is found again by it."""
    return f"beside:{slack_id}:{conversation}:{occasion}"


def scene_of(connection: Connection, workspace: str, slack_id: str) -> Scene | None:
    """The conversation of whoever has this Slack id, locked for this transaction; None where there is none."""
    row = _BY_SLACK_ID.first(connection, {"workspace": workspace, "slack_id": slack_id})
    return _scene(workspace, row) if row is not None else None


def scene_by_id(connection: Connection, workspace: str, conversation: int) -> Scene | None:
    """A conversation by its number, inside one workspace."""
    row = _BY_CONVERSATION.first(connection, {"workspace": workspace, "conversation": conversation})
    return _scene(workspace, row) if row is not None else None


def scene_in_thread(connection: Connection, workspace: str, slack_id: str, channel: str, thread: str) -> Scene | None:
    """The conversation that somebody's thread belongs to, because they sit beside the student there, or did once."""
    row = _BY_THREAD.first(connection, {"workspace": workspace, "channel": channel, "thread": thread})
    found = _scene(workspace, row) if row is not None else _of_old_thread(connection, workspace, slack_id, thread)
    return found.as_found_by(slack_id, channel, thread) if found is not None else None


def _of_old_thread(connection: Connection, workspace: str, slack_id: str, thread: str) -> Scene | None:
    """A thread that another has taken the place of: what is typed in it is still the student's."""
    first, past = f"beside:{slack_id}:", f"beside:{slack_id};"
    row = _ROOT_OF.first(connection, {"workspace": workspace, "first": first, "past": past, "thread": thread})
    return scene_by_id(connection, workspace, int(row.dedupe_key.split(":")[2])) if row is not None else None


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
        _seat(row),
    )


def _seat(row: Any) -> Seat | None:
    """Where the advisor sits: who is no longer the student's advisor sits there no more."""
    if not row.beside or row.beside != row.advisor_slack_id or not row.advisor_active:
        return None
    return Seat(row.beside, row.beside_channel, row.beside_ts)


def _asked_at(state: str | None, ref_ts: str | None, created_at: datetime | None) -> str | None:
    """The ts at which the open question was shown, None while it was not."""
    if ref_ts:
        return ref_ts
    if state in (DeliveryState.SENDING, DeliveryState.UNKNOWN) and created_at is not None:
        return f"{(created_at + SURELY_SEEN).timestamp():.6f}"
    return None


_FLOWS = and_(FlowState.workspace == bindparam("workspace"), FlowState.conversation_id == bindparam("conversation"))
_PARKED = Prepared(select(FlowState.flow, FlowState.state).where(_FLOWS))
_PARKED_ONE = Prepared(select(FlowState.state).where(_FLOWS, FlowState.flow == bindparam("name")))
_OVER = Prepared(select(FlowState.flow, FlowState.done).where(_FLOWS))
_UPDATE_PARKED = Prepared(
    update(FlowState)
    .where(_FLOWS, FlowState.flow == bindparam("name"))
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
    .where(
        Conversation.workspace == bindparam("workspace"),
        Conversation.id == bindparam("conversation"),
        Conversation.version == bindparam("was"),
    )
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


def _place(scene: Scene) -> dict[str, Any]:
    return {"workspace": scene.workspace, "conversation": scene.conversation}


def parked(connection: Connection, scene: Scene) -> dict[str, State]:
    """The flows that were begun and are not the open one."""
    rows = _PARKED.all(connection, _place(scene))
    return {row.flow: State.from_json(row.state) for row in rows if row.flow != scene.flow}


def parked_one(connection: Connection, scene: Scene, flow: str) -> State | None:
    """The state of a flow that is not the open one, None where it was not begun."""
    row = _PARKED_ONE.first(connection, {**_place(scene), "name": flow})
    return State.from_json(row.state) if row is not None else None


def over(connection: Connection, scene: Scene) -> set[str]:
    """The flows that are done, the open one among them if it is."""
    rows = _OVER.all(connection, _place(scene))
    parked_ones = {row.flow for row in rows if row.done and row.flow != scene.flow}
    return parked_ones | ({scene.flow} if scene.flow and scene.state.done else set())


def park(connection: Connection, scene: Scene, flow: str, state: State) -> None:
    """Keep the state of a flow that is not the open one."""
    json = sealed.cell(FlowState.state, state.to_json(), conversation_id=scene.conversation, flow=flow)
    values = {**_place(scene), "name": flow, "json": json, "over": state.done}
    if _UPDATE_PARKED.run(connection, values) == 0:
        _PARK.run(connection, values)


def save(connection: Connection, scene: Scene, now: datetime, prompt: str | None) -> None:
    """Keep the conversation as it stands now; TurnLostError if another turn came between, which the lock prevents."""
    state = scene.state.to_json() if scene.flow else ""
    saved = _SAVE.run(
        connection,
        {
            **_place(scene),
            "was": scene.version,
            "becomes": scene.version + 1,
            "new_flow": scene.flow,
            "json": sealed.cell(Conversation.state, state, person_id=scene.person),
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
