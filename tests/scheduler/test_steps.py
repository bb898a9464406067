"""Deliveries that are steps: one begins when those before it in its lane are settled, not merely sent."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store.session import Store
from scheduler.deliveries import Delivery
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox, State
from scheduler.outcomes import Refused
from scheduler.pace import UNLIMITED, Pace
from tests.scheduler.fakes import FakeSender, draft, name, states

PATIENCE = 20.0


def now() -> datetime:
    return datetime.now(UTC)


def seen_by_each(store: Store, sender: FakeSender, *names: str) -> dict[str, list[State]]:
    """Send these in one lane, all put in one turn; the states of those before, as each finds them when it is sent."""
    seen: dict[str, list[State]] = {}

    def look(delivery: Delivery) -> None:
        there = states(store)
        seen[name(delivery)] = [there[each] for each in names[: names.index(name(delivery))]]

    sender.before_sending = look
    outbox = Outbox("ours")
    dispatcher = Dispatcher(store.write, outbox, sender, Pace(UNLIMITED), now, 4, in_steps=lambda _: True)
    dispatcher.start()
    with store.write() as connection:
        put = outbox.put(connection, [draft(each, due=now()) for each in names], now(), claim=True)
    dispatcher.hand_over(put)
    assert dispatcher.idle(PATIENCE)
    assert dispatcher.drain(PATIENCE)
    return seen


def test_a_step_finds_those_before_it_settled(store: Store) -> None:
    seen = seen_by_each(store, FakeSender(), "channel", "invite", "agenda")
    assert seen == {"channel": [], "invite": [State.SENT], "agenda": [State.SENT, State.SENT]}


def test_a_step_goes_on_after_one_that_was_refused(store: Store) -> None:
    sender = FakeSender()
    sender.answers["invite"] = [Refused("user_is_restricted")]
    seen = seen_by_each(store, sender, "channel", "invite", "agenda")
    assert seen["agenda"] == [State.SENT, State.DEAD]
