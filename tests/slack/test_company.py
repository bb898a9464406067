"""An adult of several conferences of a day is written to once about them all, and no conference is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.practice.faults import Fault
from bot.practice.message import Message
from bot.practice.stage import MONDAY, Stage, set_up
from bot.services import forms
from bot.services.afterwards import checking
from bot.services.command import showing
from bot.services.nudges import company
from bot.store.models import Commitment, Conference
from bot.store.session import Store
from bot.taps import Form
from bot.words import Words
from scheduler import sealed
from scheduler.deliveries import Delivery, State, deliveries, from_row
from tests.slack.afterwards import at, conference_of, person
from tests.slack.groups import FULL, ask_for_ideas, say
from tests.stages import school, url_of

STUDENTS = ("noor", "theo", "mina", "jules")
"""They lead their conferences on one day, with Mr. Reyes at each."""
WHY = "Why you get this"


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    folder = school(tmp_path / "school", FULL)
    for name in ("roster.csv", "conferences.csv"):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()
        kept = [row for row in rows if _kept(row.split(","), name == "roster.csv")]
        (folder / name).write_text("\n".join([head, *kept]), encoding="utf-8")
    with set_up(url_of(store), folder, words, MONDAY) as stage:
        yield stage


def _kept(cells: list[str], roster: bool) -> bool:
    staff = roster and cells[1] in ("advisor", "teacher", "counselor", "coordinator")
    return staff or cells[0] in STUDENTS or (roster and cells[1] == "family" and cells[6] in STUDENTS)


def heard(stage: Stage, key: str, words: str) -> list[Message]:
    """What the bot wrote to somebody with these words in it, oldest first."""
    return [one for one in stage.people[key].sees() if one.app and words in one.shown]


def planned(stage: Stage, step: str, key: str) -> list[Delivery]:
    """The deliveries of a step to somebody, in the order in which they are sent."""
    with stage.bot.house.store.read() as connection:
        about = deliveries.c.dedupe_key.contains(f":{step}:")
        rows = connection.execute(select(*deliveries.c).where(about).order_by(deliveries.c.due_at, deliveries.c.seq))
        return [one for one in map(from_row, rows) if one.payload["person"] == person(stage, key).id]


def became(stage: Stage, step: str, key: str) -> list[tuple[State, str | None]]:
    """What became of them."""
    return sorted((one.state, one.reason) for one in planned(stage, step, key))


def cancel(stage: Stage, conference: int) -> None:
    """It does not take place, and nobody has planned anew yet."""
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Conference).where(Conference.id == conference).values(cancelled=True))


def agree(stage: Stage, student: str, owner: str, what: str) -> int:
    """What somebody said they will do; the commitment's id."""
    with stage.bot.house.store.write() as connection:
        row = {
            "workspace": stage.workspace.team_id, "conference_id": conference_of(stage, student), "key": what,
            "owner_id": person(stage, owner).id, "what": what, "added_by": person(stage, student).id,
            "added_at": stage.clock(),
        }  # fmt: skip
        return connection.execute(
            insert(Commitment).values(sealed.row(Commitment, row)).returning(Commitment.id)
        ).scalar_one()


def sent(*, with_another: int, **others: str) -> list[tuple[State, str | None]]:
    """One that was sent, so many that were said with it, and by their reason those that were refused."""
    told = [(State.CANCELLED, company.SAID)] * with_another
    return sorted([(State.SENT, None), *told, *((State.CANCELLED, reason) for reason in others.values())])


def test_a_teacher_is_asked_for_ideas_about_a_whole_day_at_once(stage: Stage) -> None:
    ask_for_ideas(stage, "noor", "Getting started when I get home.")
    theo = ask_for_ideas(stage, "theo", "How to ask for help.")
    say(stage, theo, "supports.who.1", "mr reyes")
    at(stage, 3, "15:40")
    first, *_ = planned(stage, "ideas", "reyes")
    gone = next(key for key in STUDENTS if conference_of(stage, key) == first.payload["conference"])
    assert gone not in ("noor", "theo")
    cancel(stage, first.payload["conference"])
    other = "jules" if gone == "mina" else "mina"
    stage.wait(minutes=5)

    (asked,) = heard(stage, "reyes", "lead their conferences")
    assert "3 students lead their conferences on Thursday 10 December" in asked.shown
    assert asked.shown.count("reads it first") == 1
    assert "Getting started when I get home." in asked.shown
    assert "How to ask for help." in asked.shown
    assert f"Nothing asked yet:* {other.title()}" in asked.shown
    assert asked.buttons.count("Give an idea") == asked.buttons.count("A note of pride") == 2
    assert not heard(stage, "reyes", "leads a conference")
    assert became(stage, "ideas", "reyes") == sent(with_another=2, gone="the conference is cancelled")

    reyes = stage.people["reyes"]
    assert reyes.tap(other.title(), asked).ok
    assert reyes.modal is not None
    assert f"{other.title()} leads a conference" in reyes.modal.shown
    reyes.close()
    assert reyes.tap("Give an idea", asked).ok
    assert reyes.modal is not None
    reyes.close()
    house, workspace, shown = stage.bot.house, stage.workspace.team_id, f"card:{conference_of(stage, other)}"
    assert showing.opened(house, workspace, stage.people["noor"].id, shown) is None
    at(stage, 4, "17:00")
    assert len(heard(stage, "reyes", "reads it first")) == 1


