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
from typing import Any

from sqlalchemy import Engine, event

from bot.slack.client import SlackApi
from bot.slack.connections import Line
from bot.slack.guard import Environ, Wsgi
from scheduler import prepared
from scheduler.prepared import execute


class Steps:
    """The steps since `arm`; at the step of that number the process is gone."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._at: int | None = None
        self._counting = False
        self._lock = threading.Lock()

    def arm(self, at: int | None) -> None:
        """Count from here on, and die at step `at` (from 0), if any."""
        with self._lock:
            self.names, self._at, self._counting = [], at, True

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
            if len(self.names) == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.names.append(name)

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
