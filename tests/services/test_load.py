from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.services.roster.load import Change, Changes, Field, Thing, load_school
from bot.services.roster.members import Member, match_members, match_person
from bot.store.models import ALL_METADATA, Conference, Conversation, Guardian, Participant, Person, Term
from bot.store.models import School as SchoolRow
from bot.store.session import Store
from tests.school.folders import CHARTER, CONFERENCES, ROSTER, ics, school

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
LATER_ON = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
WORKSPACE = "T0SCHOOL"
EMPTY = "student,term,date,time,minutes,place,adults\n"

TEXTS = {"charter": CHARTER, "roster": ROSTER, "conferences": CONFERENCES}


def load(
    store: Store,
    charter: str = CHARTER,
    roster: str = ROSTER,
    conferences: str = CONFERENCES,
    now: datetime = NOW,
    workspace: str = WORKSPACE,
) -> Changes:
    with store.write() as connection:
        return load_school(connection, workspace, school(charter, roster, conferences), now)


def everything(store: Store) -> dict[str, list[Any]]:
    with store.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for metadata in ALL_METADATA
            for table in metadata.sorted_tables
        }


def person(store: Store, key: str, workspace: str = WORKSPACE) -> dict[str, Any]:
    with store.read() as connection:
        statement = select(Person.__table__).where(Person.key == key, Person.workspace == workspace)
        return dict(connection.execute(statement).mappings().one())


def conference(store: Store, student: str) -> dict[str, Any]:
    statement = select(Conference.__table__).join(Person, Person.id == Conference.student_id)
    with store.read() as connection:
        return dict(connection.execute(statement.where(Person.key == student)).mappings().one())


def participants(store: Store, student: str) -> dict[str, str]:
    statement = select(Person.key, Participant.invite).join(Participant, Participant.person_id == Person.id)
    with store.read() as connection:
        found = connection.execute(statement.where(Participant.conference_id == conference(store, student)["id"]))
        return {row.key: row.invite for row in found}


def guardians(store: Store) -> int:
    with store.read() as connection:
        return len(connection.execute(select(Guardian)).all())


def give_slack_id(store: Store, key: str, slack_id: str) -> None:
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key == key).values(slack_id=slack_id, im="D1"))


def match(store: Store, slack_id: str, email: str | None, workspace: str = WORKSPACE) -> int | None:
    with store.write() as connection:
        return match_person(connection, workspace, Member(slack_id, email or ""))


# -- what a load does --------------------------------------------------------------------------------------------------


def test_a_first_load_brings_everything_and_tells_so(store: Store) -> None:
    changes = load(store)
    kinds = [change.what for change in changes.added]
    assert [kinds.count(kind) for kind in Thing] == [1, 2, 0, 0, 10, 2]
    assert (changes.changed, changes.removed) == ((), ())
    assert Change(Thing.PERSON, "Noor Haddad (student noor)") in changes.added
    noor = person(store, "noor")
    assert (noor["email"], noor["grade"], noor["language"], noor["active"]) == ("noor@school.example", "7", "en", True)
    assert noor["advisor_id"] == person(store, "okafor")["id"]


def test_loading_twice_changes_nothing(store: Store) -> None:
    load(store)
    before = everything(store)
    assert not load(store, now=LATER)
    assert everything(store) == before


def test_a_conference_has_the_student_the_advisor_the_family_and_the_adults_it_names(store: Store) -> None:
    load(store)
    assert set(participants(store, "noor")) == {"noor", "okafor", "amal", "reyes", "lind"}
    assert set(participants(store, "theo")) == {"theo", "okafor", "anders"}
    assert set(participants(store, "noor").values()) == {"waiting"}


def test_two_workspaces_do_not_see_each_other(store: Store) -> None:
    load(store)
    before = person(store, "noor")
    assert len(load(store, workspace="T0OTHER", roster=ROSTER.replace("Noor Haddad", "Noor H.")).added) == 15
    assert person(store, "noor") == before
    assert not load(store)


