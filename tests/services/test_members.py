from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.practice import HandClock
from bot.services.house import House
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, changed, match_members, match_person, refresh
from bot.services.speech import Kind
from bot.store.models import Conference, Participant, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft, Outbox, State, deliveries
from tests.school.folders import ROSTER, school
from tests.stages import url_of

HERE = "T0SCHOOL"
NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
MADRID = "Europe/Madrid"
NOOR = Member("U0NOOR", "noor@school.example", MADRID)
GONE = Member("U0NOOR", "noor@school.example", gone=True)


@pytest.fixture
def house(store: Store, words: Words) -> House:
    """A school that is loaded, in which nobody has been found in Slack but Theo, by the id the roster gives."""
    with store.write() as connection:
        load_school(connection, HERE, school(), NOW)
    return House(store, Outbox("test"), words, HandClock(NOW))


def person(house: House, key: str) -> Any:
    with house.store.read() as connection:
        return connection.execute(select(*Person.__table__.c).where(Person.key == key)).one()


def put(house: House, key: str, recipient: str, due: datetime, subject: str = "person:1") -> None:
    draft = Draft(HERE, Kind.SAY, recipient, subject, {"template": "safety_alert", "context": {}}, key, due)
    with house.store.write() as connection:
        house.outbox.put(connection, [draft], NOW)


def states(house: House) -> Mapping[str, str]:
    with house.store.read() as connection:
        return {
            row.dedupe_key: row.state for row in connection.execute(select(deliveries.c.dedupe_key, deliveries.c.state))
        }


# -- time zones --------------------------------------------------------------------------------------------------------


def test_whoever_is_matched_brings_their_time_zone(house: House) -> None:
    with house.store.write() as connection:
        match_person(connection, HERE, NOOR)
        match_members(connection, HERE, [Member("U0TAN", "Tan@school.example", "Asia/Tokyo")])
    assert (person(house, "noor").time_zone, person(house, "tan").time_zone) == (MADRID, "Asia/Tokyo")


def test_the_zone_of_somebody_known_is_the_one_last_heard(house: House) -> None:
    refresh(house, HERE, [NOOR])
    changed(house, HERE, Member("U0NOOR", "noor@school.example", "America/Lima"))
    assert person(house, "noor").time_zone == "America/Lima"


@pytest.mark.parametrize("said", ["", "x" * 65, "../etc/passwd", "Europe/\x00", "Central European Summer Time"])
def test_what_cannot_be_a_zone_leaves_the_one_that_was_known(house: House, said: str) -> None:
    refresh(house, HERE, [NOOR])
    now = Member("U0NOOR", "noor@school.example", said)
    changed(house, HERE, now)
    refresh(house, HERE, [now])
    assert person(house, "noor").time_zone == MADRID


def test_whom_the_roster_does_not_know_stays_unknown(house: House) -> None:
    assert changed(house, HERE, Member("U0X", "x@y.example", MADRID)) == []
    with house.store.read() as connection:
        assert connection.scalars(select(Person.slack_id).where(Person.slack_id == "U0X")).all() == []


def test_the_id_the_roster_gives_comes_before_an_e_mail(house: House) -> None:
    with house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == "theo").values(slack_id=None))
        match_person(connection, HERE, Member("U0THEO", "reyes@school.example"))
    assert (person(house, "theo").slack_id, person(house, "reyes").slack_id) == ("U0THEO", None)


# -- accounts that are gone, and back ----------------------------------------------------------------------------------


def test_to_an_account_that_is_gone_nothing_more_is_sent(house: House) -> None:
    refresh(house, HERE, [NOOR])
    put(house, "hers", "U0NOOR", NOW + timedelta(days=1))
    put(house, "hers now", "U0NOOR", NOW)
    put(house, "about her", "U0OKAFOR", NOW + timedelta(days=1))
    changed(house, HERE, GONE)
    assert (person(house, "noor").slack_id, person(house, "noor").active) == (None, True)
    assert states(house) == {"hers": State.CANCELLED, "hers now": State.CANCELLED, "about her": State.SCHEDULED}


