"""From what Slack replied to what became of a delivery."""

from __future__ import annotations

from bot.slack.client import Reply
from scheduler.outcomes import Later, Outcome, Refused, Unknown

UNTIL_MENDED = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "org_login_required"}
)
MENDED_SECONDS = 60.0
"""What Slack refuses for the sake of the token is no fault of the message: it waits until somebody mends that."""


def trouble(reply: Reply, method: str) -> Outcome:
    """What a reply that is not a yes means: unknown, later, or refused for good."""
    if reply.fault:
        return Unknown(reply.fault)
    if reply.retry_after is not None:
        return Later(reply.retry_after, reply.error, method)
    if reply.error in UNTIL_MENDED:
        return Later(MENDED_SECONDS, reply.error, method)
    return Refused(reply.error)