def test_a_load_that_fails_leaves_nothing(store: Store) -> None:
    before = everything(store)
    with pytest.raises(RuntimeError), store.write() as connection:
        load_school(connection, WORKSPACE, school(), NOW)
        raise RuntimeError
    assert everything(store) == before


# -- what has changed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            {"charter": CHARTER.replace('"half"', '"full"')},
            Change(Thing.SCHOOL, "Hillside School", (Field("level", "half", "full"),)),
        ),
        (
            {"charter": CHARTER.replace('"bell", "ortiz"', '"ortiz", "bell"')},
            Change(Thing.SCHOOL, "Hillside School", (Field("counselors", "bell ortiz", "ortiz bell"),)),
        ),
        (
            {"charter": CHARTER.replace("2026-12-18", "2026-12-17")},
            Change(Thing.TERM, "Autumn 2026", (Field("ends", "2026-12-18", "2026-12-17"),)),
        ),
        (
            {"roster": ROSTER.replace("Theo Lindqvist,,7", "Theo Lind,,8")},
            Change(
                Thing.PERSON,
                "Theo Lind (student theo)",
                (Field("name", "Theo Lindqvist", "Theo Lind"), Field("grade", "7", "8")),
            ),
        ),
        (
            {"roster": ROSTER.replace(",noor,es", ",theo noor,es")},
            Change(Thing.PERSON, "Amal Haddad (family amal)", (Field("students", "noor", "noor theo"),)),
        ),
        (
            {"conferences": CONFERENCES.replace("17:30", "18:00").replace("room 12,reyes lind", "gym,reyes")},
            Change(
                Thing.CONFERENCE,
                "noor, Autumn 2026",
                (
                    Field("time", "17:30", "18:00"),
                    Field("place", "room 12", "gym"),
                    Field("people", "amal lind noor okafor reyes", "amal noor okafor reyes"),
                ),
            ),
        ),
    ],
)
def test_a_change_is_told_field_by_field_and_made_once(store: Store, after: dict[str, str], told: Change) -> None:
    charter, roster, conferences = (after.get(name, text) for name, text in TEXTS.items())
    load(store)
    changes = load(store, charter, roster, conferences)
    assert told in changes.changed
    assert (changes.added, changes.removed) == ((), ())
    assert not load(store, charter, roster, conferences)


def test_a_new_advisor_takes_the_old_ones_place_in_the_conference(store: Store) -> None:
    load(store)
    roster = ROSTER.replace("7,okafor,,,", "7,varga,,,", 1) + "varga,advisor,Mr. Varga,,,,,,\n"
    changes = load(store, roster=roster)
    told = next(change for change in changes.changed if change.what is Thing.PERSON)
    assert told.fields == (Field("advisor", "okafor", "varga"),)
    assert {"varga", "okafor"} & set(participants(store, "noor")) == {"varga"}


def test_who_already_joined_a_channel_stays_joined(store: Store) -> None:
    load(store)
    with store.write() as connection:
        connection.execute(update(Participant).values(invite="joined"))
    load(store, conferences=CONFERENCES.replace("reyes lind", "reyes tan"))
    assert participants(store, "noor")["reyes"] == "joined"
    assert participants(store, "noor")["tan"] == "waiting"
    assert "lind" not in participants(store, "noor")


def test_a_renamed_term_keeps_its_conferences(store: Store) -> None:
    load(store)
    before = conference(store, "noor")["id"]
    changes = load(store, CHARTER.replace("Autumn", "Fall"), ROSTER, CONFERENCES.replace("Autumn", "Fall"))
    assert [change.fields for change in changes.changed] == [(Field("name", "Autumn 2026", "Fall 2026"),)]
    assert not changes.added
    assert conference(store, "noor")["id"] == before


# -- what is gone ------------------------------------------------------------------------------------------------------


def without(text: str, *starts: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(starts))


