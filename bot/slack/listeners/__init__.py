"""What the bot listens to, a module for each kind."""

from __future__ import annotations

from slack_bolt import App

from bot.slack.desk import Desk
from bot.slack.gate import Gate
from bot.slack.listeners import (
    actions,
    advising,
    attending,
    commands,
    committing,
    contributing,
    flood,
    forms,
    home,
    lifecycle,
    messages,
    nudges,
    packets,
    practising,
    showing,
)


def register(app: App, desk: Desk) -> None:
    """Register every listener; the gate comes before all of them, the catch-alls last."""
    app.use(Gate(desk))
    for module in (
        flood,
        messages,
        nudges,
        packets,
        practising,
        advising,
        attending,
        committing,
        contributing,
        forms,
        showing,
        actions,
        commands,
        home,
        lifecycle,
    ):
        module.register(app, desk)
