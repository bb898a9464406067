"""How often a method may be called: Slack's tiers, by the workspace's clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PER_MINUTE: Mapping[str, int] = {"T1": 1, "T2": 20, "T3": 50, "T4": 100}
"""Calls per method in one-minute windows (Slack's rate limit page; "20+" is taken as 20)."""

_MINUTE = timedelta(minutes=1)


@dataclass
class Limits:
    """Off until `enabled`; then every method's tier, and for posting both a pace per channel and a cap for all.

    `posts_per_minute`: Slack says "several hundred". `burst`: posts a channel takes at once before one a second holds.
    """

    enabled: bool = False
    posts_per_minute: int = 300
    burst: int = 5
    _windows: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    _buckets: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    _blocked: dict[str, datetime] = field(default_factory=dict)

    def block(self, method: str, until: datetime) -> None:
        """Refuse this method until then (and no other): what a 429 with Retry-After means."""
        self._blocked[method] = until

    def wait(self, method: str, tier: str, channel: str, now: datetime) -> int:
        """Seconds to wait before this call may be made, whole, 0 for none; a call that need not wait is counted."""
        if now < self._blocked.get(method, now):
            return math.ceil((self._blocked[method] - now).total_seconds())
        if not self.enabled:
            return 0
        if method == "chat.postMessage":
            return self._post(channel, now)
        return self._window(method, PER_MINUTE[tier], now) if tier in PER_MINUTE else 0

    def _window(self, method: str, allowed: int, now: datetime) -> int:
        start, count = self._windows.get(method, (now, 0))
        if now - start >= _MINUTE:
            start, count = now, 0
        if count >= allowed:
            return max(1, math.ceil((start + _MINUTE - now).total_seconds()))
        self._windows[method] = start, count + 1
        return 0

    def _post(self, channel: str, now: datetime) -> int:
        last, tokens = self._buckets.get(channel, (now, float(self.burst)))
        tokens = min(float(self.burst), tokens + (now - last).total_seconds())
        if tokens < 1:
            return max(1, math.ceil(1 - tokens))
        wait = self._window("chat.postMessage", self.posts_per_minute, now)
        if not wait:
            self._buckets[channel] = now, tokens - 1
        return wait
