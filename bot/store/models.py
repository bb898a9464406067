"""What is kept. Every row bears its workspace (Slack's team id); answers are revisions and are only ever added to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from scheduler.deliveries import NAMING, Instant
from scheduler.outbox import metadata as outbox_metadata
from scheduler.sealed import Sealed, SealedJSON

Key = BigInteger().with_variant(Integer, "sqlite")
EMPTY = text("''")  # what a column has for rows that were there before it

# What the rows of tables with sealed columns go by (scheduler.sealed): it never changes.
_REVISION = ("conversation_id", "ts", "revised", "act")
_SPOT = ("conference_id", "flow", "question", "round")
_KEY = ("workspace", "key")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant, date: Date, dict[str, Any]: JSON, str: Text}  # noqa: RUF012


class School(Base):
    """One workspace is one school."""

    __tablename__ = "school"

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    grade_band: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(16))
    quiet_from: Mapped[str] = mapped_column(String(5))  # "20:00", local
    quiet_until: Mapped[str] = mapped_column(String(5))
    counselors: Mapped[dict[str, Any]]  # {"keys": [roster ids, first is asked first]}
    helplines: Mapped[dict[str, Any]]  # {"lines": [{"name": …, "number": …, "hours": …}]}
    loaded_at: Mapped[datetime]
    calendar: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # bot.services.nudges.days: school week, days off
    cadence: Mapped[str | None]  # the school's own cadence.toml, laid over the packaged one
    hours: Mapped[str] = mapped_column(Text, default="", server_default=EMPTY)  # when the counselors are there
    keep_days: Mapped[int] = mapped_column(Integer, default=90, server_default=text("90"))  # after a school year


class Term(Base):
    __tablename__ = "term"
    __table_args__ = (UniqueConstraint("workspace", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    name: Mapped[str]
    starts: Mapped[date]
    ends: Mapped[date]
    level: Mapped[str | None] = mapped_column(String(16))  # how much students lead in it; None: as the school says


class Person(Base):
    """Anyone in the roster. `key` is the roster's id; `slack_id` is filled when they are first met in Slack."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("workspace", "key"),
        UniqueConstraint("workspace", "slack_id"),
        Index("ix_person_email", "workspace", "email"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    email: Mapped[str | None]
    grade: Mapped[str | None] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    advisor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", use_alter=True))
    slack_id: Mapped[str | None] = mapped_column(String(32))
    given_slack_id: Mapped[str | None] = mapped_column(String(32))  # what the roster says, if it says so
    im: Mapped[str | None] = mapped_column(String(32))  # the DM channel with the bot, once known
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    time_zone: Mapped[str | None] = mapped_column(String(64))  # Slack's `tz`, as last heard
    since: Mapped[datetime | None]  # in the roster: what was due before is not made up for
    heard_at: Mapped[datetime | None]  # an adult's last word or tap; a student's is their conversation's `updated_at`
    quiet_since: Mapped[datetime | None]  # wants no reminders
    level: Mapped[str | None] = mapped_column(String(16))  # an advisor's: how much their students lead
    chosen_language: Mapped[str | None] = mapped_column(String(8))  # their own choice; the roster does not change it
    consent: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())  # false: they take no part
    # As Slack said last: "" | member | guest | external | gone. What a guest or stranger may do: bot.services.roster.
    account: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)


class Guardian(Base):
    """Which adults of the family belong to which student; who lives together, and who may be written to."""

    __tablename__ = "guardian"

    adult_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    household: Mapped[str] = mapped_column(String(64), default="", server_default=EMPTY)  # "" is the only one
    contact: Mapped[str] = mapped_column(String(16), default="all", server_default="all")  # bot.school.model.Contact


class Conference(Base):
    """One student's conference of one term: local date and wall time; the instant is resolved late."""

    __tablename__ = "conference"
    __table_args__ = (UniqueConstraint("student_id", "term_id"), Index("ix_conference_channel", "workspace", "channel"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    date: Mapped[date]
    time: Mapped[str] = mapped_column(String(5))
    minutes: Mapped[int]
    place: Mapped[str]
    cancelled: Mapped[bool] = mapped_column(Boolean, default=False)
    channel: Mapped[str | None] = mapped_column(String(32))
    channel_name: Mapped[str | None] = mapped_column(String(80))
    agenda_at: Mapped[datetime | None]  # when it is due in the channel; None: as soon as it is approved
    agenda_ts: Mapped[str | None]  # what stands in the channel: bot.services.channels.standing


class Participant(Base):
    """An adult or the student of a conference, and how far they are on the way into its channel."""

    __tablename__ = "participant"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    invite: Mapped[str] = mapped_column(String(32), default="waiting")  # bot.services.channels.channel.Invite
    coming: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)  # "" | yes | no: their answer
    mode: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)  # in_person | phone | video
    interpreter: Mapped[str] = mapped_column(Text, default="", server_default=EMPTY)  # the language to be interpreted
    answered_at: Mapped[datetime | None]


