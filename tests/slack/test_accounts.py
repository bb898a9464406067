"""With which account in Slack somebody is who the roster says, from one event to the next."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.conference.access import Role
from bot.practice.stage import Stage
from bot.services.roster.admission import Account, admitted
from bot.services.roster.following import followed
from bot.services.roster.members import Member, refresh
from bot.store.models import Person
from tests.slack.visitors import ELSEWHERE, HERE, Visitor, World
from tests.stages import Student, load, told

LET_IN = """
             ''   member guest external gone
student      yes  yes    yes   no       no
family       yes  yes    yes   yes      no
advisor      yes  yes    no    no       no
teacher      yes  yes    no    no       no
counselor    yes  yes    no    no       no
coordinator  yes  yes    no    no       no
"""
UNKNOWN = "I don't know you yet"


def test_the_rule_is_the_one_written_out_here() -> None:
    head, *lines = (line.split() for line in LET_IN.strip().splitlines())
    accounts = [Account("" if name == "''" else name) for name in head]
    assert {Role(line[0]) for line in lines} == set(Role)
    for role, *wanted in lines:
        assert [admitted(role, account) for account in accounts] == [one == "yes" for one in wanted], role


def account(stage: Stage, key: str) -> tuple[str | None, str]:
    """Somebody's Slack id, and what is kept of their account."""
    with stage.bot.house.store.read() as connection:
        row = connection.execute(select(Person.slack_id, Person.account).where(Person.key == key)).one()
        return row.slack_id, row.account


def asks(stage: Stage, key: str) -> str:
    """What `/conference` says to somebody, in the one answer they get."""
    person = stage.people[key]
    assert person.command("/conference", "").ok
    stage.run()
    return str(person.ephemerals[-1].shown)


@pytest.mark.parametrize("key", ["okafor", "reyes", "bell"])
def test_staff_made_a_guest_are_nobody_from_the_next_event_on_and_somebody_again_with_a_full_account(
    stage: Stage, key: str
) -> None:
    assert UNKNOWN not in asks(stage, key)
    stage.people[key].become(guest=True)
    assert account(stage, key) == (None, "guest")
    assert UNKNOWN in asks(stage, key)
    stage.people[key].become()
    assert account(stage, key) == (f"U{key.upper()}", "member")
    assert UNKNOWN not in asks(stage, key)


@pytest.mark.parametrize("key", ["noor", "yusuf"])
def test_students_and_family_may_be_guests(stage: Stage, key: str) -> None:
    stage.people[key].become(guest=True)
    assert account(stage, key) == (f"U{key.upper()}", "guest")
    assert UNKNOWN not in asks(stage, key)
    assert told(stage, "tan") == []


def test_the_coordinator_is_told_once_with_what_to_do(stage: Stage) -> None:
    stage.people["reyes"].become(guest=True)
    stage.run()
    for _ in range(2):  # what Slack says of him again is no news
        stage.people["reyes"].travel("Europe/Madrid")
        asks(stage, "reyes")
    (news,) = told(stage, "tan")
    assert "I've stopped talking with Mr. Reyes" in news
    assert "In Slack, Mr. Reyes is a guest" in news
    assert "ask a Slack admin to give Mr. Reyes a full account" in news


def test_a_coordinator_who_becomes_a_guest_is_told_nothing(stage: Stage) -> None:
    stage.people["tan"].become(guest=True)
    stage.run()
    assert told(stage, "tan") == []


def test_the_first_word_from_another_workspace_makes_staff_a_stranger(stage: Stage) -> None:
    reyes = stage.people["reyes"]
    reyes.team = ELSEWHERE
    reyes.dm("hello")
    assert account(stage, "reyes") == (None, "external")
    stage.run()
    assert "I don't know you yet" in told(stage, "reyes")[-1]
    assert "belongs to another workspace" in told(stage, "tan")[-1]


def test_a_tap_from_another_workspace_is_no_longer_theirs(noor: Student) -> None:
    noor.arrive()
    made, hers = World(noor.stage), _id(noor.stage, "noor")
    made.tap(Visitor("UOKAFOR", None, team=ELSEWHERE), "look.1", str(hers))
    assert made.opened() == []
    assert account(noor.stage, "okafor") == (None, "external")
    made.tap(Visitor("UOKAFOR", None), "look.1", str(hers))
    assert made.opened() == []


