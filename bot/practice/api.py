"""Answering Web API calls: token, arguments, scope, limits, faults, then the method itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from bot.practice.call import Call, Past
from bot.practice.channel import Kind
from bot.practice.faults import Fault, Trouble
from bot.practice.message import Json
from bot.practice.method import load_methods
from bot.practice.methods import answers
from bot.practice.refusal import Refusal
from bot.practice.wire import Ending, Reply, Request

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace

_APP_TOKEN_METHODS = frozenset({"apps.connections.open"})
_TOKENLESS = frozenset({"api.test"})
_HTML = b"<!doctype html><html><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True)
class _Late:
    due: datetime
    method: str
    args: Json
    token: str


class Api:
    """All methods of a workspace behind one door, `serve`; `calls` remembers what was asked."""

    def __init__(self, workspace: PracticeWorkspace) -> None:
        self._workspace = workspace
        self._methods = load_methods()
        self._answers = answers()
        self._late: list[_Late] = []
        self.calls: list[Past] = []

    def serve(self, request: Request) -> Reply:
        """Answer a request to /api/<method>."""
        name = request.path.rpartition("/")[2]
        try:
            given = request.fields()
        except ValueError:
            return Reply.of({"ok": False, "error": "invalid_json"})
        token = request.bearer or str(given.pop("token", ""))
        given.pop("token", None)
        workspace = self._workspace
        if given.get("team_id") == workspace.team_id:
            del given["team_id"]  # Bolt's client puts it into every call
        with workspace.changing:
            self.land(workspace.now())
            fault = workspace.faults.take(name, given)
            reply = self._faulty(name, given, token, fault) if fault else self.call(name, given, token)
            workspace.changing.notify_all()
        return replace(reply, headers={**reply.headers, **self._headers(token)})

    def _headers(self, token: str) -> dict[str, str]:
        """What Slack says beside every answer: its time, and the scopes of the token it was asked with."""
        said = {"Date": format_datetime(self._workspace.now().astimezone(UTC), usegmt=True)}
        scopes = {self._workspace.bot_token: sorted(self._workspace.manifest.scopes),
                  self._workspace.app_token: ["connections:write"]}.get(token)  # fmt: skip
        return said if scopes is None else {**said, "X-OAuth-Scopes": ",".join(scopes)}

    def call(self, name: str, given: Mapping[str, Any], token: str) -> Reply:
        """Answer and remember one call, no fault in the way."""
        now = self._workspace.now()
        method = self._methods.get(name)
        if method is None:
            return self._remember(name, given, Refusal("unknown_method").body())
        wait = self._workspace.limits.wait(name, method.tier, self._lane(given), now)
        if wait:
            return self._remember(name, given, {"ok": False, "error": "ratelimited"}, 429, wait=wait)
        call = Call(method, {}, self._workspace.manifest.scopes)
        try:
            self._admit(name, token)
            call.args = method.arguments(given)
            call.need(method.scopes)
            body = {"ok": True, **self._answers[name](self._workspace, call)}
        except Refusal as refusal:
            body = refusal.body()
            if refusal.error not in method.errors:
                raise LookupError(f"{name} cannot answer {refusal.error}: see methods.toml") from refusal
        return self._remember(name, call.args or given, body, needed=tuple(call.needed))

    def land(self, now: datetime) -> None:
        """Let the calls take effect that were accepted late and are due."""
        due = [late for late in self._late if late.due <= now]
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            self.call(late.method, late.args, late.token)

    def _lane(self, given: Mapping[str, Any]) -> str:
        """What a limit counts by: the channel, or the person of a direct message, however it was named."""
        name = str(given.get("channel", ""))
        channel = self._workspace.channels.get(name)
        return channel.other(self._workspace.bot_user) if channel and channel.kind is Kind.IM else name

    def _admit(self, name: str, token: str) -> None:
        workspace = self._workspace
        if name in _TOKENLESS:
            return
        if not token:
            raise Refusal("not_authed")
        if token not in (workspace.bot_token, workspace.app_token):
            raise Refusal("invalid_auth")
        if (token == workspace.app_token) != (name in _APP_TOKEN_METHODS):
            raise Refusal("not_allowed_token_type")
        if workspace.uninstalled:
            raise Refusal("account_inactive")

    def _faulty(self, name: str, given: Mapping[str, Any], token: str, fault: Fault) -> Reply:
        done = self.call(name, given, token) if fault.does_it else None
        if done is None:
            status = {Trouble.RATE_LIMITED: 429, Trouble.ERROR_500: 500}.get(fault.trouble, 0)
            error = f"fault:{fault.code or fault.trouble}"
            self._remember(name, given, {"ok": False, "error": error}, status)
        if fault.trouble is Trouble.LATE:
            due = self._workspace.now() + timedelta(seconds=fault.seconds)
            self._late.append(_Late(due, name, dict(given), token))
        if fault.trouble is Trouble.RATE_LIMITED:
            self._workspace.limits.block(name, self._workspace.now() + timedelta(seconds=fault.seconds))
        return _broken(fault, done)

    def _remember(
        self,
        name: str,
        args: Mapping[str, Any],
        body: Json,
        status: int = 200,
        *,
        needed: tuple[str, ...] = (),
        wait: int = 0,
    ) -> Reply:
        past = Past(name, dict(args), self._workspace.now(), body["ok"], status, body.get("error", ""), needed)
        self.calls.append(past)
        return Reply.of(body, status, **({"Retry_After": str(wait)} if wait else {}))


def _broken(fault: Fault, done: Reply | None) -> Reply:
    """What the client gets to see of a call that met a fault."""
    match fault.trouble:
        case Trouble.TIMEOUT_BEFORE | Trouble.TIMEOUT_AFTER:
            return Reply(ending=Ending.SILENT)
        case Trouble.HANG if done is not None:
            return Reply(done.status, done.body, done.headers, Ending.HALF)
        case Trouble.ERROR_500 | Trouble.ERROR_500_AFTER:
            return Reply(500, b"Internal Server Error", {"Content-Type": "text/plain"})
        case Trouble.HTML_200 | Trouble.HTML_200_AFTER:
            return Reply(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})
        case Trouble.RATE_LIMITED:
            return Reply.of({"ok": False, "error": "ratelimited"}, 429, Retry_After=str(math.ceil(fault.seconds)))
        case Trouble.REFUSED | Trouble.REFUSED_AFTER:
            return Reply.of(Refusal(fault.code).body())
        case _:
            return Reply(ending=Ending.DROPPED)
