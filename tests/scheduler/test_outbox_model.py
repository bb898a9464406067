"""The outbox walked at random beside a plain model of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from bot.store.session import Store
from scheduler.outbox import Delivery, Outbox, State, deliveries
from scheduler.outcomes import (
    Later,
    Postponed,
    Refused,
    Released,
    Sent,
    Settlement,
    TooLate,
    Unknown,
    Unwanted,
    Verdict,
)
from tests.scheduler.fakes import NOON, draft, name, stored

LEASE = timedelta(seconds=60)
SETTLE = timedelta(seconds=10)
OWNERS = ("one", "two")
FINAL = {Sent: State.SENT, Refused: State.DEAD, Unwanted: State.CANCELLED, TooLate: State.EXPIRED}


@dataclass(frozen=True)
class Entry:
    """What the model knows of a delivery."""

    number: int
    lane: str
    due: datetime
    next: datetime
    expires: datetime | None
    state: State = State.SCHEDULED
    owner: str | None = None
    lease: datetime | None = None
    missing: int = 0
    wanted: bool = True

    @property
    def place(self) -> tuple[datetime, int]:
        return self.due, self.number

    @property
    def open(self) -> bool:
        return self.state in (State.SCHEDULED, State.SENDING, State.UNKNOWN)

    def back(self, **changes: Any) -> Entry:
        state = State.SCHEDULED if self.wanted else State.CANCELLED
        return replace(self, state=state, owner=None, lease=None, **changes)


def seconds(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda n: timedelta(seconds=n))


class OutboxModel(RuleBasedStateMachine):
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.model: dict[str, Entry] = {}
        self.hands: dict[str, Delivery] = {}
        self.boxes = {owner: Outbox(owner, LEASE, SETTLE) for owner in OWNERS}

    @initialize()
    def begin_empty(self) -> None:
        with self.store.write() as connection:
            connection.execute(delete(deliveries))

    def change(self, key: str, change: Callable[[Entry], Entry]) -> None:
        self.model[key] = change(self.model[key])

    def waiting(self) -> list[str]:
        return [key for key, entry in self.model.items() if entry.state is State.SCHEDULED]

    @rule(
        owner=st.sampled_from(OWNERS),
        lane=st.sampled_from("AB"),
        due=seconds(-5, 20),
        life=st.none() | seconds(1, 60),
        claim=st.booleans(),
        count=st.integers(1, 3),
    )
    def put(self, owner: str, lane: str, due: timedelta, life: timedelta | None, claim: bool, count: int) -> None:
        numbers = range(len(self.model), len(self.model) + count)
        expires = None if life is None else self.now + due + life
        drafts = [draft(f"d{number}", lane, due=self.now + due, expires=expires) for number in numbers]
        with self.store.write() as connection:
            put = self.boxes[owner].put(connection, drafts, self.now, claim=claim)
        for number, each in zip(numbers, put, strict=True):
            entry = Entry(number, lane, self.now + due, self.now + due, expires)
            others = [e for e in self.model.values() if e.lane == lane and e.open and e.due <= self.now]
            free = all(e.state is State.SENDING and e.owner == owner for e in others)
            if claim and entry.due <= self.now and free:
                entry = replace(entry, state=State.SENDING, owner=owner, lease=self.now + LEASE)
                self.hands[name(each)] = each
            self.model[name(each)] = entry

    @precondition(lambda self: self.model)
    @rule(data=st.data(), claim=st.booleans())
    def put_again(self, data: st.DataObject, claim: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        with self.store.write() as connection:
            assert self.boxes["one"].put(connection, [draft(key, "A")], self.now, claim=claim) == []

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        with self.store.write() as connection:
            claimed = self.boxes[owner].claim(connection, self.now, 100)
        expected = [key for key in self.waiting() if self.is_head(self.model[key])]
        assert sorted(map(name, claimed)) == sorted(expected)
        for each in claimed:
            self.hands[name(each)] = each
            held = replace(self.model[name(each)], state=State.SENDING, owner=owner, lease=self.now + LEASE)
            self.model[name(each)] = held

    def is_head(self, entry: Entry) -> bool:
        if entry.next > self.now or (entry.expires is not None and entry.expires <= self.now):
            return False
        others = [e for e in self.model.values() if e.lane == entry.lane and e.open and e.number != entry.number]
        return not any(e.due <= self.now and (e.state is not State.SCHEDULED or e.place < entry.place) for e in others)

    @precondition(lambda self: self.hands)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(
            [Sent("D", "1"), Refused("no"), Unwanted("done"), TooLate(), Unknown("?"), Later(7, "limit"), Released()]
        )
        | seconds(1, 30).map(lambda wait: Postponed(NOON + timedelta(hours=1) + wait, "quiet")),
    )
    def settle(self, data: st.DataObject, verdict: Verdict) -> None:
        key = data.draw(st.sampled_from(sorted(self.hands)))
        held = self.hands.pop(key)
        with self.store.write() as connection:
            took = self.boxes["one"].settle(connection, [Settlement(held, verdict)], self.now)
        assert bool(took) == (self.model[key].state is State.SENDING)
        if took:
            self.change(key, lambda entry: self.after(entry, verdict))

    def after(self, entry: Entry, verdict: Verdict) -> Entry:
        match verdict:
            case Unknown():
                return replace(entry, state=State.UNKNOWN, next=self.now + SETTLE, missing=0)
            case Later(wait, _):
                return entry.back(next=self.now + timedelta(seconds=wait))
            case Released():
                return entry.back(next=self.now)
            case Postponed(until, _):
                until = max(until, self.now + timedelta(seconds=1))
                return entry.back(due=until, next=until)
            case _:
                return replace(entry, state=FINAL[type(verdict)])

    @rule(wait=seconds(1, 40))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @rule()
    def sweep(self) -> None:
        lost = [k for k, e in self.model.items() if e.state is State.SENDING and e.lease and e.lease <= self.now]
        with self.store.write() as connection:
            assert self.boxes["two"].sweep(connection, self.now) == len(lost)
        self.lose(lost)

    @rule(owner=st.sampled_from(OWNERS))
    def restart(self, owner: str) -> None:
        """The other process was killed; what it had in hand is nobody's."""
        lost = [k for k, e in self.model.items() if e.state is State.SENDING and e.owner != owner]
        with self.store.write() as connection:
            assert self.boxes[owner].recover(connection, self.now) == len(lost)
        self.lose(lost)

    def lose(self, lost: list[str]) -> None:
        for key in lost:
            self.change(key, lambda e: replace(e, state=State.UNKNOWN, next=self.now + SETTLE, missing=0))

    @rule(found=st.sampled_from([None, None, Sent("D", "2"), Unknown("?")]))
    def look(self, found: Sent | Unknown | None) -> None:
        due = [k for k, e in self.model.items() if e.state is State.UNKNOWN and e.next <= self.now]
        with self.store.write() as connection:
            taken = self.boxes["one"].due_for_check(connection, self.now, 100)
            assert sorted(map(name, taken)) == sorted(due)
            assert all(self.boxes["one"].checked(connection, each, found, self.now) for each in taken)
        for key in due:
            self.change(key, lambda entry: self.looked(entry, found))

    def looked(self, entry: Entry, found: Sent | Unknown | None) -> Entry:
        if isinstance(found, Sent):
            return replace(entry, state=State.SENT)
        if found is None and entry.missing == 1:
            return entry.back(next=self.now, missing=0)
        missing = entry.missing + (found is None)
        return replace(entry, missing=missing, next=self.now + SETTLE)

    @rule()
    def expire(self) -> None:
        late = [k for k in self.waiting() if (at := self.model[k].expires) is not None and at <= self.now]
        with self.store.write() as connection:
            assert self.boxes["one"].expire(connection, self.now) == len(late)
        for key in late:
            self.change(key, lambda e: replace(e, state=State.EXPIRED))

    @precondition(lambda self: len(self.model) > 4)
    @rule()
    def cancel_all(self) -> None:
        waiting = self.waiting()
        with self.store.write() as connection:
            count = self.boxes["one"].cancel(connection, "T1", self.now, "moved", subject="conference-1")
        assert count == len(waiting)
        for key, entry in self.model.items():
            if entry.open:
                self.change(key, lambda e: replace(e, wanted=False))
        for key in waiting:
            self.change(key, lambda e: replace(e, state=State.CANCELLED))

    @invariant()
    def same_as_the_model(self) -> None:
        rows = stored(self.store)
        assert {k: r.state for k, r in rows.items()} == {k: e.state for k, e in self.model.items()}
        assert all(row.wanted == self.model[key].wanted for key, row in rows.items() if self.model[key].open)
        assert all((row.settled_at is None) == self.model[key].open for key, row in rows.items())

    @invariant()
    def one_process_works_at_a_lane(self) -> None:
        for lane in "AB":
            at_work = {e.owner for e in self.model.values() if e.lane == lane and e.state is State.SENDING}
            assert len(at_work) <= 1


def test_the_outbox_does_what_its_model_does(store: Store) -> None:
    machine = type("Machine", (OutboxModel,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
