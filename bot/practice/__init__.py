"""A Slack workspace on this machine, stricter than Slack: for the demo and the tests. No feature lives only here."""

from __future__ import annotations

from bot.practice.clock import HandClock
from bot.practice.faults import Fault
from bot.practice.limits import Limits
from bot.practice.message import Message
from bot.practice.people import Person
from bot.practice.refusal import PracticeError
from bot.practice.workspace import PracticeWorkspace

__all__ = ["Fault", "HandClock", "Limits", "Message", "Person", "PracticeError", "PracticeWorkspace"]
