"""How long a reply waits that its own process cannot send (PostgreSQL only); `python -m tests.bench.dwell` tells more.

Two dispatchers on one database. `taken in`: put by a process without a dispatcher; from its commit to its call.
`behind`: put by one while the other has the lane in hand; from the end of that call to its own. Each by the bell, by a
poll every 25 ms for that lane, and by the wake and tick alone.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store.session import Store
from bot.words import Words
from scheduler.bell import Bell
from scheduler.deliveries import Delivery
from scheduler.dispatcher import Dispatcher
from scheduler.intake import Intake, hand_on
from scheduler.outbox import Outbox
from scheduler.pace import UNLIMITED, Pace
from tests.bench.figures import Figure, compared, missing
from tests.databases import create_tables, postgresql_url
from tests.scheduler.fakes import FakeSender, draft, name

SECTION = "dwell"
TURNS, FEW, FEWEST = 20, 8, 4
CALL = 0.3
"""Seconds a call to Slack takes."""
POLL = 0.025
TICK = 2.0
LANE = ("T1", "Noor")
Process = tuple[Dispatcher, Outbox]
Case = Callable[[Store, "Watched", str, int, list[Process]], float]


class Watched(FakeSender):
    """Knows when each call began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.before_sending = self._begin
        self.after_sending = lambda each: self.ended.__setitem__(name(each), time.perf_counter())

    def _begin(self, each: Delivery) -> None:
        self.began[name(each)] = time.perf_counter()
        time.sleep(CALL)


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def processes(store: Store, sender: Watched, way: str) -> Iterator[list[Process]]:
    """Two, which hear of what waits in a way: "bell", "poll" or "tick"."""
    ended = threading.Event()
    bells = [Bell(store.engine) for _ in range(2)]
    made = [
        (
            Dispatcher(store.write, box, sender, Pace(UNLIMITED), now, 4, ring=bell.ring if way == "bell" else _nobody),
            box,
        )
        for box, bell in zip((Outbox("one"), Outbox("two")), bells, strict=True)
    ]
    for (dispatcher, _), bell in zip(made, bells, strict=True):
        dispatcher.start()
        if way == "bell":
            bell.start(dispatcher.heard)
        every, job = (POLL, _asks(dispatcher)) if way == "poll" else (TICK, dispatcher.tick)
        threading.Thread(target=_repeat, args=(ended, every, job), daemon=True).start()
    yield made
    ended.set()
    for (dispatcher, _), bell in zip(made, bells, strict=True):
        bell.stop(dispatcher.heard)
        dispatcher.drain(5)


def _nobody(_lanes: object) -> None:
    """No bell."""


def _asks(dispatcher: Dispatcher) -> Callable[[], object]:
    return lambda: dispatcher.heard([LANE])


def _repeat(ended: threading.Event, seconds: float, job: Callable[[], object]) -> None:
    while not ended.wait(seconds):
        job()


def taken_in(store: Store, sender: Watched, way: str, turn: int, _both: list[Process]) -> float:
    """Seconds from commit to call."""
    key = f"in {way} {turn}"
    with store.write() as connection:
        put = Intake("web").put(connection, [draft(key, LANE[1], due=now())], now(), claim=True)
    committed = time.perf_counter()
    if way == "bell":
        hand_on(Bell(store.engine).ring, put, now())
    _wait(sender, key)
    return sender.began[key] - committed


def behind(store: Store, sender: Watched, way: str, turn: int, both: list[Process]) -> float:
    """Seconds from the end of the call before to its own."""
    first, second = f"first {way} {turn}", f"second {way} {turn}"
    for key, (dispatcher, box) in zip((first, second), both, strict=True):
        with store.write() as connection:
            put = box.put(connection, [draft(key, LANE[1], due=now())], now(), claim=True)
        dispatcher.hand_over(put)
    _wait(sender, second)
    return sender.began[second] - sender.ended[first]


def _wait(sender: Watched, key: str) -> None:
    while key not in sender.ended:
        time.sleep(0.001)
    time.sleep(0.1)  # until it is settled


def waits(store: Store, case: Case, way: str, turns: int) -> list[float]:
    """Milliseconds, so many times."""
    sender = Watched()
    with processes(store, sender, way) as both:
        time.sleep(0.5)
        return [1000 * case(store, sender, way, turn, both) for turn in range(turns)]


def measure(_folder: Path, _words: Words) -> Iterator[Figure]:
    """What the bell is worth."""
    try:
        with postgresql_url(lasting=True) as url:
            store = Store(url)
            create_tables(store)
            for case, what in CASES.items():
                bell, tick = (statistics.median(waits(store, case, *way)) for way in (("bell", FEW), ("tick", FEWEST)))
                yield compared(SECTION, what, bell, "ms", "found by the tick", tick, most=0.5)
            store.close()
    except pytest.skip.Exception as reason:
        print(reason)
        yield missing(SECTION, "how long a reply waits that its own process cannot send")


CASES: Mapping[Case, str] = {
    taken_in: "taken in by web, until a worker sends it",
    behind: "behind another process's, until it is its turn",
}


def main() -> None:
    """Print medians and the slowest, in milliseconds."""
    with postgresql_url(lasting=True) as url:
        store = Store(url)
        create_tables(store)
        for case in CASES:
            for way in ("bell", "poll", "tick"):
                found = waits(store, case, way, TURNS if way != "tick" else FEWEST)
                middle, slowest = statistics.median(found), max(found)
                print(f"{case.__name__:<9} {way:<5} median {middle:6.1f} ms  slowest {slowest:6.1f} ms")
        store.close()


if __name__ == "__main__":
    main()