class Conversation(Base):
    """A student's thread with the coach, and where it stands. `version` grows with every turn (compare-and-set)."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("workspace", "person_id"),
        Index("ix_conversation_beside", "workspace", "beside_channel", "beside_ts"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32), default="")  # the open flow; "" is the menu
    state: Mapped[str] = mapped_column(Sealed(("person_id",)), default="")  # in this row, so that one lock guards it
    back_to: Mapped[str] = mapped_column(String(32), default="")  # the flow to return to after a change
    came_from: Mapped[str] = mapped_column(String(32), default="")  # the flow whose end opened this one
    status: Mapped[str] = mapped_column(String(16), default="new")  # new | open | paused | held
    approved: Mapped[int] = mapped_column(Integer, default=0)  # number of the approval; negative: changed since
    prompt_delivery: Mapped[str | None] = mapped_column(String(36))  # the delivery of the open question
    version: Mapped[int] = mapped_column(Integer, default=0)
    updated_at: Mapped[datetime]
    # The thread in an advisor's DM in which they sit beside the student: the advisor's Slack id, the DM, the thread.
    beside: Mapped[str | None] = mapped_column(String(32))
    beside_channel: Mapped[str | None] = mapped_column(String(32))
    beside_ts: Mapped[str | None] = mapped_column(String(32))


class FlowState(Base):
    """Where a flow stands that is not the open one: the engine's state as JSON."""

    __tablename__ = "flow_state"
    __table_args__ = (UniqueConstraint("conversation_id", "flow"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    flow: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(Sealed(("conversation_id", "flow")))
    done: Mapped[bool] = mapped_column(Boolean, default=False)


class Answer(Base):
    """One revision of one message that answers a question. Never changed, never removed but by erasure."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("workspace", "conversation_id", "ts", "revised", "act"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32))
    question: Mapped[str] = mapped_column(String(64))
    round: Mapped[int]
    ts: Mapped[str] = mapped_column(String(32))  # Slack's ts of the message or tap
    revised: Mapped[str] = mapped_column(String(32))  # its edited ts; equal to ts for the first
    act: Mapped[str] = mapped_column(String(16))  # bot.dialogue.state.Act
    text: Mapped[str] = mapped_column(Sealed(_REVISION))
    choices: Mapped[str] = mapped_column(Text, default="")  # option ids, separated by spaces
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(SealedJSON(_REVISION), default=list)
    alarm: Mapped[str] = mapped_column(String(16), default="")  # "" | explicit | look
    at: Mapped[datetime]


class Item(Base):
    """What was decided about one answer, where it departs from the question's default."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("conference_id", "flow", "question", "round"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32))
    question: Mapped[str] = mapped_column(String(64))
    round: Mapped[int]
    visible: Mapped[str | None] = mapped_column(String(16))  # the student's choice
    develop: Mapped[str] = mapped_column(String(32), default="")  # the probe that stayed open: "develop with advisor"
    held_reason: Mapped[str] = mapped_column(Sealed(_SPOT), default="")  # the advisor's, shown to the student


class Approval(Base):
    """An agenda the student approved: exactly these revisions, in this order. The newest counts."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("conference_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    number: Mapped[int]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    opening: Mapped[str] = mapped_column(String(16))  # the section that comes first
    at: Mapped[datetime]


class SharedWork(Base):
    """A student's file as the conference's channel has it: a copy, for nobody else can open a file of the DM."""

    __tablename__ = "shared_work"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(32), primary_key=True)  # Slack's id of the student's file
    workspace: Mapped[str] = mapped_column(String(32))
    copy: Mapped[str] = mapped_column(String(32))  # Slack's id of the copy, known before it is shared
    link: Mapped[str | None]  # set once the copy stands in the channel


class Note(Base):
    """What somebody wrote in a window about a student: an idea, a note of pride, a piece of work they chose, what they
    saw at the conference; and whatever else was flagged there or in a chat, kept for a person to read and used for
    nothing. Only what was flagged can be of no conference: it is the student's whom it is about."""

    __tablename__ = "note"
    __table_args__ = (UniqueConstraint("workspace", "key"), Index("ix_note_conference", "workspace", "conference_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    student_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # of a message: whom it is about
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))  # bot.taps.Form
    key: Mapped[str] = mapped_column(String(128))  # of the window it came from: nothing is stored twice
    flow: Mapped[str] = mapped_column(String(32), default="")  # an idea's ask
    round: Mapped[int] = mapped_column(Integer, default=0)
    topic: Mapped[str] = mapped_column(String(16), default="")  # a piece of work's part of the meeting
    text: Mapped[str] = mapped_column(Sealed(_KEY))
    title: Mapped[str] = mapped_column(Sealed(_KEY), default="")  # of a piece of work
    url: Mapped[str] = mapped_column(Sealed(_KEY), default="")
    choice: Mapped[str] = mapped_column(String(16), default="")  # bot.taps.Choice, the student's; "" is none yet
    held_reason: Mapped[str] = mapped_column(Sealed(_KEY), default="")  # the advisor's, shown to the student
    alarm: Mapped[str] = mapped_column(String(16), default="")  # "" | explicit | look
    at: Mapped[datetime]


class Commitment(Base):
    """What somebody said at a conference they will do. Who is not in the roster has a name only."""

    __tablename__ = "commitment"
    __table_args__ = (
        UniqueConstraint("workspace", "key"),
        Index("ix_commitment_conference", "workspace", "conference_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    key: Mapped[str] = mapped_column(String(128))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_name: Mapped[str] = mapped_column(Sealed(_KEY), default="")
    what: Mapped[str] = mapped_column(Sealed(_KEY))
    due: Mapped[date | None]
    added_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="open")  # open | not_yet | help | done | dropped
    state_at: Mapped[datetime | None]


class CommitmentCheck(Base):
    """What an owner said when asked how far a commitment is. Only ever added to."""

    __tablename__ = "commitment_check"
    __table_args__ = (UniqueConstraint("workspace", "key"), Index("ix_commitment_check", "commitment_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    commitment_id: Mapped[int] = mapped_column(ForeignKey("commitment.id"))
    key: Mapped[str] = mapped_column(String(128))  # of the tap
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]


class Cue(Base):
    """A card of a student's script as they want to say it, where they changed what was made of their answers."""

    __tablename__ = "cue"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Sealed(("conference_id", "topic")))
    at: Mapped[datetime]


class Run(Base):
    """A run through the cards: a rehearsal, or the meeting itself."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("conference_id", "kind", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    kind: Mapped[str] = mapped_column(String(16))  # rehearsal | lead
    number: Mapped[int]
    position: Mapped[int] = mapped_column(Integer, default=0)  # the card that is up; the first is 0
    before: Mapped[int | None]  # confidence from 1 to 5
    after: Mapped[int | None]
    cards: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list
    )  # {"topic", "seconds", "paused"} as they went
    note: Mapped[str] = mapped_column(Sealed(("conference_id", "kind", "number")), default="")  # where they paused
    channel: Mapped[str] = mapped_column(String(32), default="")  # where the card stands that is changed in place
    ts: Mapped[str] = mapped_column(String(32), default="")
    started_at: Mapped[datetime]
    card_at: Mapped[datetime]  # since when the card is up
    ended_at: Mapped[datetime | None]


class Alert(Base):
    """A safeguarding alert: to whom a student's words were passed on, and whether somebody took it up."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"))  # the words: an answer's or a note's
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    level: Mapped[str] = mapped_column(String(16))
    raised_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime | None]


class AlertEvent(Base):
    """What was done about an alert, by whom, when. Only ever added to; no edit of the words removes anything of it."""

    __tablename__ = "alert_event"
    __table_args__ = (Index("ix_alert_event", "alert_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    act: Mapped[str] = mapped_column(String(16))  # raised | told | opened | taken | handed
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # told or handed to
    at: Mapped[datetime]


class Audit(Base):
    """Who saw, exported, posted or changed what, when; never a word of it. Numbers, not keys of other rows: it outlives
    what it is about. `number` and `link` are set a little later, when the entry is tied to the one before it."""

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("workspace", "number"),
        Index("ix_audit_student", "workspace", "student_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # person:12 | cli | bot
    act: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(24))
    thing: Mapped[str] = mapped_column(String(64), default="", server_default=EMPTY)
    student_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(BigInteger)
    link: Mapped[str | None] = mapped_column(String(64))  # SHA-256 over the entry and the link before it, as hex


class Erasure(Base):
    """A person whose data is being erased, or was. Of who they were only a digest of the roster's id stays, so that
    they are known again when an older copy of the database, or of the roster, brings them back."""

    __tablename__ = "erasure"
    __table_args__ = (UniqueConstraint("workspace", "digest"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int | None] = mapped_column(BigInteger)  # while it is being done
    begun_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    left: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what could not be taken out of Slack: ids


class Installation(Base):
    """The app in one workspace, where it was installed by OAuth. Its token goes when it is taken out."""

    __tablename__ = "installation"

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    enterprise: Mapped[str | None] = mapped_column(String(32))
    app_id: Mapped[str] = mapped_column(String(32))
    bot_user: Mapped[str] = mapped_column(String(32))
    bot_id: Mapped[str] = mapped_column(String(32))
    token: Mapped[str] = mapped_column(Sealed(("workspace",)), default="")
    scopes: Mapped[str]
    installed_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]  # uninstalled, or its token revoked


class Copied(Base):
    """Only a copy of a database has this row: it was taken then, and must be looked over before anything is sent."""

    __tablename__ = "copied"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32), default="", server_default=EMPTY)  # "": all that are in it
    at: Mapped[datetime]


class SeenEvent(Base):
    """Ids of events already taken in, so that Slack's repeats change nothing."""

    __tablename__ = "seen_event"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime]


ALL_METADATA = (Base.metadata, outbox_metadata)
