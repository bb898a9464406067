"""People who change, everything else Slack may send, and the one error handler."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

from slack_bolt import App, BoltResponse

from bot.errors import CoachError
from bot.services.roster import members
from bot.slack.desk import Desk
from bot.slack.directory import member
from scheduler.failures import raised_at

log = logging.getLogger("bot.slack")

CONFLICT = 409


def register(app: App, desk: Desk) -> None:
    """How people are now, and the catch-alls: what nobody listens to is acked, so that Slack does not send it again."""

    @app.event("user_change")
    def changed(body: dict[str, Any], event: dict[str, Any]) -> None:
        found = member(event["user"], body["team_id"])
        if found is not None:
            desk.send(members.changed(desk.house, body["team_id"], found))

    @app.event("app_uninstalled")
    def uninstalled() -> None:
        desk.removed()

    @app.event("tokens_revoked")
    def revoked(event: dict[str, Any]) -> None:
        """Of users' tokens there are none."""
        if desk.bot_user in (event["tokens"].get("bot") or ()):
            desk.removed()

    @app.event(re.compile(r".*"))
    def other() -> None:
        """An event this version has no use for."""

    @app.error
    def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Not acked, so that Slack sends an event again. Logged by name and reference: a message may hold words.

        A CoachError is a window that Slack would not open: whoever tapped is shown that, and the fault is not here.
        """
        reference = uuid.uuid4().hex[:8]
        log.error("listener_failed reference=%s error=%s at=%s type=%s", reference, type(error).__name__,
                  raised_at(error), body.get("type"))  # fmt: skip
        return BoltResponse(status=CONFLICT if isinstance(error, CoachError) else 500, body="")
