"""Figures for Prometheus. A label is a name of ours or of a method of Slack's: never a person, a channel, a text.

What stands in the database is asked when somebody looks, and not more often than once in FRESH; the rest is counted as
it happens. prometheus-client is brought in late: it decides at its import whether several processes share their counts.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.running.router import Wsgi, telling
from bot.running.service import Service
from bot.running.turns import Outcome, Way
from bot.slack.socket import Socket
from bot.store import room
from bot.store.session import Store
from scheduler import operating
from scheduler.deliveries import Delivery, State
from scheduler.failures import named
from scheduler.operating import Held
from scheduler.outcomes import Later, Postponed, Refused, Released, Sent, TooLate, Unknown, Unwanted, Verdict
from scheduler.watch import waited

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

log = logging.getLogger("bot")

METRICS = "/metrics"
FRESH = 10.0
"""Seconds for which what was asked of the database is told again."""

SHARED = "PROMETHEUS_MULTIPROC_DIR"
_DWELL = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_TURN = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_OUTCOMES: dict[type[Any], str] = {
    Sent: "sent",
    Later: "later",
    Refused: "dead",
    Unknown: "unknown",
    Unwanted: "unwanted",
    Postponed: "postponed",
    TooLate: "expired",
    Released: "released",
}


class Meter:
    """Counts. shared: the folder by which several processes share their counts, if they do."""

    def __init__(self, shared: Path | None = None) -> None:
        if shared is not None:
            os.environ[SHARED] = str(shared)
        from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._shared = shared
        self._registry = CollectorRegistry()
        kept = None if shared else self._registry
        self._turns = Histogram(
            "coach_turn_seconds", "Turns, by what came and how it was answered.", ("way", "outcome"),
            buckets=_TURN, registry=kept,
        )  # fmt: skip
        self._settled = Counter(
            "coach_settled", "What became of deliveries in hand, by kind.", ("kind", "outcome"), registry=kept
        )
        self._dwell = Histogram(
            "coach_dwell_seconds", "From when a delivery could go out until it was sent.", ("kind",),
            buckets=_DWELL, registry=kept,
        )  # fmt: skip
        self._limited = Counter("coach_rate_limited", "Calls that Slack answered 429.", ("method",), registry=kept)

    # --- what is told ------------------------------------------------------------------------------------------

    def turned(self, way: Way, outcome: Outcome, seconds: float) -> None:
        """A turn was answered."""
        self._turns.labels(way, outcome).observe(seconds)

    def settled(self, delivery: Delivery, verdict: Verdict, now: datetime) -> None:
        """It is written down what became of a holding of a delivery."""
        self._settled.labels(delivery.kind, _OUTCOMES[type(verdict)]).inc()
        if isinstance(verdict, Sent):
            self._dwell.labels(delivery.kind).observe(waited(delivery, now))

    def limited(self, method: str) -> None:
        """Slack has answered 429 to this method."""
        self._limited.labels(method).inc()

    # --- what is shown -----------------------------------------------------------------------------------------

    def route(
        self, store: Store, service: Service, clock: Callable[[], datetime], socket: Socket | None = None
    ) -> Wsgi:
        """Where the figures are read. socket: where there is one."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector
        from prometheus_client.process_collector import ProcessCollector

        shown: CollectorRegistry = CollectorRegistry() if self._shared else self._registry
        if self._shared:
            MultiProcessCollector(shown, path=str(self._shared))  # type: ignore[no-untyped-call]
        ProcessCollector(registry=shown)
        shown.register(_Found(Standing(store), service, clock, socket))
        return telling(lambda: ("200 OK", CONTENT_TYPE_LATEST, generate_latest(shown)))


class Standing:
    """What the database holds, asked once in FRESH."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: float | None = None
        self._held: list[Held] | None = None
        self._lock = threading.Lock()

    def held(self) -> list[Held] | None:
        """What is not settled, and what is dead; None where the database does not say."""
        with self._lock:
            if self._asked is None or time.monotonic() - self._asked > FRESH:
                self._held = self._ask()
                self._asked = time.monotonic()
            return self._held

    def free(self) -> int | None:
        """Free bytes of the disk under a SQLite file."""
        return room.free(self._store.engine.url)

    def _ask(self) -> list[Held] | None:
        try:
            with self._store.read() as connection:
                return operating.held(connection)
        except Exception as error:
            log.warning("not_counted error=%s", named(error))
            return None


class _Found:
    """The figures that are looked up when somebody asks."""

    def __init__(
        self, standing: Standing, service: Service, clock: Callable[[], datetime], socket: Socket | None
    ) -> None:
        self._standing = standing
        self._service = service
        self._clock = clock
        self._socket = socket

    def describe(self) -> Iterable[Metric]:
        """Nothing is looked up for it."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Look them up."""
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("coach", "What runs.", {"version": version("conference-coach")})
        held = self._standing.held()
        yield GaugeMetricFamily("coach_database_up", "Whether the database answers.", float(held is not None))
        if held is not None:
            yield from self._deliveries(held)
        if (free := self._standing.free()) is not None:
            yield GaugeMetricFamily("coach_disk_free_bytes", "What may still be written where SQLite's file is.", free)
        ticks = [one.ticked_at for one in self._service.dispatchers if one.ticked_at is not None]
        if ticks:
            age = (self._clock() - min(ticks)).total_seconds()
            yield GaugeMetricFamily("coach_tick_age_seconds", "Since it was last looked for what is due.", age)
        if self._socket is not None:
            up = float(self._socket.connected)
            yield GaugeMetricFamily("coach_socket_connected", "Whether what Slack sends comes in.", up)

    def _deliveries(self, held: list[Held]) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        now = self._clock()
        numbers = GaugeMetricFamily(
            "coach_deliveries", "Deliveries that are not settled, or dead.", labels=("state", "kind")
        )
        for one in held:
            numbers.add_metric((one.state, one.kind), one.number)
        yield numbers
        waits = [one.first_due for one in held if one.state is not State.DEAD]
        oldest = max(0.0, (now - min(waits)).total_seconds()) if waits else 0.0
        yield GaugeMetricFamily("coach_oldest_due_seconds", "Since when the longest due delivery waits.", oldest)


def forget(shared: Path, process: int) -> None:
    """A process that shared its counts has ended: what it counted stays, what it stood at does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process, str(shared))  # type: ignore[no-untyped-call]
