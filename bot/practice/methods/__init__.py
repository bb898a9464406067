"""What each Web API method does, by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bot.practice.message import Json

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace

Answer = Callable[["PracticeWorkspace", "Call"], Json]


def answers() -> Mapping[str, Answer]:
    """Every method by name: `(workspace, call) -> fields of the answer`, raising Refusal."""
    from bot.practice.methods import chat, conversations, files, identity, marks, members, users, views

    families = (chat, conversations, files, identity, marks, members, users, views)
    return {name: answer for family in families for name, answer in family.METHODS.items()}