def test_family_may_come_from_another_workspace_and_students_may_not(stage: Stage) -> None:
    made = World(stage)
    for key, left in (("yusuf", "UYUSUF"), ("noor", None)):
        stage.people[key].team = ELSEWHERE
        made.message(Visitor(f"U{key.upper()}", None, team=ELSEWHERE), "hello")
        assert account(stage, key) == (left, "external")


def test_of_an_organizations_other_workspaces_the_user_object_decides(stage: Stage) -> None:
    made = World(stage)
    event = {"type": "app_home_opened", "user": "UREYES", "channel": "D1", "tab": "home", "user_team": ELSEWHERE}
    made.event(Visitor("UREYES", None), {**event, "event_ts": "1.0"}, enterprise="E0SCHOOLS")
    assert account(stage, "reyes")[0] == "UREYES"


def test_whose_e_mail_is_a_guests_is_not_found_and_the_coordinator_hears_of_it(stage: Stage) -> None:
    house = stage.bot.house
    with house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "reyes").values(slack_id=None))
    stage.people["reyes"].guest = True
    stage.people["reyes"].dm("hello")
    stage.run()
    assert account(stage, "reyes") == (None, "guest")
    assert UNKNOWN in told(stage, "reyes")[-1]
    assert "Mr. Reyes" in told(stage, "tan")[-1]
    refresh(house, HERE, [Member("UREYES", "reyes@school.example", account=Account.GUEST)])
    stage.run()
    assert len(told(stage, "tan")) == 1


def test_an_advisor_who_is_no_longer_let_in_sits_beside_nobody(noor: Student) -> None:
    noor.arrive()
    stage, okafor = noor.stage, noor.stage.people["okafor"]
    okafor.command("/conference", "beside Noor Haddad")
    stage.run()
    thread = next(message.ts for message in okafor.sees() if message.app)
    okafor.become(guest=True)
    heard = len(noor.heard)
    okafor.dm("What she said to me is this", thread=thread)
    stage.run()
    assert len(noor.heard) == heard
    assert UNKNOWN in told(stage, "okafor")[-1]


# --- what a load makes of somebody ---------------------------------------------------------------------------

LUCIA = "lucia,family,Lucía Ríos,lucia@home.example,,,mateo,es,"


def loaded(stage: Stage, changes: dict[str, str]) -> None:
    """As the command does it: load, and what follows."""
    done = load(stage, changes)
    house, now = stage.bot.house, stage.clock()
    with house.store.write() as connection:
        drafts = followed(connection, house.outbox, HERE, done, now, mails=False)
        house.outbox.put(connection, drafts, now)
    stage.run()


def test_a_guest_whom_the_roster_makes_a_teacher_is_nobody_at_once(stage: Stage) -> None:
    stage.people["lucia"].become(guest=True)
    assert UNKNOWN not in asks(stage, "lucia")
    loaded(stage, {LUCIA: "lucia,teacher,Lucía Ríos,lucia@home.example,,,,es,"})
    assert account(stage, "lucia") == (None, "guest")
    assert UNKNOWN in asks(stage, "lucia")
    assert "Lucía Ríos is a guest" in told(stage, "tan")[-1]
    loaded(stage, {LUCIA: "lucia,teacher,Lucía Ríos,lucia@home.example,,,,es,"})
    assert len(told(stage, "tan")) == 1


def test_a_role_that_changed_counts_from_the_very_next_tap_on(noor: Student) -> None:
    noor.arrive()
    made, hers = World(noor.stage), str(_id(noor.stage, "noor"))
    okafor = Visitor("UOKAFOR", Role.ADVISOR)
    made.tap(okafor, "look.1", hers)
    assert len(made.opened()) == 1
    with noor.stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "okafor").values(role="teacher"))
    made.tap(okafor, "look.1", hers)
    assert made.opened() == []


def test_who_is_off_the_roster_is_nobody_from_the_very_next_event_on(stage: Stage) -> None:
    assert UNKNOWN not in asks(stage, "lucia")
    loaded(stage, {LUCIA + "\n": ""})
    assert UNKNOWN in asks(stage, "lucia")


def test_who_leaves_slack_is_nobody_from_the_very_next_event_on(noor: Student) -> None:
    noor.arrive()
    made = World(noor.stage)
    noor.stage.people["okafor"].deactivate()
    assert account(noor.stage, "okafor") == (None, "gone")
    made.tap(Visitor("UOKAFOR", Role.ADVISOR), "look.1", str(_id(noor.stage, "noor")))
    assert made.opened() == []


def _id(stage: Stage, key: str) -> int:
    with stage.bot.house.store.read() as connection:
        return int(connection.scalars(select(Person.id).where(Person.key == key)).one())