def test_who_leaves_is_kept_but_no_longer_active_and_may_come_back(store: Store) -> None:
    load(store)
    theo = person(store, "theo")
    gone = load(store, CHARTER, without(ROSTER, "theo", "anders"), without(CONFERENCES, "theo"))
    assert [change.name for change in gone.removed] == [
        "Theo Lindqvist (student theo)",
        "Anders Lindqvist (family anders)",
        "theo, Autumn 2026",
    ]
    assert person(store, "theo") == theo | {"active": False}
    assert conference(store, "theo")["cancelled"]
    assert guardians(store) == 1
    assert not load(store, CHARTER, without(ROSTER, "theo", "anders"), without(CONFERENCES, "theo"))
    back = load(store)
    assert (Field("active", "no", "yes"),) in [change.fields for change in back.changed if "student" in change.name]
    assert person(store, "theo") == theo
    assert not conference(store, "theo")["cancelled"]
    assert guardians(store) == 2


def test_a_cancelled_conference_keeps_what_was_said_for_it(store: Store) -> None:
    load(store)
    row = conference(store, "noor")
    with store.write() as connection:
        connection.execute(
            insert(Conversation).values(
                workspace=WORKSPACE, person_id=row["student_id"], conference_id=row["id"], updated_at=NOW
            )
        )
    load(store, conferences=EMPTY)
    assert conference(store, "noor")["cancelled"]
    with store.read() as connection:
        assert connection.scalar(select(Conversation.conference_id)) == row["id"]


def test_a_conference_that_was_held_is_not_cancelled_by_the_next_terms_table(store: Store) -> None:
    load(store)
    after_noor = datetime(2026, 12, 11, 5, 30, tzinfo=UTC)  # 00:30 of the day after, where the school is
    changes = load(store, conferences=EMPTY, now=after_noor)
    assert [change.name for change in changes.removed] == ["theo, Autumn 2026"]
    assert not conference(store, "noor")["cancelled"]


def test_the_schools_own_clock_decides_whether_a_day_is_over(store: Store) -> None:
    load(store)
    still_that_day = datetime(2026, 12, 11, 4, 30, tzinfo=UTC)
    assert len(load(store, conferences=EMPTY, now=still_that_day).removed) == 2


def test_a_term_goes_only_if_it_never_had_a_conference(store: Store) -> None:
    load(store)
    spring = (
        CHARTER[: CHARTER.index("[[term]]")] + '[[term]]\nname = "Spring"\nstarts = 2027-04-06\nends = 2027-06-18\n'
    )
    changes = load(store, spring, conferences=EMPTY)
    assert [change.name for change in changes.removed if change.what is Thing.TERM] == ["Winter 2027"]
    with store.read() as connection:
        assert set(connection.scalars(select(Term.name))) == {"Autumn 2026", "Spring"}
    assert not load(store, spring, conferences=EMPTY)


def test_the_day_of_loading_is_that_of_the_last_change(store: Store) -> None:
    load(store)
    load(store, now=LATER)
    with store.read() as connection:
        assert connection.scalar(select(SchoolRow.loaded_at)) == NOW
    load(store, CHARTER.replace('"half"', '"full"'), now=LATER)
    with store.read() as connection:
        assert connection.scalar(select(SchoolRow.loaded_at)) == LATER


# -- who is who in Slack -----------------------------------------------------------------------------------------------


def test_a_person_is_matched_by_e_mail_when_they_first_appear(store: Store) -> None:
    load(store)
    noor = person(store, "noor")["id"]
    assert match(store, "U1", " NOOR@school.example ") == noor
    assert match(store, "U1", None) == noor
    assert person(store, "noor")["slack_id"] == "U1"
    assert not load(store)


def test_a_slack_id_of_the_roster_needs_no_e_mail(store: Store) -> None:
    load(store)
    assert match(store, "U0THEO", None) == person(store, "theo")["id"]


@pytest.mark.parametrize("email", [None, "", "nobody@school.example"])
def test_a_stranger_is_nobody(store: Store, email: str | None) -> None:
    load(store)
    assert match(store, "U9", email) is None


