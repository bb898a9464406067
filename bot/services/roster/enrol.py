"""The people of a school: those of the roster into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from bot.school import Contact, Person
from bot.services.roster.changes import Ledger, Thing
from bot.store import models
from bot.store import roster as rows

Stored = Mapping[str, RowMapping]
Families = Mapping[tuple[int, int], tuple[str, str]]


def enrol(
    connection: Connection, workspace: str, roster: Sequence[Person], now: datetime, ledger: Ledger
) -> dict[str, int]:
    """Make the stored people those of the roster; ids of everyone by key, also of those who have left.

    Who is missing from the roster is set inactive and keeps what they wrote. A Slack id the roster gives anew goes to
    that person, whoever was taken for it before; a changed e-mail undoes the match that rested on the old one. An id
    given before is not given again: Slack may have said since that the account is gone.
    """
    stored = {row["key"]: row for row in rows.people(connection, workspace)}
    families = rows.guardians(connection, workspace)
    slack = _slack_ids(stored, roster)
    _release(connection, stored, slack)
    new = [person for person in roster if person.key not in stored]
    rows.add(connection, models.Person, [_new(workspace, person, now) for person in new])
    for person in new:
        ledger.added(Thing.PERSON, _called(person.role, person.name, person.key))
    ids = {row["key"]: row["id"] for row in (rows.people(connection, workspace) if new else stored.values())}
    _change(connection, stored, roster, slack, ids, now)
    _tell(stored, roster, _families(stored, families), ledger)
    _retire(connection, stored, roster, ledger)
    _belong(connection, workspace, roster, ids, families)
    _hush(stored, roster, families, ledger)
    return ids


def _belong(
    connection: Connection, workspace: str, roster: Sequence[Person], ids: Mapping[str, int], families: Families
) -> None:
    """Who belongs to which student, lives where, and may be reached how."""
    wished = {
        (ids[person.key], ids[student]): (person.household, person.contact.value)
        for person in roster
        for student in person.students
    }
    rows.remove_guardians(connection, [pair for pair, kept in families.items() if wished.get(pair) != kept])
    new = {pair: kept for pair, kept in wished.items() if families.get(pair) != kept}
    rows.add_guardians(connection, workspace, new)


def _hush(stored: Stored, roster: Sequence[Person], families: Families, ledger: Ledger) -> None:
    """Note who is not to be contacted from now on, or on paper only; and who may be reached in another way."""
    before = {adult: contact for (adult, _), (_, contact) in families.items()}
    for person in roster:
        row = stored.get(person.key)
        if row is None:
            continue
        contact = before.get(row["id"], person.contact)
        if person.contact is not Contact.ALL and contact == Contact.ALL:
            ledger.hushed(row["id"])
        addressed = (person.email, person.contact) != (row["email"], contact) and row["id"] in before
        if addressed or (person.slack_id and person.slack_id != row["given_slack_id"]):
            ledger.readdressed(row["id"])


def _values(person: Person) -> dict[str, Any]:
    return {
        "role": person.role.value,
        "name": person.name,
        "email": person.email,
        "grade": person.grade,
        "language": person.language,
        "given_slack_id": person.slack_id,
        "level": person.level.value if person.level is not None else None,
        "active": True,
    }


def _spoken(row: RowMapping, person: Person) -> str:
    """The language they chose themselves, which the roster does not change."""
    return row["chosen_language"] or person.language


def _new(workspace: str, person: Person, now: datetime) -> dict[str, Any]:
    who = {"workspace": workspace, "key": person.key, "slack_id": person.slack_id, "since": now}
    return {**who, **_values(person)}


def _slack_ids(stored: Stored, roster: Sequence[Person]) -> dict[str, str | None]:
    """The Slack id each stored person is to have now."""
    given = {person.slack_id for person in roster if person.slack_id}
    addresses = {person.email for person in roster if person.email}
    here = {person.key: person for person in roster}

    def decide(row: RowMapping) -> str | None:
        person = here.get(row["key"])
        if person and person.slack_id:
            if person.slack_id != row["given_slack_id"] or not row["active"]:
                return person.slack_id
            if row["slack_id"] in (None, person.slack_id):
                return person.slack_id if row["slack_id"] else None
        moved = row["email"] in addresses if person is None else row["email"] and row["email"] != person.email
        return None if moved or row["slack_id"] in given else row["slack_id"]

    return {key: decide(row) for key, row in stored.items()}


def _release(connection: Connection, stored: Stored, slack: Mapping[str, str | None]) -> None:
    # First everyone lets go of an id that is not theirs any more: two people may be swapping theirs.
    gone = {row["id"]: {"slack_id": None, "im": None} for key, row in stored.items() if row["slack_id"] != slack[key]}
    rows.change(connection, models.Person, gone)


def _change(
    connection: Connection,
    stored: Stored,
    roster: Sequence[Person],
    slack: Mapping[str, str | None],
    ids: Mapping[str, int],
    now: datetime,
) -> None:
    updates: dict[int, dict[str, Any]] = {}
    for person in roster:
        wished: dict[str, Any] = {"advisor_id": ids[person.advisor] if person.advisor else None}
        row = stored.get(person.key)
        if row is None:
            updates[ids[person.key]] = {name: value for name, value in wished.items() if value}
            continue
        wished |= _values(person) | {"slack_id": slack[person.key], "language": _spoken(row, person)}
        if not row["active"]:
            wished["since"] = now
        updates[row["id"]] = {name: value for name, value in wished.items() if row[name] != value}
    rows.change(connection, models.Person, updates)


def _tell(stored: Stored, roster: Sequence[Person], families: Mapping[str, _Family], ledger: Ledger) -> None:
    keys = {row["id"]: key for key, row in stored.items()}
    for person in roster:
        if row := stored.get(person.key):
            before = {
                **row,
                "advisor": keys.get(row["advisor_id"]),
                **asdict(families.get(person.key, _Family())),
                "slack_id": row["given_slack_id"],
            }
            family = _Family(frozenset(person.students), person.household, person.contact.value)
            after = {**_values(person), "advisor": person.advisor, **asdict(family)}
            after["language"] = _spoken(row, person)
            if after["language"] != row["language"]:
                ledger.respoken(row["id"])
            after["slack_id"] = after.pop("given_slack_id")
            ledger.compare(Thing.PERSON, _called(person.role, person.name, person.key), before, after)


@dataclass(frozen=True)
class _Family:
    """What a row of the roster says of somebody as family."""

    students: frozenset[str] = frozenset()
    household: str = ""
    contact: str = Contact.ALL.value


def _families(stored: Stored, families: Families) -> dict[str, _Family]:
    keys = {row["id"]: key for key, row in stored.items()}
    found: dict[str, _Family] = {}
    for (adult, student), (household, contact) in families.items():
        others = found.get(keys[adult], _Family()).students
        found[keys[adult]] = _Family(others | {keys[student]}, household, contact)
    return found


def _retire(connection: Connection, stored: Stored, roster: Sequence[Person], ledger: Ledger) -> None:
    here = {person.key for person in roster}
    gone = [row for key, row in stored.items() if key not in here and row["active"]]
    rows.change(connection, models.Person, {row["id"]: {"active": False} for row in gone})
    for row in gone:
        ledger.removed(Thing.PERSON, _called(row["role"], row["name"], row["key"]))


def _called(role: str, name: str, key: str) -> str:
    return f"{name} ({role} {key})"
