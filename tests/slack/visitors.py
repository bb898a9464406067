"""Two schools in one database with the same ids in Slack, everybody who may come to one of them, and what they can try.

What they try is sent as Slack would send it, signed or not being none of this: by the way in that both ways have.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from slack_bolt import BoltResponse
from sqlalchemy import Connection, insert, select, text

from bot.conference.access import Role
from bot.dialogue.events import Said
from bot.practice import payloads
from bot.practice.stage import Stage
from bot.school import read_school
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.services.talk.hearing import Incoming, hear, tap
from bot.slack.entry import enter
from bot.store.models import ALL_METADATA, Alert, Commitment, Conference, Conversation, Note, Person, Run
from bot.taps import Form, Ref, Tap
from scheduler import sealed
from scheduler.deliveries import deliveries
from tests.stages import LETTER, STRENGTHS, Student

Json = dict[str, Any]
HERE, THERE, ELSEWHERE = "T0PRACTICE", "T0THERE", "T0ELSE"
ALARM = "I want to kill myself and nobody knows it"
PRIDE = "You held the tape for forty yards without a word."
COMMITMENT = "Bring the lantern book on Tuesday"
HERS = (*LETTER.values(), *STRENGTHS.values(), ALARM, PRIDE, COMMITMENT)
"""Words of the student's, or about her, that only those of her circle may read, and the alarm only the counselor."""


class Visitor(NamedTuple):
    """Somebody at a door: their id in Slack, what they are at the school ("" for nobody known), whose they are, of
    which workspace Slack says they are, and to which it says this comes."""

    slack_id: str
    role: Role | None
    students: frozenset[str] = frozenset()
    team: str = HERE
    to: str = HERE


def circle(*students: str) -> frozenset[str]:
    return frozenset(students)


GROUP = circle("noor", "theo", "mina")
VISITORS: Mapping[str, Visitor] = {
    "owner": Visitor("UNOOR", Role.STUDENT, circle("noor")),
    "other student": Visitor("UTHEO", Role.STUDENT, circle("theo")),
    "student of another advisor": Visitor("UMATEO", Role.STUDENT, circle("mateo")),
    "advisor": Visitor("UOKAFOR", Role.ADVISOR, GROUP),
    "other advisor": Visitor("UVARGA", Role.ADVISOR, circle("mateo")),
    "teacher": Visitor("UREYES", Role.TEACHER, GROUP),
    "family": Visitor("UYUSUF", Role.FAMILY, circle("noor")),
    "other family": Visitor("ULUCIA", Role.FAMILY, circle("mateo")),
    "external family": Visitor("UANDERS", Role.FAMILY, circle("theo"), ELSEWHERE),
    "coordinator": Visitor("UTAN", Role.COORDINATOR),
    "counselor": Visitor("UBELL", Role.COUNSELOR),
    "stranger": Visitor("UROBIN", None),
    "deactivated student": Visitor("UJULES", None),
    "deactivated family": Visitor("UAMAL", None),
    "teacher who is a guest": Visitor("ULIND", None),
    "coordinator of another workspace": Visitor("UABADI", None, team=ELSEWHERE),
    "same id in another workspace": Visitor("UOKAFOR", None, team=THERE, to=THERE),
    "her own id in another workspace": Visitor("UNOOR", None, team=THERE, to=THERE),
}

TAN = "tan,coordinator,Mr. Tan,tan@school.example,,,,,"
MORE = {TAN: f"{TAN}\nabadi,coordinator,Ms. Abadi,abadi@school.example,,,,,"}
"""The sample school with a second coordinator."""

HOSTILE = (
    "0", "999999999", "9" * 18, "9" * 19, "9" * 60, "-1", "abc", "1 OR 1=1", "1; DROP TABLE person;--", "' OR ''='",
    "1.5", "1e3", "٣", "1\n", " 1", "\x00", "<@UNOOR>", "x" * 1500, "",
)  # fmt: skip


@dataclass(frozen=True)
class Things:
    """What there is of one student's, by number."""

    person: int = 0
    conference: int = 0
    conversation: int = 0
    note: int = 0
    commitment: int = 0
    run: int = 0
    alert: int = 0
    nudge: str = ""