def test_what_was_planned_for_a_gone_account_can_be_planned_anew(house: House) -> None:
    refresh(house, HERE, [NOOR])
    put(house, "nudge:person:1:letter", "U0NOOR", NOW + timedelta(days=1))
    changed(house, HERE, GONE)
    elsewhere = Draft(HERE, Kind.SAY, "U0OKAFOR", "person:1", {}, "nudge:person:1:letter", NOW + timedelta(days=1))
    with house.store.write() as connection:
        house.outbox.replan(connection, HERE, "nudge:person:1:", [elsewhere], NOW)
    assert states(house) == {"nudge:person:1:letter": State.SCHEDULED}


@pytest.mark.parametrize(("key", "member"), [("noor", NOOR), ("theo", Member("U0THEO"))])
def test_an_account_that_is_back_is_found_by_e_mail_or_by_the_id_the_roster_gives(
    house: House, key: str, member: Member
) -> None:
    refresh(house, HERE, [member])
    changed(house, HERE, Member(member.slack_id, member.email, gone=True))
    assert person(house, key).slack_id is None
    with house.store.write() as connection:
        assert not load_school(connection, HERE, school(), NOW)
    assert person(house, key).slack_id is None
    changed(house, HERE, member)
    assert person(house, key).slack_id == member.slack_id


def test_whoever_is_back_is_invited_again_where_they_were(house: House) -> None:
    refresh(house, HERE, [NOOR])
    noor = person(house, "noor").id
    with house.store.write() as connection:
        connection.execute(update(Conference).where(Conference.student_id == noor).values(channel="C1"))
        connection.execute(update(Participant).where(Participant.person_id == noor).values(invite="joined"))
    assert changed(house, HERE, GONE) == []
    assert Kind.INVITE in [delivery.kind for delivery in changed(house, HERE, NOOR)]


def test_whoever_has_left_the_roster_is_not_found_again(house: House) -> None:
    refresh(house, HERE, [NOOR])
    without = ROSTER.replace("tan,coordinator,Mr. Tan,tan@school.example,,,,,\n", "")
    with house.store.write() as connection:
        load_school(connection, HERE, school(roster=without), NOW)
    changed(house, HERE, Member("U0TAN", "tan@school.example", MADRID))
    assert person(house, "tan").slack_id is None


def test_an_alert_that_waits_for_a_gone_counselor_goes_to_the_next_at_once(house: House) -> None:
    refresh(house, HERE, [Member("U0BELL", "bell@school.example"), Member("U0ORTIZ", "ortiz@school.example")])
    put(house, "alert:1:0", "U0BELL", NOW, "alert:1")
    put(house, "alert:1:1", "U0ORTIZ", NOW + timedelta(minutes=30), "alert:1")
    assert changed(house, HERE, Member("U0BELL", gone=True)) == []
    with house.store.read() as connection:
        rows = connection.execute(select(deliveries.c.dedupe_key, deliveries.c.recipient, deliveries.c.due_at)).all()
    assert [tuple(row) for row in rows if row.dedupe_key != "alert:1:0"] == [("alert:1:1", "U0ORTIZ", NOW)]
    assert states(house)["alert:1:0"] == State.CANCELLED


def test_the_last_counselor_s_going_is_an_error_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    refresh(house, HERE, [Member("U0BELL", "bell@school.example"), Member("U0ORTIZ", "ortiz@school.example")])
    changed(house, HERE, Member("U0BELL", gone=True))
    assert "no_counselor_left" not in caplog.text
    changed(house, HERE, Member("U0ORTIZ", gone=True))
    assert "no_counselor_left" in caplog.text


class OnlyRead(Store):
    """A store in which nobody may write."""

    def write(self) -> Any:
        raise AssertionError("asked for the right to write")


def test_what_is_no_news_does_not_even_ask_for_the_right_to_write(house: House) -> None:
    refresh(house, HERE, [NOOR])
    reading = OnlyRead(url_of(house.store))
    for member in (NOOR, Member("U0X", gone=True), Member("U0NOOR", "other@school.example")):
        assert changed(replace(house, store=reading), HERE, member) == []
    reading.close()
