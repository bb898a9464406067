"""The people of a school: those of the roster into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from bot.school import Contact, Person, Role
from bot.services.roster.admission import Account, admitted
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
    given before is not given again: Slack may have said since that the account is gone. Nobody keeps the id of an
    account that their role is not let in with. A student who takes no part is in the roster and inactive all the same.
    """
    stored = {row["key"]: row for row in rows.people(connection, workspace)}
    families = rows.guardians(connection, workspace)
    slack = _slack_ids(stored, roster)
    _release(connection, workspace, stored, slack)
    new = [person for person in roster if person.key not in stored]
    rows.add(connection, models.Person, [_new(workspace, person, now) for person in new])
    for person in new:
        ledger.added(Thing.PERSON, _called(person.role, person.name, person.key))
    ids = {row["key"]: row["id"] for row in (rows.people(connection, workspace) if new else stored.values())}
    rows.change(connection, workspace, models.Person, _changes(stored, roster, slack, ids, now))
    _shut_out(stored, roster, ledger)
    _ask_consent(stored, roster, ledger)
    _tell(stored, roster, _families(stored, families), ledger)
    _retire(connection, workspace, stored, roster, ledger)
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
    gone = [pair for pair, kept in families.items() if wished.get(pair) != kept]
    rows.remove_guardians(connection, workspace, gone)
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


def _consents(row: RowMapping | None, person: Person) -> bool:
    """Whether somebody takes part: as the roster says, else as it was."""
    if person.role is not Role.STUDENT or (person.consent is None and row is None):
        return True
    return bool(row["consent"]) if row is not None and person.consent is None else bool(person.consent)


def _listed(row: RowMapping) -> bool:
    """Whether somebody was in the roster up to now, be it without taking part."""
    return bool(row["active"] or not row["consent"])


def _ask_consent(stored: Stored, roster: Sequence[Person], ledger: Ledger) -> None:
    """Note whose consent was withdrawn or given."""
    for person in roster:
        row, consents = stored.get(person.key), _consents(stored.get(person.key), person)
        if row is not None and consents != row["consent"]:
            ledger.consented(row["id"], consents)


def _values(person: Person, row: RowMapping | None = None) -> dict[str, Any]:
    consents = _consents(row, person)
    return {
        "role": person.role.value,
        "name": person.name,
        "email": person.email,
        "grade": person.grade,
        "language": person.language,
        "given_slack_id": person.slack_id,
        "level": person.level.value if person.level is not None else None,
        "active": consents,
        "consent": consents,
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
        if person and not _let_in(row, person):
            return None
        if person and person.slack_id:
            if person.slack_id != row["given_slack_id"] or not _listed(row):
                return person.slack_id
            if row["slack_id"] in (None, person.slack_id):
                return person.slack_id if row["slack_id"] else None
        moved = row["email"] in addresses if person is None else row["email"] and row["email"] != person.email
        return None if moved or row["slack_id"] in given else row["slack_id"]

    return {key: decide(row) for key, row in stored.items()}


def _let_in(row: RowMapping, person: Person) -> bool:
    """Whether somebody is, in the role the roster gives them now, let in with the account they were found with."""
    known = row["account"] in (Account.GUEST, Account.EXTERNAL) and not _elsewhere(row, person)
    return not known or admitted(person.role, row["account"])


def _elsewhere(row: RowMapping, person: Person) -> bool:
    """Whether the roster says where to find them otherwise than before: what is known of their account is another's."""
    return (person.email, person.slack_id) != (row["email"], row["given_slack_id"])


def _release(connection: Connection, workspace: str, stored: Stored, slack: Mapping[str, str | None]) -> None:
    # First everyone lets go of an id that is not theirs any more: two people may be swapping theirs.
    gone = {row["id"]: {"slack_id": None, "im": None} for key, row in stored.items() if row["slack_id"] != slack[key]}
    rows.change(connection, workspace, models.Person, gone)


def _changes(
    stored: Stored, roster: Sequence[Person], slack: Mapping[str, str | None], ids: Mapping[str, int], now: datetime
) -> dict[int, dict[str, Any]]:
    """By row: what the roster now says otherwise."""
    updates: dict[int, dict[str, Any]] = {}
    for person in roster:
        wished: dict[str, Any] = {"advisor_id": ids[person.advisor] if person.advisor else None}
        row = stored.get(person.key)
        if row is None:
            updates[ids[person.key]] = {name: value for name, value in wished.items() if value}
            continue
        wished |= _values(person, row) | {"slack_id": slack[person.key], "language": _spoken(row, person)}
        if wished["active"] and not row["active"]:
            wished["since"] = now
        if _elsewhere(row, person):
            wished["account"] = Account.UNKNOWN.value
        updates[row["id"]] = {name: value for name, value in wished.items() if row[name] != value}
    return updates


def _shut_out(stored: Stored, roster: Sequence[Person], ledger: Ledger) -> None:
    """Note who had a Slack id that goes no longer with what they are."""
    for person in roster:
        row = stored.get(person.key)
        if row is not None and row["slack_id"] and row["active"] and not _let_in(row, person):
            ledger.shut_out(row["id"], row["slack_id"])


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
            after = {**_values(person, row), "advisor": person.advisor, **asdict(family)}
            if not (row["consent"] and after["consent"]):
                after.pop("active")  # which goes with it
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


def _retire(connection: Connection, workspace: str, stored: Stored, roster: Sequence[Person], ledger: Ledger) -> None:
    here = {person.key for person in roster}
    gone = [row for key, row in stored.items() if key not in here and _listed(row)]
    left = {"active": False, "consent": True}  # it is asked anew of whoever comes back
    rows.change(connection, workspace, models.Person, {row["id"]: left for row in gone})
    for row in gone:
        ledger.removed(Thing.PERSON, _called(row["role"], row["name"], row["key"]))


def _called(role: str, name: str, key: str) -> str:
    return f"{name} ({role} {key})"
