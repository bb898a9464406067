"""How fast one workspace, method and channel may be called. Pure: the time is an argument.

Slack takes about one `chat.postMessage` a second in a channel, with short bursts, and "several hundred a minute" in a
workspace (https://docs.slack.dev/apis/web-api/rate-limits); it names no exact number, so the cap can be set and is kept
to 0.95 of it. A 429 stops one method in one workspace for exactly as long as it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

NO_WAIT = timedelta(0)
_MANY = 10_000
"""Above so many channels remembered, those that have long been free are let go."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed. `None` is no limit.

    per_minute, share: calls a minute in a workspace, and the part of them that is used.
    burst: calls at once in a workspace after a quiet time.
    urgent: so many calls a person waits for may go ahead of that; what is not urgent makes up for them.
    channel_every, channel_burst: time between calls in a channel, and calls at once after a quiet time.
    methods: calls a minute of one method in a workspace, where it has a limit of its own.
    """

    per_minute: float | None = 300
    share: float = 0.95
    burst: int = 4
    urgent: int = 60
    channel_every: timedelta | None = timedelta(seconds=1)
    channel_burst: int = 5
    methods: tuple[tuple[str, float], ...] = ()


UNLIMITED = Limits(per_minute=None, channel_every=None)
"""No pace at all: for a practice workspace; a 429 is still obeyed."""


class Pace:
    """Keeps, for each workspace, method and channel, the instant at which all that went out would be paid for.

    (The generic cell rate algorithm: constant memory, no drift, so a flood leaves at exactly the rate allowed.)
    Not thread-safe: the caller has a lock.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits = limits or Limits()
        rate = limits.per_minute
        self._every = timedelta(minutes=1) / (rate * limits.share) if rate else None
        self._methods = {name: timedelta(minutes=1) / count for name, count in limits.methods}
        self._paid: dict[tuple[str, ...], datetime] = {}
        self._blocked: dict[tuple[str, str], datetime] = {}

    def ask(self, workspace: str, method: str, channel: str, now: datetime, *, urgent: bool = False) -> timedelta:
        """Zero, and the call is counted; or how long to wait before asking again."""
        buckets = self._buckets(workspace, method, channel, urgent)
        waits = [self._paid.get(key, now) - every * (burst - 1) - now for key, every, burst in buckets]
        waits.append(self._blocked.get((workspace, method), now) - now)
        wait = max(waits)
        if wait > NO_WAIT:
            return wait
        for key, every, _ in buckets:
            self._paid[key] = max(self._paid.get(key, now), now) + every
        if len(self._paid) > _MANY:
            self._let_go(now)
        return NO_WAIT

    def block(self, workspace: str, method: str, until: datetime) -> None:
        """A rate limit said so: nothing by this method in this workspace before `until`."""
        key = (workspace, method)
        self._blocked[key] = max(until, self._blocked.get(key, until))

    def _buckets(
        self, workspace: str, method: str, channel: str, urgent: bool
    ) -> list[tuple[tuple[str, ...], timedelta, int]]:
        limits = self._limits
        found: list[tuple[tuple[str, ...], timedelta, int]] = []
        if self._every is not None:
            found.append(((workspace,), self._every, limits.burst + (limits.urgent if urgent else 0)))
        if limits.channel_every is not None:
            found.append(((workspace, "channel", channel), limits.channel_every, limits.channel_burst))
        if method in self._methods:
            found.append(((workspace, "method", method), self._methods[method], 1))
        return found

    def _let_go(self, now: datetime) -> None:
        self._paid = {key: paid for key, paid in self._paid.items() if paid > now}
        self._blocked = {key: until for key, until in self._blocked.items() if until > now}