def test_what_was_seen_and_promised_is_asked_about_once_even_where_an_answer_of_slack_was_lost(stage: Stage) -> None:
    house, workspace = stage.bot.house, stage.workspace.team_id
    at(stage, 10, "19:00")
    promised = [agree(stage, key, "reyes", f"A timer for {key}.") for key in ("noor", "theo")]
    agree(stage, "mina", "lind", "A book.")
    posted = iter((Fault.DROP_BEFORE, Fault.DROP_AFTER))

    def to_reyes(arguments: Any) -> bool:
        return WHY in arguments["text"] and arguments["channel"] == stage.workspace.im(stage.people["reyes"].id).id

    stage.workspace.fault("chat.postMessage", next(posted), when=to_reyes)
    at(stage, 11, "16:29")
    stage.wait(minutes=1)
    assert [one.state for one in planned(stage, "saw", "reyes")] == [State.UNKNOWN, *[State.SCHEDULED] * 3]
    stage.workspace.fault("chat.postMessage", next(posted), when=to_reyes)  # sent again, and then found
    at(stage, 11, "17:00")
    (seen,) = heard(stage, "reyes", "What did you see")
    assert "Theo, Mina, Jules and Noor led their conferences on Thursday 10 December" in seen.shown
    assert became(stage, "saw", "reyes") == sent(with_another=3)
    (single,) = heard(stage, "anders", "What did you see")  # a family of one is asked as it ever was
    assert single.shown.startswith("Theo led their conference on Thursday 10 December. What did you see Theo do?")
    assert stage.people["reyes"].tap("Theo", seen).ok
    assert stage.people["reyes"].modal is not None
    assert "Say what Theo did" in stage.people["reyes"].modal.shown
    stage.people["reyes"].close()
    about_theo = forms.value(Form.SAW, conference_of(stage, "theo"))
    assert forms.opened(house, workspace, stage.people["soo"].id, about_theo) is None

    at(stage, 17, "15:31")
    (asked,) = heard(stage, "reyes", "Where is it now?")
    assert asked.shown.index("Theo") < asked.shown.index("A timer for theo.") < asked.shown.index("A timer for noor.")
    assert (State.SENT, None) in became(stage, "commitments_1", "reyes")
    value = f"{promised[0]}:commitments_1:done:{conference_of(stage, 'noor')}.{conference_of(stage, 'theo')}"
    im = stage.workspace.im(stage.people["reyes"].id).id
    assert not checking.tapped(house, workspace, "wrong", stage.people["lind"].id, im, value, asked.ts)
    assert stage.people["reyes"].tap("Done", asked).ok
    stage.wait(seconds=1)
    (after,) = heard(stage, "reyes", "Where is it now?")
    assert "You said: done." in after.shown
    assert "A timer for noor." in after.shown
    (single,) = heard(stage, "lind", "this is what you said you'd do")
    assert "At Mina's conference" in single.shown


def test_only_what_waited_when_the_first_was_due_is_said_with_it() -> None:
    def of(seq: int, **values: Any) -> Delivery:
        born = {"id": str(seq), "workspace": "T1", "kind": "nudge", "recipient": "U1", "subject": "", "payload": {}}
        times = {"due_at": MONDAY, "next_at": MONDAY, "expires_at": None, "created_at": MONDAY - timedelta(days=1)}
        hands = {"state": State.SCHEDULED, "owner": None, "lease_until": None, "fence": 0, "dedupe_key": str(seq)}
        return replace(Delivery(seq=seq, **born, **times, **hands), **values)  # type: ignore[arg-type]

    late, gone, away = MONDAY + timedelta(seconds=1), State.CANCELLED, "U2"
    others = [of(4), of(3), of(5, created_at=late), of(6, state=gone), of(7, recipient=away), of(8, due_at=late)]
    assert [one.seq for one in company.joining(of(2), others)] == [3, 4, 8]
    assert [one.seq for one in company.fitting([of(1), of(2), of(3), of(4)], [9, 1, 1, 1], 10)] == [1, 2]
