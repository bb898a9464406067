"""All that is kept about somebody of the roster, as plain data: a walk of the schema by `bot.store.whose`.

Of a student that is their whole record, whoever wrote it. What the safety screen flagged, and the alerts about it, are
the counselors' and are left out unless asked for: an export may come into the hands of those the words are about. What
would only hint at it is left out with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from bot.services.nudges.refusal import AWAITED
from bot.store import roster as rows
from bot.store.models import Conference
from bot.store.whose import TABLES, TIES, in_order, naming, rows_by, rows_of

Rows = tuple[Mapping[str, Any], ...]

SHORTEST = 8
"""Letters from which a flagged text is looked for in the rest; "help" may stand anywhere."""
ALERTS = ("alert", "alert_event")
FLAGGED = ("answer", "note")
STATES = ("conversation", "flow_state")
"""Where a flow's working state stands: a copy of answers, the flagged ones too."""
HELD, PAUSED = "held", "paused"
WITHHELD = {"withheld": "told to others"}
"""In place of what was said to others than the student: it may speak of other students too."""

OTHERS = "somebody else"
"""In place of the Slack id of anybody else who was told something."""


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work of theirs: `file` is Slack's id of it, "" of a link."""

    title: str
    file: str
    link: str


@dataclass(frozen=True)
class Record:
    """Rows by table, each with all its columns. `people`: name and role of whoever they point to, by id; `terms`: their
    names; `told_others`: what others were told in which they are named, without the words; `left_out`: how many
    flagged entries and alerts are with the counselors; `days`: when the conferences are that they take part in."""

    workspace: str
    school: str
    zone: ZoneInfo
    band: str
    made_at: datetime
    person: Mapping[str, Any]
    tables: Mapping[str, Rows]
    people: Mapping[int, tuple[str, str]]
    terms: Mapping[int, str]
    told_others: Rows
    left_out: int
    with_alerts: bool
    days: Mapping[int, date]

    def plain(self) -> dict[str, Any]:
        """The record as JSON can hold it: instants and dates in ISO 8601, instants in UTC."""
        return {
            "format": "conference-coach export 1",
            "made_at": _plain(self.made_at),
            "school": {"workspace": self.workspace, "name": self.school, "time_zone": self.zone.key},
            "person": {name: self.person[name] for name in ("key", "name", "role")},
            "with_alerts": self.with_alerts,
            "people": {str(number): {"name": name, "role": role} for number, (name, role) in self.people.items()},
            "terms": {str(number): name for number, name in self.terms.items()},
            "tables": {name: [_plain(row) for row in found] for name, found in self.tables.items()},
            "told_others": [_plain(row) for row in self.told_others],
        }

    def works(self) -> list[Work]:
        """Their pieces of work, each once: files by Slack's id, links by their address."""
        found: dict[str, Work] = {}
        for row in self.tables["answer"]:
            for one in row["evidence"] or ():
                if isinstance(one, Mapping):
                    link, ref = str(one.get("link") or ""), str(one.get("ref") or "")
                    linked = one.get("kind") == "link"
                    work = Work(str(one.get("title") or ""), "" if linked else ref, link or (ref if linked else ""))
                    found.setdefault(ref or link, work)
        for row in self.tables["note"]:
            if row["url"]:
                found.setdefault(row["url"], Work(row["title"], "", row["url"]))
        for row in self.tables["shared_work"]:
            if ":" not in row["file"]:  # else it is a file of ours: bot.services.channels.filing
                found.setdefault(row["file"], Work("", row["file"], row["link"] or ""))
        return list(found.values())


def record(connection: Connection, workspace: str, person: int, now: datetime, *, alerts: bool = False) -> Record:
    """Everything about a person of the roster. `alerts`: with what is the counselors'."""
    school = rows.school(connection, workspace)
    found = {table.name: _rows(connection, table, workspace, person) for table in in_order()}
    own = found["person"][0]
    lanes = _lanes(own, found["conference"])
    if own["role"] == "student":
        found["deliveries"] = tuple(_lane(row, own, lanes) for row in found["deliveries"])
    else:
        found["deliveries"] = tuple(_withhold(row, lanes) for row in found["deliveries"])
    left_out = 0
    if not alerts:
        left_out = sum(len(found[name]) for name in ALERTS[:1]) + sum(bool(row["alarm"]) for row in _flaggable(found))
        found = _without(found)
    return Record(
        workspace, school["name"] if school else "", ZoneInfo(school["time_zone"] if school else "UTC"),
        school["grade_band"] if school else "middle", now, own, found, _people(connection, workspace, found),
        {row["id"]: row["name"] for row in rows.terms(connection, workspace)}, _told(connection, workspace, person),
        left_out, alerts, _days(connection, workspace, found["participant"]),
    )  # fmt: skip


def _rows(connection: Connection, table: Any, workspace: str, person: int) -> Rows:
    mine = or_(rows_of(table, workspace, person), rows_by(table, workspace, person))
    asked = select(*table.c).where(table.c.workspace == workspace, mine).order_by(*table.primary_key.columns)
    listed = connection.execute(asked)
    return tuple({name: value for name, value in row.items() if name != "workspace"} for row in listed.mappings())


def _people(connection: Connection, workspace: str, found: Mapping[str, Rows]) -> dict[int, tuple[str, str]]:
    """Name and role of everybody the rows point to."""
    ids = {
        row[column]
        for name, ties in TIES.items()
        for column in ties
        for row in found.get(name, ())
        if isinstance(row[column], int)
    }
    ids |= {int(row["actor"][7:]) for row in found["audit"] if row["actor"].removeprefix("person:").isdecimal()}
    everyone = rows.people(connection, workspace)
    return {row["id"]: (row["name"], row["role"]) for row in everyone if row["id"] in ids}