def test_nobody_gets_an_id_that_somebody_has_whatever_their_e_mail(store: Store) -> None:
    load(store)
    match(store, "U1", "reyes@school.example")
    assert match(store, "U1", "noor@school.example") == person(store, "reyes")["id"]
    assert person(store, "noor")["slack_id"] is None


def test_who_has_an_id_does_not_get_another(store: Store) -> None:
    load(store)
    match(store, "U1", "noor@school.example")
    assert match(store, "U2", "noor@school.example") is None
    assert person(store, "noor")["slack_id"] == "U1"


def test_who_has_left_is_nobody(store: Store) -> None:
    load(store)
    match(store, "U1", "tan@school.example")
    load(store, roster=without(ROSTER, "tan", "reyes"), conferences=CONFERENCES.replace("reyes ", ""))
    assert match(store, "U1", "tan@school.example") is None
    assert match(store, "U2", "reyes@school.example") is None


def test_an_e_mail_matches_in_its_own_workspace_only(store: Store) -> None:
    load(store)
    assert match(store, "U1", "noor@school.example", workspace="T0OTHER") is None


def test_an_id_in_the_roster_is_taken_from_who_was_wrongly_matched(store: Store) -> None:
    load(store)
    give_slack_id(store, "reyes", "U1")
    roster = ROSTER.replace("lind@school.example,,,,,", "lind@school.example,,,,,U1")
    assert [change.fields for change in load(store, roster=roster).changed] == [(Field("slack_id", "", "U1"),)]
    assert person(store, "lind")["slack_id"] == "U1"
    assert (person(store, "reyes")["slack_id"], person(store, "reyes")["im"]) == (None, None)
    assert not load(store, roster=roster)


def test_two_people_may_swap_their_ids(store: Store) -> None:
    first = ROSTER.replace("reyes@school.example,,,,,", "reyes@school.example,,,,,U1").replace(
        "lind@school.example,,,,,", "lind@school.example,,,,,U2"
    )
    load(store, roster=first)
    load(store, roster=first.replace(",U1", ",U3").replace(",U2", ",U1").replace(",U3", ",U2"))
    assert (person(store, "reyes")["slack_id"], person(store, "lind")["slack_id"]) == ("U2", "U1")


def test_a_corrected_e_mail_undoes_the_match_with_the_wrong_account(store: Store) -> None:
    load(store)
    give_slack_id(store, "noor", "U1")
    load(store, roster=ROSTER.replace("Noor@school", "noor.haddad@school"))
    assert person(store, "noor")["slack_id"] is None
    assert match(store, "U2", "noor.haddad@school.example") == person(store, "noor")["id"]


def test_a_person_under_a_new_roster_id_is_found_again_by_e_mail(store: Store) -> None:
    load(store)
    match(store, "U1", "tan@school.example")
    load(store, roster=ROSTER.replace("tan,coordinator", "s-0042,coordinator"))
    assert match(store, "U1", "tan@school.example") == person(store, "s-0042")["id"]


def test_all_members_of_a_workspace_are_matched_at_once(store: Store) -> None:
    load(store)
    match(store, "U1", "noor@school.example")
    members = [
        Member("U1", "lind@school.example"),
        Member("U2", "Reyes@school.example"),
        Member("U3", "x@y.example"),
        Member("U4", "tan@school.example"),
    ]
    with store.write() as connection:
        found = match_members(connection, WORKSPACE, members)
        assert match_members(connection, WORKSPACE, members) == []
    assert found == [person(store, key)["id"] for key in ("reyes", "tan")]
    ids = [person(store, key)["slack_id"] for key in ("noor", "lind", "reyes", "tan")]
    assert ids == ["U1", None, "U2", "U4"]


# -- calendar and cadence ----------------------------------------------------------------------------------------------

SNOW = '\n[[day]]\nkind = "closed"\nname = "Snow day"\nstarts = 2026-12-01\n'
BREAK = ics("20261125/20261128 Thanksgiving break")
TWELVE = "[nudge.letter]\ndays = -12\n"


