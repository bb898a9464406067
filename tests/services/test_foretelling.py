from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.services.nudges.foretelling import told
from bot.services.nudges.quarter import replan
from bot.services.roster.load import load_school
from bot.store.session import Store
from scheduler.outbox import Outbox
from tests.school.folders import CONFERENCES, ROSTER, school

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
THEO = "theo,Autumn 2026,2026-12-11,16:00,15,room 12,\n"
OFF = "[nudge.letter]\noff = true\n[nudge.reminder]\noff = true\n"


def lines(store: Store, **files: str) -> list[str]:
    with store.write() as connection:
        load_school(connection, "T0SCHOOL", school(**files), NOW)
    return told(replan(store, Outbox("load"), "T0SCHOOL", NOW))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"conferences": CONFERENCES.replace(THEO, "")}, "the conference is cancelled or gone"),
        ({"cadence": OFF}, "taken out of the cadence"),
        (
            {
                "conferences": CONFERENCES.replace(THEO, ""),
                "roster": ROSTER.replace("theo,student,Theo Lindqvist,,7,okafor,,es,U0THEO\n", "").replace(
                    "anders,family,Anders Lindqvist,,,,theo,,\n", ""
                ),
            },
            "no longer in the roster",
        ),
    ],
)
def test_why_nudges_are_not_wanted_any_more_is_told_as_it_is_and_in_the_order_of_time(
    store: Store, files: dict[str, str], why: str
) -> None:
    assert any(line.startswith("  + Theo Lindqvist: letter") for line in lines(store))
    gone = [line for line in lines(store, **files) if line.endswith(f", not wanted any more: {why}")]
    steps = [line.split(": ")[1].split()[0] for line in gone]
    assert steps.index("letter") < steps.index("reminder")
