"""What Slack says of its people, and what the bot makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot.practice import Fault
from bot.practice.stage import Stage
from bot.slack.directory import Directory
from bot.slack.rollcall import RollCall
from bot.store.models import Person
from tests.stages import Student


def stored(stage: Stage, key: str = "noor") -> Any:
    with stage.bot.house.store.read() as connection:
        return connection.execute(
            select(Person.slack_id, Person.time_zone, Person.active).where(Person.key == key)
        ).one()


@pytest.fixture
def roll_call(stage: Stage) -> RollCall:
    directory = Directory(stage.workspace.bot_token, stage.workspace.api_url)
    return RollCall(stage.bot.house, directory, stage.workspace.team_id, stage.bot.dispatcher.hand_over)


def listed(stage: Stage) -> int:
    return sum(call.method == "users.list" for call in stage.workspace.calls)


def test_people_of_a_loaded_school_have_slack_s_zones(stage: Stage) -> None:
    assert stored(stage).time_zone == "America/New_York"


def test_whoever_travels_takes_their_zone_along(stage: Stage, noor: Student) -> None:
    noor.person.travel("Europe/Madrid")
    assert stored(stage).time_zone == "Europe/Madrid"


def test_the_zone_of_somebody_new_is_asked_with_who_they_are(stage: Stage) -> None:
    ravi = stage.workspace.person("Deepa Menon", "U0NEW", "varga@school.example", tz="Asia/Kolkata")
    stage.people["varga"].deactivate()
    ravi.dm("hello")
    stage.run()
    assert stored(stage, "varga")[:2] == ("U0NEW", "Asia/Kolkata")


def test_a_deactivated_student_is_without_an_account_and_back_with_it(stage: Stage, noor: Student) -> None:
    noor.arrive()
    noor.person.deactivate()
    assert stored(stage)[::2] == (None, True)
    noor.person.reactivate()
    stage.run()
    assert stored(stage).slack_id == "UNOOR"
    noor.say("hi")
    assert noor.person.sees()


def test_what_happened_while_nobody_listened_is_learned_by_the_daily_roll_call(
    stage: Stage, roll_call: RollCall
) -> None:
    stage.people["noor"].tz = "Asia/Tokyo"
    stage.people["theo"].deleted = True
    roll_call()
    assert (stored(stage).time_zone, stored(stage, "theo").slack_id) == ("Asia/Tokyo", None)


def test_the_roll_is_called_once_a_day(stage: Stage, roll_call: RollCall) -> None:
    for hours, asked in ((0, 1), (23, 1), (1, 2)):
        stage.clock.advance(hours=hours)
        roll_call()
        assert listed(stage) == asked


def test_a_roll_call_slack_refuses_is_logged_by_name_and_tried_the_next_day(
    stage: Stage, roll_call: RollCall, caplog: pytest.LogCaptureFixture
) -> None:
    stage.people["noor"].tz = "Asia/Tokyo"
    stage.workspace.fault("users.list", Fault.refused("missing_scope"))
    roll_call()
    assert f"roll_call_failed workspace={stage.workspace.team_id} reason=missing_scope" in caplog.text
    assert stored(stage).time_zone == "America/New_York"
    stage.clock.advance(days=1)
    roll_call()
    assert stored(stage).time_zone == "Asia/Tokyo"