@dataclass(frozen=True)
class Reference:
    """What a button or window carries. `whose`: the student it is really about, "" for none there is; `formed`: it has
    the form of one the bot made."""

    value: str
    whose: str = ""
    formed: bool = False


@dataclass
class World:
    """The schools, and whose is what. `there`: the same student's in the other school."""

    stage: Stage
    things: dict[str, Things] = field(default_factory=dict)
    there: Things = Things()
    counselor: int = 0  # to whom an alert could be handed
    count: int = 0
    seen: int = 0

    # -- what Slack sends ------------------------------------------------------------------------------------------

    def tap(self, who: Visitor, action_id: str, value: str, block: str = "", *, menu: bool = False) -> BoltResponse:
        """A tap on a message in their DM."""
        action: Json = {
            "action_id": action_id,
            "block_id": f"0:{block}"[:255],
            "type": "button",
            "action_ts": self._ts(),
        }
        action |= {"selected_option": {"value": value}} if menu else {"value": value}
        place = {"message_ts": "1700000000.000100", "channel_id": self._dm(who)}
        more = {"container": place, "channel": {"id": place["channel_id"]}, "actions": [action]}
        return self._interaction(who, "block_actions", **more)

    def submit(self, who: Visitor, callback_id: str, about: str, state: Json | None = None) -> BoltResponse:
        """A window that was filled in."""
        view = {
            "id": f"V{self._next()}", "type": "modal", "callback_id": callback_id, "private_metadata": about,
            "state": {"values": FILLED_IN if state is None else state}, "hash": "1.2",
        }  # fmt: skip
        return self._interaction(who, "view_submission", view=view)

    def command(self, who: Visitor, words: str, channel: str = "") -> BoltResponse:
        """`/conference` and words."""
        fields = {
            "command": "/conference", "team_id": who.to, "user_id": who.slack_id, "text": words,
            "trigger_id": self._trigger(who), "channel_id": channel or self._dm(who),
        }  # fmt: skip
        return enter(self.stage.bot.app, fields)

    def event(self, who: Visitor, event: Json, enterprise: str | None = None) -> BoltResponse:
        """An event, by somebody of their workspace; `enterprise`: the organization the bot's workspace is of."""
        ids = {**self.stage.workspace.identity, "team_id": who.to}
        body = payloads.envelope(event, f"Ev{self._next()}", 1700000000, ids)
        body["authorizations"][0]["enterprise_id"] = enterprise
        return enter(self.stage.bot.app, body)

    def message(self, who: Visitor, words: str, **more: Any) -> BoltResponse:
        """A message in their DM."""
        ts = self._ts()
        said = {"type": "message", "channel_type": "im", "channel": self._dm(who), "user": who.slack_id}
        return self.event(who, {**said, "team": who.team, "ts": ts, "text": words, **more})

    def _interaction(self, who: Visitor, kind: str, **more: Any) -> BoltResponse:
        user = {"id": who.slack_id, "team_id": who.team}
        ids = {**self.stage.workspace.identity, "team_id": who.to}
        return enter(self.stage.bot.app, payloads.interaction(kind, user, ids, trigger_id=self._trigger(who), **more))

    def _dm(self, who: Visitor) -> str:
        channel = self.stage.workspace.im_of(who.slack_id)
        return channel.id if channel is not None else f"D{who.slack_id[1:]}"

    def _trigger(self, who: Visitor) -> str:
        return self.stage.workspace.triggers.issue(who.slack_id)

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _ts(self) -> str:
        return f"1700000001.{self._next():06d}"

    # -- what came of it -------------------------------------------------------------------------------------------

    def opened(self) -> list[Json]:
        """The windows Slack was asked to open since the last look."""
        calls = self.stage.workspace.calls
        new, self.seen = calls[self.seen :], len(calls)
        return [call.args["view"] for call in new if call.method in ("views.open", "views.push")]


FILLED_IN: Json = {
    f"{name}.0": {name: {"type": "plain_text_input", "value": "Something somebody made up"}}
    for name in ("words", "text", "what", "name", "message", "reason", "work")
} | {
    "coming.0": {"coming": {"type": "static_select", "selected_option": {"value": "yes"}}},
    "which.0": {"which": {"type": "checkboxes", "selected_options": [{"value": "0"}]}},
    "due.0": {"due": {"type": "datepicker", "selected_date": "2026-12-15"}},
}
"""All that any window asks."""


