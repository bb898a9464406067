"""Homes of a student, and adults who are told on paper, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from bot.services.channels import channel
from bot.services.family import households, inviting
from bot.services.family.households import Reach
from bot.services.roster.changes import Changes
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.services.speech import Kind
from bot.store.models import Conference, Participant, Person
from bot.store.session import Store
from scheduler.outbox import Draft, Outbox, State, deliveries
from tests.school.folders import ROSTER, school

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)  # two weeks before Noor's conference, in the school's morning
HERE = "T0SCHOOL"
FAMILY = """\
amal,family,Amal Haddad,amal@home.example,,,noor,es,UAMAL,Elm Street,{amal}
yusuf,family,Yusuf Haddad,yusuf@home.example,,,noor,,,River Road,
rana,family,Rana Haddad,rana@home.example,,,noor,,,River Road,{rana}
hadi,family,Hadi Haddad,,,,noor,,,,none
"""


def load(store: Store, amal: str = "all", rana: str = "all", now: datetime = NOW) -> tuple[Changes, list[Draft]]:
    """Noor has four adults in two homes; what a load of that changed, and what follows from it, put."""
    lines = [line for line in ROSTER.splitlines() if not line.startswith("amal,")]
    roster = "\n".join([f"{lines[0]},household,contact", *lines[1:], FAMILY.format(amal=amal, rana=rana)])
    read = school(roster=roster.replace("okafor@school.example,,,,,", "okafor@school.example,,,,,UOKAFOR"))
    outbox = Outbox("load")
    with store.write() as connection:
        changes = load_school(connection, HERE, read, now)
        drafts = followed(connection, outbox, HERE, changes, now, mails=True)
        outbox.put(connection, drafts, now)
    return changes, drafts


def ids(store: Store) -> tuple[int, int, dict[str, int]]:
    """Noor's conference, Noor, and people by key."""
    with store.read() as connection:
        people = {row.key: row.id for row in connection.execute(select(Person.id, Person.key))}
        conference = connection.scalar(select(Conference.id).where(Conference.student_id == people["noor"]))
    return conference or 0, people["noor"], people


def homes(store: Store, *, mails: bool = True) -> dict[str, dict[str, Reach]]:
    _, noor, _ = ids(store)
    with store.read() as connection:
        found = households.of(connection, HERE, noor, mails=mails)
    return {home.name: {adult.name: adult.reach for adult in home.adults} for home in found}


def take_part(store: Store) -> set[str]:
    conference, _, _ = ids(store)
    asked = select(Person.key).join(Participant, Participant.person_id == Person.id)
    with store.read() as connection:
        return set(connection.scalars(asked.where(Participant.conference_id == conference)))


def waiting(store: Store, kind: Kind) -> list[tuple[str, str]]:
    asked = select(deliveries.c.recipient, deliveries.c.dedupe_key).where(
        deliveries.c.kind == kind, deliveries.c.state == State.SCHEDULED
    )
    with store.read() as connection:
        return sorted((row.recipient, row.dedupe_key.split(":")[0]) for row in connection.execute(asked))


def invite(store: Store) -> None:
    """As the family's welcome does when its time has come."""
    conference, _, _ = ids(store)
    with store.write() as connection:
        Outbox("test").put(connection, inviting.off_slack(connection, HERE, conference, NOW, mails=True), NOW)


def test_each_home_has_its_own_adults_and_each_adult_their_way(store: Store) -> None:
    load(store, rana="print")
    assert homes(store) == {
        "Elm Street": {"Amal Haddad": Reach.SLACK},
        "River Road": {"Rana Haddad": Reach.PRINT, "Yusuf Haddad": Reach.MAIL},
    }
    assert homes(store, mails=False)["River Road"] == {"Rana Haddad": Reach.PRINT, "Yusuf Haddad": Reach.PRINT}
    assert take_part(store) == {"noor", "okafor", "reyes", "lind", "amal", "yusuf", "rana"}  # Hadi is nowhere


def test_who_wishes_for_paper_is_handed_it_once_and_not_brought_into_the_channel(store: Store) -> None:
    load(store, amal="print")
    conference, _, people = ids(store)
    invite(store)
    invite(store)
    assert waiting(store, Kind.MAIL) == [(f"mail:{people[key]}", "mail") for key in ("yusuf", "rana")]
    assert waiting(store, Kind.SAY) == [("UOKAFOR", "handout")]
    with store.write() as connection:
        channel.made(connection, HERE, conference, "CNOOR", "conf-noor-12-10")
        steps = channel.publish(connection, HERE, conference, "test", NOW)
        assert people["amal"] not in [step.payload.get("person") for step in steps]
        told = {one["name"] for one in channel.problems(connection, HERE, conference)}
    assert told == {"Noor Haddad", "Mr. Reyes", "Ms. Lind"}  # of the family, nobody: they are told otherwise


def test_do_not_contact_takes_effect_when_it_is_loaded(store: Store) -> None:
    load(store)
    invite(store)
    conference, _, people = ids(store)
    with store.write() as connection:
        channel.made(connection, HERE, conference, "CNOOR", "conf-noor-12-10")
        channel.invited(connection, HERE, conference, people["amal"], channel.Invite.JOINED)
        letter = Draft(HERE, Kind.SAY, "UAMAL", f"conference:{conference}", {}, "when:UAMAL", NOW)
        Outbox("test").put(connection, [letter], NOW)
    changes, drafts = load(store, amal="none", rana="none")
    told = {(change.name, field.name): (field.before, field.after) for change in changes.changed
            for field in change.fields}  # fmt: skip
    assert told["Amal Haddad (family amal)", "contact"] == ("all", "none")
    assert "amal" not in told["noor, Autumn 2026", "people"][1]
    assert take_part(store) == {"noor", "okafor", "reyes", "lind", "yusuf"}
    assert waiting(store, Kind.MAIL) == [(f"mail:{people['yusuf']}", "mail")]
    assert ("UAMAL", "when") not in waiting(store, Kind.SAY)
    (errand,) = [draft for draft in drafts if draft.payload["template"] == "out_of_channel"]
    assert (errand.recipient, errand.payload["context"]) == (
        "UOKAFOR",
        {"student": "Noor", "name": "Amal Haddad", "channel": "conf-noor-12-10", "silent": True},
    )
    assert homes(store) == {"River Road": {"Yusuf Haddad": Reach.MAIL}}

    load(store)  # and back
    assert take_part(store) == {"noor", "okafor", "reyes", "lind", "amal", "yusuf", "rana"}
