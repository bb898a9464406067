"""From what Slack replied to what became of a delivery."""

from __future__ import annotations

from bot.slack.client import Reply
from scheduler.outcomes import Later, Outcome, Refused, Unknown


def trouble(reply: Reply, method: str) -> Outcome:
    """What a reply that is not a yes means: unknown, later, or refused for good."""
    if reply.fault:
        return Unknown(reply.fault)
    if reply.retry_after is not None:
        return Later(reply.retry_after, reply.error, method)
    return Refused(reply.error)