class Snapshot:
    """Whether anything was stored. Events' ids may be, and that a stranger is to be looked up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self._version, self._rows = self._now(), self._digest()

    def changed(self) -> bool:
        """Since it was taken; then it is taken anew."""
        version = self._now()
        if version == self._version:
            return False
        rows, before = self._digest(), self._rows
        self._version, self._rows = version, rows
        return rows != before

    def _now(self) -> str:
        asked = "PRAGMA data_version" if self._sqlite else "SELECT pg_current_wal_insert_lsn()"
        return str(self._connection.execute(text(asked)).scalar())

    def _digest(self) -> str:
        found = hashlib.sha256()
        for metadata in ALL_METADATA:
            for table in metadata.sorted_tables:
                if table.name == "seen_event":
                    continue
                asked = f'SELECT * FROM "{table.name}"'
                if table.name == "deliveries":
                    asked += " WHERE kind NOT IN ('meet', 'home')"
                rows = sorted(repr(tuple(row)) for row in self._connection.execute(text(asked)))
                found.update(repr((table.name, rows)).encode())
        return found.hexdigest()


# --- the schools ---------------------------------------------------------------------------------------------


def world(stage: Stage, folder: Path) -> World:
    """The sample school with all that can stand in it of one student, and its double in another workspace."""
    made = World(stage)
    noor, theo, mateo = Student(stage), Student(stage, "theo"), Student(stage, "mateo")
    for student in (theo, mateo):
        student.arrive()
    noor.finish()
    noor.say("practice")
    made.things = {key: _things(stage, HERE, key) for key in ("noor", "theo", "mateo")}
    conference = str(made.things["noor"].conference)
    made.tap(VISITORS["owner"], f"{Tap.PRACTICE}.1", f"{conference}:begin:0")
    made.submit(VISITORS["teacher"], f"form:{Form.PRIDE}", conference, _text("words", PRIDE))
    made.tap(VISITORS["advisor"], f"{Tap.REMIND}.1", str(made.things["noor"].person))
    _store_commitment(stage, made.things["noor"])
    mina = Student(stage, "mina")
    mina.arrive()
    mina.say(ALARM)
    noor.let()
    made.things = {key: _things(stage, HERE, key) for key in ("noor", "theo", "mateo", "mina")}
    _double(stage, folder)
    made.there = _things(stage, THERE, "noor")
    made.counselor = _things(stage, HERE, "ortiz").person
    _leave(made)
    noor.let()
    return made


def _leave(made: World) -> None:
    """Some are no longer who they were."""
    people = made.stage.people
    for key in ("jules", "amal"):
        people[key].deactivate()
    people["lind"].become(guest=True)
    for key in ("abadi", "anders"):
        people[key].team = ELSEWHERE
    made.message(VISITORS["coordinator of another workspace"], "hello")
    made.message(VISITORS["external family"], "hello")
    made.stage.run()


def _double(stage: Stage, folder: Path) -> None:
    house, now = stage.bot.house, stage.clock()
    read = read_school(folder, house.words.catalog.languages)
    members = [Member(f"U{person.key.upper()}", person.email or "") for person in read.people if person.email]
    with house.store.write() as connection:
        load_school(connection, THERE, read, now)
        match_members(connection, THERE, members)
    hear(house, Incoming(THERE, ("EvThere",), "UNOOR", "DNOOR", Said("1.0", "hi", None)))
    conversation = _things(stage, THERE, "noor").conversation
    tap(house, THERE, "there", "UNOOR", "DNOOR", Ref(conversation, "", 0, "cmd:start"), (), "2.0")
    hear(house, Incoming(THERE, ("EvAlarm",), "UNOOR", "DNOOR", Said("3.0", ALARM, None)))


def _store_commitment(stage: Stage, hers: Things) -> None:
    """As somebody present would add it, on the day."""
    row = {
        "workspace": HERE, "conference_id": hers.conference, "key": "made", "owner_id": hers.person, "owner_name": "",
        "what": COMMITMENT, "added_by": hers.person, "added_at": stage.clock(), "state": "open",
    }  # fmt: skip
    with stage.bot.house.store.write() as connection:
        connection.execute(insert(Commitment).values(**sealed.row(Commitment, row)))


def _things(stage: Stage, workspace: str, key: str) -> Things:
    with stage.bot.house.store.read() as connection:
        person = connection.scalar(select(Person.id).where(Person.workspace == workspace, Person.key == key)) or 0
        held = connection.scalar(select(Conference.id).where(Conference.student_id == person)) or 0

        def first(column: Any, *where: Any) -> Any:
            return connection.scalar(select(column).where(*where).order_by(column).limit(1)) or 0

        talk = first(Conversation.id, Conversation.person_id == person)
        note = first(Note.id, Note.conference_id == held)
        commitment = first(Commitment.id, Commitment.conference_id == held)
        run = first(Run.id, Run.conference_id == held)
        alert = first(Alert.id, Alert.student_id == person)
        nudge = first(deliveries.c.id, deliveries.c.kind == "nudge", deliveries.c.subject == f"person:{person}")
        return Things(person, held, talk, note, commitment, run, alert, nudge or "")


def _text(field: str, words: str) -> Json:
    return {f"{field}.0": {field: {"type": "plain_text_input", "value": words}}}


# --- what can be tried ---------------------------------------------------------------------------------------

CARRIES: Mapping[str, str] = {
    Tap.ANSWER: "{conversation}:letter:1:cmd:next",
    Tap.OPEN: "{conversation}:letter:0:open",
    Tap.CHANGE: "{conversation}:letter:0:learner",
    Tap.SNOOZE: "{nudge}:off",
    Tap.REMIND: "{person}",
    Tap.BESIDE: "{person}",
    Tap.LOOK: "{person}",
    Tap.DECIDE: "{note}:keep:{note}",
    Tap.PRACTICE: "{conference}:begin:0",
    Tap.ATTEND: "{conference}:yes",
    Tap.COMMITMENT: "{commitment}:w1:done",
    Tap.THANKS: "{conference}:send",
    Tap.PACKET: "{conference}",
    Tap.ALERT_OPEN: "{alert}",
    Tap.ALERT_TAKE: "{alert}",
    Tap.ALERT_HAND: "{alert}",
}
"""What the button of a tap carries about a student."""

ABOUT: Mapping[str, str] = {
    Form.IDEA: "{conference}:supports:1",
    Form.PRIDE: "{conference}",
    Form.WORK: "{conference}",
    Form.HOLD: "{conference}:note:{note}",
    Form.RSVP: "{conference}",
    Form.COMMIT: "{conference}:{commitment}",
    Form.SAW: "{conference}",
    Form.THANKS: "{conference}",
    Form.CUE: "{conference}:letter:{run}",
    Form.PAUSED: "{run}",
}
"""What the window of a form is about."""


def references(made: World, template: str, hostile: Collection[str]) -> Iterator[Reference]:
    """Of the student, of another, of one with another advisor, of her double in the other school, and one that is not
    there; then what nobody ever made."""
    alarmed = "mina" if "{alert}" in template else "noor"
    for whose in dict.fromkeys((alarmed, "theo", "mateo")):
        value = template.format(**_numbers(made.things[whose]))
        yield Reference(value, "" if value.partition(":")[0] in ("0", "") else whose, formed=True)
    yield Reference(template.format(**_numbers(made.there)), formed=True)
    nothing = {**dict.fromkeys(_numbers(Things()), "999999999"), "nudge": NO_NUDGE}
    yield Reference(template.format(**nothing), formed=True)
    for number, one in enumerate(hostile):
        made_up = template.format(**dict.fromkeys(_numbers(Things()), one)) if number % 3 else one
        yield Reference(made_up)


NO_NUDGE = "01a22cf8-8430-7677-951f-de0fa5ad2b84"


def _numbers(things: Things) -> dict[str, Any]:
    return {name: getattr(things, name) for name in Things.__dataclass_fields__}


def shown(answer: BoltResponse) -> str:
    """All that an answer holds."""
    headers = sorted((name, str(value)) for name, value in answer.headers.items())
    return json.dumps([answer.status, answer.body, headers])
