"""All that ever stood in a practice workspace, changed and deleted since or not, and who could read it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.practice.files import File
from bot.practice.message import Message
from bot.practice.view import View
from bot.practice.wire import Request
from bot.practice.workspace import PracticeWorkspace
from tests.packet.bound import text as text_of
from tests.trust.canaries import found

SHOWN = {"text", "alt_text", "alt_txt", "initial_value", "initial_comment", "title", "name", "filename"}
"""What of blocks, windows and calls is read by somebody; all else is for the bot, for Slack, or in an address."""


@dataclass
class Witness:
    """Keeps every version of every message, window, home and file, and every request the bot made."""

    messages: list[Message] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    stored: list[File] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """From now on, until the patch is undone."""
        for kind, kept in (
            (Message, self.messages), (View, self.views), (File, self.stored), (Request, self.requests)
        ):  # fmt: skip
            patch.setattr(kind, "__init__", _keeping(kind.__init__, kept))

    def readers(self, workspace: PracticeWorkspace) -> dict[str, set[str]]:
        """By canary, the roster ids of those before whom it ever stood. Nobody is to have left a channel."""
        seen: dict[str, set[str]] = defaultdict(set)
        for text, people in self._shown(workspace):
            for canary in found(text):
                seen[canary] |= {one.removeprefix("U").lower() for one in people if one in workspace.people}
        return dict(seen)

    def _shown(self, workspace: PracticeWorkspace) -> Iterator[tuple[str, set[str]]]:
        for one in self.messages:
            text = json.dumps([one.text, one.blocks, one.files], ensure_ascii=False)
            yield text, {one.only_for} if one.only_for else set(workspace.channels[one.channel].members)
        for view in self.views:
            yield json.dumps(view.definition, ensure_ascii=False), {view.user}
        for file in self.stored:
            there = {file.user}.union(*(workspace.channels[one].members for one in workspace.files.shares(file.id)))
            yield f"{file.name} {file.title} {_read(file)}", there

    def unseen(self, workspace: PracticeWorkspace) -> Iterator[tuple[str, set[str]]]:
        """Canaries in what nobody reads: metadata, ids, values, addresses, arguments of calls; and where."""
        for message in self.messages:
            yield f"message {message.ts}", found(json.dumps([message.metadata, [*_hidden(message.blocks)]]))
        for view in self.views:
            yield f"view {view.id}", found(json.dumps([*_hidden(view.definition)]))
        for call in workspace.calls:
            yield call.method, found(json.dumps([*_hidden(call.args)]))

    def addresses(self) -> Iterator[str]:
        """The path and query of every request, but those that fetch a file, which Slack names after it."""
        return (f"{one.path}?{one.query}" for one in self.requests if not one.path.startswith("/files-pri/"))


def _keeping(init: Callable[..., None], kept: list[Any]) -> Callable[..., None]:
    def made(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        kept.append(self)

    return made


def _hidden(node: Any, key: str = "") -> Iterator[str]:
    """Every string in a structure whose name is not among SHOWN, and every name."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield name
            yield from _hidden(value, name)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _hidden(value, key)
    elif isinstance(node, str) and key not in SHOWN:
        yield node


def _read(file: File) -> str:
    """A file's words, if it is one of words."""
    if file.name.endswith(".pdf"):
        return text_of(file.content)
    return file.content.decode(errors="ignore") if file.name.endswith(".ics") else ""
