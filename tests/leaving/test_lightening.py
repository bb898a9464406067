"""Long after a delivery was settled its row is still there, and the words it carried are not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.practice.stage import Stage
from bot.services.leaving.payloads import KEPT, WORDS_KEPT
from bot.services.roster.following import followed
from bot.store.session import Store
from scheduler import operating, outbox
from scheduler.deliveries import deliveries, from_row
from scheduler.operating import Done
from scheduler.outbox import EMPTIED, Draft, Outbox, lightened
from scheduler.outcomes import Refused, Settlement
from tests.leaving.erased import tables_with
from tests.stages import Student, load, told

EVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
NOW = datetime.fromisoformat("2026-11-30T15:00:00+00:00")
LATER = NOW + WORDS_KEPT + timedelta(seconds=1)
SAYING = {"template": "hello", "language": "en", "context": {"student": "zebrafinch"}, "buttons": {}}


def draft(number: int, workspace: str = "T1") -> Draft:
    return Draft(workspace, "say", "U1", "person:1", SAYING, f"key:{number}", NOW)


def settle(store: Store, ours: Outbox, count: int = 1, at: datetime = NOW, workspace: str = "T1") -> None:
    """Refused for good, so many."""
    with store.write() as connection:
        put = ours.put(connection, [draft(number, workspace) for number in range(count)], NOW, claim=True)
        ours.settle(connection, [Settlement(one, Refused("not_in_channel")) for one in put], at)


def lighten(stage: Stage) -> None:
    """As the running bot does it every day."""
    stage.bot.leaving()


def test_its_words_are_gone_and_its_names_of_ours_stay(store: Store) -> None:
    ours = Outbox("me")
    settle(store, ours)
    with store.write() as connection:
        assert ours.lighten(connection, "T1", EVER, LATER - WORDS_KEPT, KEPT).count == 1
    with store.read() as connection:
        row = connection.execute(select(deliveries)).one()
    assert row.payload == {"template": "hello", "language": "en", EMPTIED: True}
    assert (row.state, row.dedupe_key, row.reason) == ("dead", "key:0", "not_in_channel")


def test_its_key_is_not_free_again(store: Store) -> None:
    ours = Outbox("me")
    settle(store, ours)
    with store.write() as connection:
        ours.lighten(connection, "T1", EVER, LATER, KEPT)
        assert ours.put(connection, [draft(0)], LATER) == []


def test_what_is_not_settled_yet_or_was_lately_keeps_its_words(store: Store) -> None:
    ours = Outbox("me")
    settle(store, ours, at=NOW + timedelta(seconds=2))
    with store.write() as connection:
        ours.put(connection, [draft(7)], NOW)
        assert ours.lighten(connection, "T1", EVER, NOW + timedelta(seconds=1), KEPT).count == 0


def test_another_workspaces_words_are_its_own(store: Store) -> None:
    ours = Outbox("me")
    settle(store, ours, workspace="T2")
    with store.write() as connection:
        assert ours.lighten(connection, "T1", EVER, LATER, KEPT).count == 0


def test_many_go_in_several_transactions_each_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LIGHTENED", 3)
    ours = Outbox("me")
    settle(store, ours, 7)
    counts, after = [], 0
    while after is not None:
        with store.write() as connection:
            done = ours.lighten(connection, "T1", EVER, LATER, KEPT, after)
        counts.append(done.count)
        after = done.after  # type: ignore[assignment]
    assert counts == [3, 3, 1]
    with store.write() as connection:
        assert ours.lighten(connection, "T1", EVER, LATER, KEPT).count == 0


def test_it_cannot_be_sent_again(store: Store) -> None:
    ours = Outbox("me")
    settle(store, ours)
    with store.write() as connection:
        ours.lighten(connection, "T1", EVER, LATER, KEPT)
        old = from_row(connection.execute(select(deliveries)).one())
        assert operating.retry(connection, old, LATER) is Done.EMPTIED


def test_a_payload_of_nothing_but_names_of_ours_is_left_as_it_is() -> None:
    nudge = {"step": "letter", "person": 1, "student": 1, "conference": 2, "slot": "2"}
    assert lightened(nudge, KEPT) == nudge


class TestOnAStage:
    @pytest.fixture
    def old(self, noor: Student) -> Stage:
        """A student's words, said and answered more than two weeks ago."""
        noor.finish()
        noor.stage.plan()
        noor.stage.wait(days=4)
        noor.stage.clock.advance(days=16)
        return noor.stage

    def test_what_was_said_back_to_a_student_is_in_no_delivery_any_more(self, old: Stage, store: Store) -> None:
        assert tables_with(store, "measured the scale")["deliveries"] >= 1
        lighten(old)
        assert "deliveries" not in tables_with(store, "measured the scale")

    def test_a_button_under_an_old_nudge_still_answers(self, noor: Student) -> None:
        stage = noor.stage
        noor.arrive()
        stage.plan()
        nudged = next(m for _ in range(12) if (m := _snoozable(stage, noor)) is not None)
        stage.clock.advance(days=16)
        lighten(stage)
        before = len(told(stage, "noor"))
        assert noor.person.tap("Tomorrow", nudged).ok
        noor.let()
        stands = next(message for message in noor.heard if message.ts == nudged.ts)
        assert stands.shown != nudged.shown or len(told(stage, "noor")) > before

    def test_an_old_card_is_still_changed_in_its_place(self, noor: Student) -> None:
        stage = noor.stage
        noor.finish()
        stage.plan()
        stage.wait(days=1)
        cards = _cards(stage)
        with stage.bot.house.store.write() as connection:
            stage.bot.house.outbox.lighten(
                connection, stage.workspace.team_id, EVER, stage.clock() + timedelta(days=1), KEPT
            )
        changes = load(stage, {"room 12": "the library"})
        with stage.bot.house.store.write() as connection:
            house, now = stage.bot.house, stage.clock()
            drafts = followed(connection, house.outbox, stage.workspace.team_id, changes, now, mails=False)
            house.outbox.put(connection, drafts, now)
        stage.wait(days=1)
        assert cards
        assert _cards(stage).keys() == cards.keys()
        assert _cards(stage) != cards


def _snoozable(stage: Stage, noor: Student) -> object:
    stage.wait(days=1)
    return next((message for message in noor.heard if "Tomorrow" in message.buttons), None)


def _cards(stage: Stage) -> dict[str, str]:
    channel = stage.workspace.channel("conf-noor-12-10")
    assert channel is not None
    return {one.ts: one.shown for one in channel.messages.values() if "We're coming" in one.buttons}
