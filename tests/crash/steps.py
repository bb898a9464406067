"""Counts what a bot does, step by step, and kills its process at one of them. Runs in the bot's own process.

A step lies behind everything that can be seen from outside: a transaction begun, a statement executed, a commit, a
request on its way, a reply read, an answer to Slack. Nothing in the bot knows of it: the database's events, the way
out of `SlackApi` and the way in through WSGI are listened to from here.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, event

from bot.slack.client import SlackApi
from bot.slack.connections import Line
from bot.slack.guard import Environ, Wsgi
from scheduler import prepared
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox
from scheduler.prepared import execute
from scheduler.settler import Looked


class Phase(StrEnum):
    """What a delivery goes through; a step outside of these belongs to none."""

    PLAN = "plan"
    CLAIM = "claim"
    SEND = "send"
    SETTLE = "settle"
    RECONCILE = "reconcile"


class Steps:
    """The steps since `arm`; at the step of that number the process is gone."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._at: int | None = None
        self._of: str | None = None
        self._counting = False
        self._lock = threading.Lock()
        self._phase: ContextVar[Phase | None] = ContextVar("phase", default=None)

    def arm(self, at: int | None, of: str | None = None) -> None:
        """Count from here on, and die at step `at` (from 0), if any: of all steps, or of those of one phase."""
        with self._lock:
            self.names, self._at, self._of, self._counting = [], at, of, True

    def disarm(self) -> list[str]:
        """Count no longer; the steps there were."""
        with self._lock:
            self._counting = False
            return self.names

    def step(self, name: str) -> None:
        """Something has happened."""
        with self._lock:
            if not self._counting:
                return
            phase = self._phase.get()
            if self._of is None or self._of == phase:
                if self._at == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                self._at = None if self._at is None else self._at - 1
            self.names.append(f"{phase}: {name}" if phase else name)

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """What happens meanwhile in this thread belongs to this phase."""
        before = self._phase.set(phase)
        try:
            yield
        finally:
            self._phase.reset(before)

    def watch_phases(self, dispatcher: Dispatcher, outbox: Outbox) -> None:
        """Tell the phases of a delivery apart. Before the dispatcher starts."""
        settle: Callable[..., None] = dispatcher._settle

        def settling(results: Any) -> None:
            looked = any(isinstance(result, Looked) for result in results)
            with self.during(Phase.RECONCILE if looked else Phase.SETTLE):
                settle(results)

        dispatcher._settle = settling  # type: ignore[method-assign]
        self._within(Phase.CLAIM, dispatcher, "tick")
        self._within(Phase.SEND, dispatcher, "_attempt")
        self._within(Phase.RECONCILE, dispatcher, "_find")
        self._within(Phase.RECONCILE, outbox, "sweep")
        self._within(Phase.RECONCILE, outbox, "due_for_check")

    def _within(self, phase: Phase, whose: object, name: str) -> None:
        method: Callable[..., Any] = getattr(whose, name)

        def inside(*arguments: Any) -> Any:
            with self.during(phase):
                return method(*arguments)

        setattr(whose, name, inside)

    def watch_database(self, engine: Engine) -> None:
        """A step after each begin and statement, and before and after each commit."""
        commit = engine.dialect.do_commit

        def committed(connection: Any) -> None:
            self.step("before commit")
            commit(connection)
            self.step("committed")

        def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            self.step(" ".join(statement.split()[:3]))

        def prepared_executed(connection: Any, sql: str, *rest: Any, **named: Any) -> Any:
            cursor = execute(connection, sql, *rest, **named)
            self.step(" ".join(sql.split()[:3]))
            return cursor

        engine.dialect.do_commit = committed  # type: ignore[method-assign]
        event.listen(engine, "begin", lambda _connection: self.step("began"))
        event.listen(engine, "after_cursor_execute", executed)
        prepared.execute = prepared_executed

    def watch_calls(self, api: SlackApi) -> None:
        """A step before each call, when it is written and not yet answered, and when the reply is read."""
        send: Callable[..., Any] = api._send
        get: Callable[..., Any] = Line.answer

        def sent(method: str, *rest: Any) -> Any:
            self.step(f"before {method}")
            reply = send(method, *rest)
            self.step(f"after {method}")
            return reply

        def written(line: Line) -> Any:
            self.step("request written")
            return get(line)

        api._send = sent  # type: ignore[method-assign]
        Line.answer = written  # type: ignore[method-assign]

    def watch_answers(self, app: Wsgi) -> Wsgi:
        """A step before each answer to Slack, and one after it has gone out."""

        def answering(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            body = app(environ, start_response)
            self.step("before ack")
            return _Answered(body, lambda: self.step("acked"))

        return answering


class _Answered:
    """A response's body; the server closes it once all is written."""

    def __init__(self, body: Iterable[bytes], then: Callable[[], None]) -> None:
        self._body = body
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._then()
