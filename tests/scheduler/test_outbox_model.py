"""The outbox walked at random beside a plain model of it.

Two processes put, claim, settle, sweep, look, plan, cancel, forget and purge. What each of them took in hand it may
settle at any later time, whoever has it by then: that must change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
from scheduler.outbox import Changes, Delivery, Draft, Outbox, State, deliveries
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
SUBJECTS = ("Noor", "Theo")
SCOPES = ("nudge:A:", "nudge:B:")
FINAL = {Sent: State.SENT, Refused: State.DEAD, Unwanted: State.CANCELLED, TooLate: State.EXPIRED}


@dataclass(frozen=True)
class Entry:
    """What the model knows of a delivery. `planned_away`: a replan took it away, and a replan may bring it back."""

    number: int
    lane: str
    subject: str
    due: datetime
    next: datetime
    expires: datetime | None
    born: datetime
    state: State = State.SCHEDULED
    owner: str | None = None
    lease: datetime | None = None
    fence: int = 0
    missing: int = 0
    wanted: bool = True
    planned_away: bool = False
    settled: datetime | None = None

    @property
    def place(self) -> tuple[datetime, int]:
        return self.due, self.number

    @property
    def open(self) -> bool:
        return self.state in (State.SCHEDULED, State.SENDING, State.UNKNOWN)

    def ended(self, state: State, now: datetime) -> Entry:
        return replace(self, state=state, settled=now, owner=None, lease=None)

    def back(self, now: datetime, **changes: Any) -> Entry:
        if not self.wanted:
            return replace(self.ended(State.CANCELLED, now), **changes)
        return replace(self, state=State.SCHEDULED, owner=None, lease=None, **changes)

    def lost(self, now: datetime) -> Entry:
        return replace(self, state=State.UNKNOWN, next=now + SETTLE, missing=0, fence=self.fence + 1)

    def unwanted(self, now: datetime, *, planned_away: bool) -> Entry:
        """Cancelled, or not to be tried again."""
        gone = replace(self, wanted=False, planned_away=planned_away)
        return gone.ended(State.CANCELLED, now) if self.state is State.SCHEDULED else gone


def seconds(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda n: timedelta(seconds=n))


lives = st.none() | seconds(1, 60)
wishes = st.dictionaries(
    st.sampled_from(SCOPES),
    st.dictionaries(st.integers(0, 2), st.tuples(st.sampled_from("AB"), seconds(-5, 30), lives)),
    min_size=1,
)
"""By scope, and by number: to whom, due when, of use for how long."""


class OutboxModel(RuleBasedStateMachine):
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.model: dict[str, Entry] = {}
        self.hands: list[Delivery] = []
        self.looked_for: list[Delivery] = []
        self.names = 0
        self.boxes = {owner: Outbox(owner, LEASE, SETTLE) for owner in OWNERS}

    @initialize()
    def begin_empty(self) -> None:
        with self.store.write() as connection:
            connection.execute(delete(deliveries))

    def change(self, keys: Iterable[str], change: Callable[[Entry], Entry]) -> None:
        for key in list(keys):
            self.model[key] = change(self.model[key])

    def among(self, holds: Callable[[Entry], object]) -> list[str]:
        return [key for key, entry in self.model.items() if holds(entry)]

    def waiting(self) -> list[str]:
        return self.among(lambda e: e.state is State.SCHEDULED)

    def held(self, delivery: Delivery, state: State) -> Entry | None:
        """The entry a process means by what it has in hand; None if that is no longer its."""
        entry = self.model.get(name(delivery))
        if entry is None or (entry.number, entry.fence, entry.state) != (delivery.seq, delivery.fence, state):
            return None
        return entry

    # --- putting and planning --------------------------------------------------------------------------------

    @rule(
        owner=st.sampled_from(OWNERS),
        lane=st.sampled_from("AB"),
        subject=st.sampled_from(SUBJECTS),
        due=seconds(-5, 20),
        life=lives,
        claim=st.booleans(),
        count=st.integers(1, 3),
    )
    def put(
        self, owner: str, lane: str, subject: str, due: timedelta, life: timedelta | None, claim: bool, count: int
    ) -> None:
        expires = None if life is None else self.now + due + life
        keys = [f"say:{self.names + n}" for n in range(count)]
        self.names += count
        drafts = [draft(key, lane, due=self.now + due, subject=subject, expires=expires) for key in keys]
        with self.store.write() as connection:
            put = self.boxes[owner].put(connection, drafts, self.now, claim=claim)
        for key, each in zip(keys, put, strict=True):
            entry = Entry(each.seq, lane, subject, self.now + due, self.now + due, expires, self.now)
            others = [e for e in self.model.values() if e.lane == lane and e.open and e.due <= self.now]
            free = all(e.state is State.SENDING and e.owner == owner for e in others)
            if claim and entry.due <= self.now and free:
                entry = replace(entry, state=State.SENDING, owner=owner, lease=self.now + LEASE, fence=1)
                self.hands.append(each)
            self.model[key] = entry

    @precondition(lambda self: self.model)
    @rule(data=st.data(), claim=st.booleans())
    def put_again(self, data: st.DataObject, claim: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        with self.store.write() as connection:
            assert self.boxes["one"].put(connection, [draft(key, "A")], self.now, claim=claim) == []

    @rule(owner=st.sampled_from(OWNERS), wished=wishes)
    def replan(self, owner: str, wished: dict[str, dict[int, tuple[str, timedelta, timedelta | None]]]) -> None:
        drafts = {
            scope: [
                draft(f"{scope}{n}", lane, due=self.now + due, expires=None if life is None else self.now + due + life)
                for n, (lane, due, life) in entries.items()
            ]
            for scope, entries in wished.items()
        }
        with self.store.read() as connection:
            differs = self.boxes[owner].differs(connection, "T1", drafts, self.now)
        with self.store.write() as connection:
            changes = self.boxes[owner].replan_many(connection, "T1", drafts, self.now)
        expected = self.planned(drafts)
        assert changes == expected
        assert differs == (changes.added + changes.moved + changes.cancelled > 0)

    def planned(self, drafts: dict[str, list[Draft]]) -> Changes:
        wished = {each.dedupe_key: each for under in drafts.values() for each in under}
        mine = [key for key in self.model if key.startswith(tuple(drafts))]
        gone = [key for key in mine if key not in wished and self.model[key].open and self.model[key].wanted]
        new = [key for key in wished if key not in self.model]
        moved = [key for key in mine if key in wished and self.differs(self.model[key], wished[key])]
        self.change(gone, lambda e: e.unwanted(self.now, planned_away=True))
        for key in moved:
            self.change([key], lambda e, key=key: self.moved(e, wished[key]))  # type: ignore[misc]
        seqs = {key: row.seq for key, row in stored(self.store).items()}
        for key in new:
            each = wished[key]
            self.model[key] = Entry(
                seqs[key], each.recipient, each.subject, each.due_at, each.due_at, each.expires_at, self.now
            )
        return Changes(len(new), len(moved), len(gone), len(wished) - len(new) - len(moved))

    def differs(self, entry: Entry, wish: Draft) -> bool:
        if entry.state is State.EXPIRED or not entry.wanted:
            in_time = wish.expires_at is None or wish.expires_at > self.now
            away = entry.planned_away and entry.state not in (State.SENT, State.DEAD)
            return in_time and (away or entry.state is State.EXPIRED)
        same = (entry.lane, entry.subject, entry.due, entry.expires)
        return entry.state is State.SCHEDULED and same != (wish.recipient, wish.subject, wish.due_at, wish.expires_at)

    @staticmethod
    def moved(entry: Entry, wish: Draft) -> Entry:
        state = entry.state if entry.open else State.SCHEDULED
        entry = replace(entry, state=state, wanted=True, planned_away=False, settled=None)
        if state is not State.SCHEDULED:
            return entry
        wished: dict[str, Any] = {
            "lane": wish.recipient,
            "subject": wish.subject,
            "due": wish.due_at,
            "next": wish.due_at,
        }
        return replace(entry, **wished, expires=wish.expires_at)

    # --- sending ---------------------------------------------------------------------------------------------

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        with self.store.write() as connection:
            claimed = self.boxes[owner].claim(connection, self.now, 100)
        expected = [key for key in self.waiting() if self.is_head(self.model[key])]
        assert sorted(map(name, claimed)) == sorted(expected)
        self.hands.extend(claimed)
        lease = self.now + LEASE
        self.change(expected, lambda e: replace(e, state=State.SENDING, owner=owner, lease=lease, fence=e.fence + 1))

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
        also=st.booleans(),
    )
    def settle(self, data: st.DataObject, verdict: Verdict, also: bool) -> None:
        """One or two of what was taken in hand, however long ago."""
        many = min(len(self.hands), 1 + also)
        chosen = [self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1))) for _ in range(many)]
        with self.store.write() as connection:
            took = self.boxes["one"].settle(connection, [Settlement(each, verdict) for each in chosen], self.now)
        ours = [each for each in chosen if self.held(each, State.SENDING)]
        assert [each.delivery.claim for each in took] == [each.claim for each in ours]
        self.change(map(name, ours), lambda entry: self.after(entry, verdict))

    def after(self, entry: Entry, verdict: Verdict) -> Entry:
        match verdict:
            case Unknown():
                return replace(entry, state=State.UNKNOWN, next=self.now + SETTLE, missing=0)
            case Later(wait, _):
                return entry.back(self.now, next=self.now + timedelta(seconds=wait))
            case Released():
                return entry.back(self.now, next=self.now)
            case Postponed(until, _):
                until = max(until, self.now + timedelta(seconds=1))
                return entry.back(self.now, due=until, next=until)
            case _:
                return entry.ended(FINAL[type(verdict)], self.now)

    @rule(wait=seconds(1, 40))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @rule()
    def sweep(self) -> None:
        lost = self.among(lambda e: e.state is State.SENDING and e.lease and e.lease <= self.now)
        with self.store.write() as connection:
            assert self.boxes["two"].sweep(connection, self.now) == len(lost)
        self.change(lost, lambda e: e.lost(self.now))

    @rule(owner=st.sampled_from(OWNERS))
    def restart(self, owner: str) -> None:
        """The other process was killed; what it had in hand is nobody's."""
        lost = self.among(lambda e: e.state is State.SENDING and e.owner != owner)
        with self.store.write() as connection:
            assert self.boxes[owner].recover(connection, self.now) == len(lost)
        self.change(lost, lambda e: e.lost(self.now))

    # --- looking ---------------------------------------------------------------------------------------------

    @rule(owner=st.sampled_from(OWNERS))
    def begin_to_look(self, owner: str) -> None:
        due = self.among(lambda e: e.state is State.UNKNOWN and e.next <= self.now)
        with self.store.write() as connection:
            taken = self.boxes[owner].due_for_check(connection, self.now, 100)
        assert sorted(map(name, taken)) == sorted(due)
        self.looked_for.extend(taken)
        self.change(due, lambda e: replace(e, next=self.now + LEASE, fence=e.fence + 1))

    @precondition(lambda self: self.looked_for)
    @rule(data=st.data(), found=st.sampled_from([None, None, Sent("D", "2"), Unknown("?")]))
    def end_to_look(self, data: st.DataObject, found: Sent | Unknown | None) -> None:
        taken = self.looked_for.pop(data.draw(st.integers(0, len(self.looked_for) - 1)))
        with self.store.write() as connection:
            done = self.boxes["one"].checked(connection, taken, found, self.now)
        assert done == (self.held(taken, State.UNKNOWN) is not None)
        if done:
            self.change([name(taken)], lambda entry: self.looked(entry, found))

    def looked(self, entry: Entry, found: Sent | Unknown | None) -> Entry:
        if isinstance(found, Sent):
            return entry.ended(State.SENT, self.now)
        if found is None and entry.missing == 1:
            return entry.back(self.now, next=self.now, missing=0)
        return replace(entry, missing=entry.missing + (found is None), next=self.now + SETTLE)

    # --- no longer -------------------------------------------------------------------------------------------

    @rule()
    def expire(self) -> None:
        late = self.among(lambda e: e.state is State.SCHEDULED and e.expires is not None and e.expires <= self.now)
        with self.store.write() as connection:
            assert self.boxes["one"].expire(connection, self.now) == len(late)
        self.change(late, lambda e: e.ended(State.EXPIRED, self.now))

    @precondition(lambda self: len(self.model) > 4)
    @rule(subject=st.sampled_from(SUBJECTS))
    def cancel_a_subject(self, subject: str) -> None:
        with self.store.write() as connection:
            count = self.boxes["one"].cancel(connection, "T1", self.now, "moved", subject=subject)
        self.cancelled([key for key, entry in self.model.items() if entry.subject == subject], count)

    @precondition(lambda self: len(self.model) > 4)
    @rule(prefix=st.sampled_from(["say:1", "nudge:", *SCOPES]))
    def cancel_a_prefix(self, prefix: str) -> None:
        with self.store.write() as connection:
            count = self.boxes["one"].cancel(connection, "T1", self.now, "moved", prefix=prefix)
        self.cancelled([key for key in self.model if key.startswith(prefix)], count)

    def cancelled(self, keys: list[str], count: int) -> None:
        mine = [key for key in keys if self.model[key].open]
        assert count == sum(self.model[key].state is State.SCHEDULED for key in mine)
        self.change(mine, lambda e: e.unwanted(self.now, planned_away=False))

    @precondition(lambda self: len(self.model) > 4)
    @rule(subject=st.sampled_from(SUBJECTS))
    def forget(self, subject: str) -> None:
        self.gone(self.among(lambda e: e.subject == subject), lambda c: self.boxes["one"].forget(c, "T1", subject))

    @rule(ago=seconds(5, 90))
    def purge(self, ago: timedelta) -> None:
        """By age of the rows first: what is younger than the first row to be kept stays for now."""
        before = self.now - ago
        young = [entry.number for entry in self.model.values() if entry.born >= before]
        old = self.among(lambda e: e.settled and e.settled < before and e.number < min(young, default=e.number + 1))
        self.gone(old, lambda connection: self.boxes["one"].purge(connection, before))

    def gone(self, keys: list[str], erase: Callable[[Any], int]) -> None:
        with self.store.write() as connection:
            assert erase(connection) == len(keys)
        for key in keys:
            del self.model[key]

    # --- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def same_as_the_model(self) -> None:
        rows = stored(self.store)
        assert {k: (r.state, r.fence) for k, r in rows.items()} == {
            k: (e.state, e.fence) for k, e in self.model.items()
        }
        assert all(row.wanted == self.model[key].wanted for key, row in rows.items() if self.model[key].open)
        assert {k: r.settled_at for k, r in rows.items()} == {k: e.settled for k, e in self.model.items()}
        waiting = {key: (row.recipient, row.due_at, row.next_at, row.expires_at) for key, row in rows.items()}
        assert all(waiting[key] == (e.lane, e.due, e.next, e.expires) for key, e in self.model.items() if e.open)

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
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
