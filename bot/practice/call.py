"""One call of a Web API method, while it is being answered and as it is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.practice.channel import Kind
from bot.practice.message import Json
from bot.practice.method import Method
from bot.practice.refusal import Refusal


@dataclass(frozen=True)
class Past:
    """A call that was made: what with, when (workspace time), how it was answered, which scopes it took."""

    method: str
    args: Json
    at: datetime
    ok: bool
    status: int
    error: str = ""
    needed: tuple[str, ...] = ()


@dataclass
class Call:
    """A call being answered: its method, its arguments in their types, the scopes of the token."""

    method: Method
    args: Json
    granted: frozenset[str]
    needed: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.args[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or the default."""
        return self.args.get(name, default)

    def need(self, any_of: Iterable[str]) -> None:
        """Refuse the call unless one of these scopes is granted."""
        scopes = tuple(any_of)
        if not scopes:
            return
        held = next((scope for scope in scopes if scope in self.granted), None)
        if held is None:
            raise Refusal("missing_scope", needed=",".join(scopes), provided=",".join(sorted(self.granted)))
        self.needed.append(held)

    def need_for(self, kind: Kind) -> None:
        """Refuse the call unless its scope for this kind of conversation is granted."""
        if kind not in self.method.by_kind:
            raise Refusal("method_not_supported_for_channel_type")
        self.need(self.method.by_kind[kind])
