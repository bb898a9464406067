"""A bell between processes on PostgreSQL: what is due and in nobody's hands is claimed at once, not at the next tick.

It is rung (`NOTIFY`) after the commit, in a transaction of its own, and only for what was put scheduled and due: a turn
whose reply was born claimed costs nothing more. `NOTIFY` holds a lock of the whole database until its transaction has
ended; one that has written nothing else ends without waiting for the disk. A ring that is lost costs no more than the
wait for the next tick.

Measured (`python -m tests.bench.dwell`, two processes, a busy machine of two cores, medians): from the commit of what
a process without a dispatcher put to its call, 22 ms by the bell, 18 by a poll every 25 ms, 1,600 by the tick; in a
lane another process had in hand, from the end of that call to its own, 96, 100 and 1,300 ms. The poll is as quick, but
asks 40 times a second in each process and must know for which lanes; the bell costs nothing while nothing waits.
"""

from __future__ import annotations

import json
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, func, select

from scheduler.failures import named

log = logging.getLogger(__name__)

LaneKey = tuple[str, str]
"""Workspace and recipient."""

Ring = Callable[[Collection[LaneKey]], None]
"""Tells other processes, and this one, that something of these lanes is due and in nobody's hands. Never raises."""

Heard = Callable[[Collection[LaneKey]], None]
"""Told which lanes were rung for; none of them named: any may have been."""

CHANNEL = "conference_coach_due"
AT_A_TIME = 50
"""Lanes named in one ring, at most: PostgreSQL takes 8,000 bytes."""

RECONNECT = 1.0
"""Seconds until a connection that was lost is tried again."""

LAST = 2.0
"""Seconds for which it is waited at the end until nobody listens any more."""

HEARTBEAT = 30.0
"""Seconds of silence after which it is checked that the connection still stands."""


class Bell:
    """`ring` from any thread; `start` to hear what anybody rings, by one connection for all of a process. For
    PostgreSQL, without a pooler of transactions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loud = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()
        self._listeners: tuple[Heard, ...] = ()

    def ring(self, lanes: Collection[LaneKey]) -> None:
        """Tell every process that listens. Where that fails, their tick finds it."""
        listed = sorted(set(lanes))
        try:
            with self._loud.connect() as connection:
                for start in range(0, len(listed), AT_A_TIME):
                    text = json.dumps(listed[start : start + AT_A_TIME])
                    connection.execute(select(func.pg_notify(CHANNEL, text)))
        except Exception as error:  # what was put is stored: it only goes out later
            log.warning("ring_failed error=%s", named(error))

    def start(self, heard: Heard) -> None:
        """Have one more hear it, in a thread that all share; after every loss of the connection it listens again."""
        with self._changing:
            self._listeners = (*self._listeners, heard)
            if self._thread is None:
                self._stopping.clear()
                self._stop, self._stopped = socket.socketpair()
                self._thread = threading.Thread(target=self._keep_listening, name="bell", daemon=True)
                self._thread.start()
                return
        heard(())  # what was rung before it listened

    def stop(self, heard: Heard) -> None:
        """Have it hear no more; after the last nobody listens."""
        with self._changing:
            self._listeners = tuple(one for one in self._listeners if one != heard)
            if self._listeners or self._thread is None:
                return
            self._stopping.set()
            self._stop.send(b"x")
            self._thread.join(LAST)  # it may be waiting for a server that is gone
            self._thread = None
            self._stop.close()
            self._stopped.close()

    def _tell(self, lanes: Collection[LaneKey]) -> None:
        for heard in self._listeners:
            heard(lanes)

    def _keep_listening(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # the database was restarted, or cannot be reached
                log.warning("bell_lost error=%s", named(error))
                self._stopping.wait(RECONNECT)

    def _listen(self) -> None:
        with self._line() as line, selectors.DefaultSelector() as selector:
            selector.register(line.fileno(), selectors.EVENT_READ)
            selector.register(self._stopped, selectors.EVENT_READ)
            self._tell(())  # what was rung while nobody listened
            while not self._stopping.is_set():
                if not selector.select(HEARTBEAT):
                    line.execute("SELECT 1")
                for lanes in [_lanes(note.payload) for note in line.notifies(timeout=0)]:
                    self._tell(lanes)

    @contextmanager
    def _line(self) -> Iterator[Any]:
        """A connection of psycopg's outside of the pool, that listens."""
        connection = self._engine.raw_connection()
        line: Any = connection.driver_connection
        connection.detach()
        try:
            line.autocommit = True
            line.execute(f"LISTEN {CHANNEL}")
            yield line
        finally:
            line.close()


def _lanes(payload: str) -> Collection[LaneKey]:
    try:
        return [(workspace, recipient) for workspace, recipient in json.loads(payload)]
    except (ValueError, TypeError):  # another version's
        return ()