def load_days(
    store: Store, charter: str = CHARTER, calendar: str = "", cadence: str = "", now: datetime = NOW
) -> Changes:
    with store.write() as connection:
        return load_school(connection, WORKSPACE, school(charter, calendar=calendar, cadence=cadence), now)


def told(changes: Changes) -> list[str]:
    parts = (("+", changes.added), ("~", changes.changed), ("-", changes.removed))
    return [f"{change.what}: {sign} {change.name}" for sign, listed in parts for change in listed]


def test_days_that_differ_are_told_one_by_one(store: Store) -> None:
    load_days(store)
    assert told(load_days(store, CHARTER + SNOW, BREAK)) == [
        "calendar: + break Thanksgiving break 2026-11-25 to 2026-11-27",
        "calendar: + closed Snow day 2026-12-01",
    ]
    assert told(load_days(store, CHARTER, BREAK)) == ["calendar: - closed Snow day 2026-12-01"]


def test_another_school_week_is_told_with_both(store: Store) -> None:
    load_days(store)
    (change,) = load_days(store, 'school_week = ["monday", "saturday"]\n' + CHARTER).changed
    both = Field("days", "monday tuesday wednesday thursday friday", "monday saturday")
    assert change == Change(Thing.CALENDAR, "school week", (both,))


def test_another_cadence_is_told_nudge_by_nudge(store: Store) -> None:
    load_days(store)
    changes = load_days(store, cadence=TWELVE + "[nudge.evidence]\noff = true\n[limits.student]\nper_week = 1\n")
    assert changes.removed == (Change(Thing.CADENCE, "evidence"),)
    letter, limit = changes.changed
    assert letter == Change(Thing.CADENCE, "letter", (Field("days", "-14", "-12"),))
    assert (limit.name, limit.fields[0]) == ("limits.student", Field("per_week", "2", "1"))
    assert told(load_days(store)) == ["cadence: + evidence", "cadence: ~ letter", "cadence: ~ limits.student"]


def test_loading_days_and_a_cadence_twice_changes_nothing(store: Store) -> None:
    load_days(store, CHARTER + SNOW, BREAK, TWELVE)
    before = everything(store)
    assert not load_days(store, CHARTER + SNOW, BREAK, TWELVE, LATER_ON)
    assert everything(store) == before


def test_a_stored_cadence_that_this_version_does_not_take_can_be_replaced(store: Store) -> None:
    load_days(store)
    with store.write() as connection:
        connection.execute(update(SchoolRow).values(cadence='[nudge.of_old]\nat = "14:00"\n'))
    assert "cadence: + letter" in told(load_days(store, cadence=TWELVE))


def test_people_are_known_since_they_were_added_or_came_back(store: Store) -> None:
    without = ROSTER.replace("tan,coordinator,Mr. Tan,tan@school.example,,,,,\n", "")
    load(store, roster=without)
    load(store, now=LATER)
    assert (person(store, "noor")["since"], person(store, "tan")["since"]) == (NOW, LATER)
    load(store, roster=without, now=LATER)
    load(store, now=LATER_ON)
    assert (person(store, "noor")["since"], person(store, "tan")["since"]) == (NOW, LATER_ON)


def test_the_roster_does_not_bring_back_whose_account_slack_says_is_gone(store: Store) -> None:
    load(store)
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key == "theo").values(slack_id=None))
    assert not load(store, now=LATER)
    assert person(store, "theo")["slack_id"] is None
    load(store, roster=ROSTER.replace("U0THEO", "U0THEO2"))
    assert person(store, "theo")["slack_id"] == "U0THEO2"


def test_whoever_comes_back_into_the_roster_has_the_id_it_gives(store: Store) -> None:
    load(store)
    without = ROSTER.replace("theo,student,Theo Lindqvist,,7,okafor,,es,U0THEO\n", "").replace(",theo,,", ",noor,,")
    load(
        store, roster=without.replace("reyes@school.example,,,,,", "reyes@school.example,,,,,U0THEO"), conferences=EMPTY
    )
    load(store)
    assert (person(store, "theo")["slack_id"], person(store, "reyes")["slack_id"]) == ("U0THEO", None)