def _told(connection: Connection, workspace: str, person: int) -> Rows:
    """When others were told something in which the person is named, and who; not what."""
    table, seqs = TABLES["deliveries"], naming(connection, workspace, person)
    columns = (
        table.c.id, table.c.payload, table.c.subject, table.c.kind, table.c.state, table.c.due_at, table.c.settled_at,
    )  # fmt: skip
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(seqs), 500):
        chunk = seqs[start : start + 500]
        asked = select(*columns).where(table.c.workspace == workspace, table.c.seq.in_(chunk)).order_by(table.c.seq)
        found += [row for row in map(dict, connection.execute(asked).mappings()) if not _of_an_alert(row)]
    shown = ("kind", "state", "due_at", "settled_at")
    return tuple({"recipient": OTHERS, **{name: row[name] for name in shown}} for row in found)


def _days(connection: Connection, workspace: str, seats: Rows) -> Mapping[int, date]:
    ids = {row["conference_id"] for row in seats}
    asked = select(Conference.id, Conference.date).where(Conference.workspace == workspace, Conference.id.in_(ids))
    return {row.id: row.date for row in connection.execute(asked)}


# --- what was said to others -----------------------------------------------------------------------------------------


def _lanes(own: Mapping[str, Any], conferences: Rows) -> set[str]:
    """The recipients that are somebody's own."""
    channels = {f"conference:{one['id']}" for one in conferences}
    return {f"mail:{own['id']}", *channels} | (
        {own["slack_id"], f"home:{own['slack_id']}"} if own["slack_id"] else set()
    )


def _lane(row: Mapping[str, Any], own: Mapping[str, Any], lanes: Collection[str]) -> Mapping[str, Any]:
    """What was said to the student, beside them or in their channel, as it is; to others, that it was."""
    beside = row["subject"] == f"person:{own['id']}" and "thread" in row["payload"]
    return _addressed(row, lanes) if row["recipient"] in lanes or beside else _withhold(row, lanes)


def _withhold(row: Mapping[str, Any], lanes: Collection[str]) -> Mapping[str, Any]:
    kept = {name: row["payload"][name] for name in ("template", "message", "letter") if name in row["payload"]}
    return _addressed({**row, "payload": {**kept, **WITHHELD}}, lanes)


def _addressed(row: Mapping[str, Any], lanes: Collection[str]) -> Mapping[str, Any]:
    """Without the account of anybody else, and without where they were told."""
    if row["recipient"] in lanes:
        return row
    return {**row, "recipient": OTHERS, "dedupe_key": "", "ref_channel": None, "ref_ts": None}


# --- what is the counselors' -----------------------------------------------------------------------------------------


def _flaggable(found: Mapping[str, Rows]) -> Iterator[Mapping[str, Any]]:
    for name in FLAGGED:
        yield from found[name]


def _without(found: Mapping[str, Rows]) -> dict[str, Rows]:
    """The rows but for what was flagged, and but for what would tell that something was."""
    flagged = [row for row in _flaggable(found) if row["alarm"]]
    messages = {(row["conversation_id"], row["ts"]) for row in found["answer"] if row["alarm"]}
    texts = {" ".join(row["text"].split()) for row in flagged}
    held = {conversation for conversation, _ in messages}
    kept = {name: () if name in ALERTS else listed for name, listed in found.items()}
    kept["answer"] = tuple(row for row in found["answer"] if (row["conversation_id"], row["ts"]) not in messages)
    kept["note"] = tuple(row for row in found["note"] if not row["alarm"])
    things = {f"{name}:{row['id']}" for name in FLAGGED for row in found[name] if row["alarm"]}
    kept["audit"] = tuple(row for row in found["audit"] if row["kind"] != "alert" and row["thing"] not in things)
    kept["deliveries"] = tuple(_unexplained(row) for row in found["deliveries"] if not _of_an_alert(row))
    kept["flow_state"] = tuple(_emptied(row, row["conversation_id"] in held) for row in found["flow_state"])
    kept["conversation"] = tuple(_unheld(row, row["id"] in held) for row in found["conversation"])
    heads = [text for text in texts if len(text) >= SHORTEST]
    return {name: tuple(_scrubbed(row, heads) for row in listed) for name, listed in kept.items()}


def _of_an_alert(row: Mapping[str, Any]) -> bool:
    said = str(row["payload"].get("template", ""))
    return str(row["subject"]).startswith("alert:") or said.startswith("safety")


def _unexplained(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "reason": None} if row["reason"] == AWAITED else row


def _emptied(row: Mapping[str, Any], held: bool) -> Mapping[str, Any]:
    return {**row, "state": ""} if held else row


def _unheld(row: Mapping[str, Any], held: bool) -> Mapping[str, Any]:
    status = PAUSED if row["status"] == HELD else row["status"]
    return {**_emptied(row, held or row["status"] == HELD), "status": status}


def _scrubbed(value: Any, texts: Sequence[str]) -> Any:
    """The value without any text in it that has flagged words: those may have been repeated elsewhere."""
    match value:
        case str() if texts:
            plain = " ".join(value.split())
            return "" if any(text in plain for text in texts) else value
        case Mapping():
            return {name: _scrubbed(one, texts) for name, one in value.items()}
        case list() | tuple():
            return [_scrubbed(one, texts) for one in value]
    return value


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
