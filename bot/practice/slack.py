"""Several practice workspaces behind one address, with one app among them that each may install by OAuth."""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from bot.practice.message import Json
from bot.practice.server import Server
from bot.practice.wire import Reply, Request
from bot.practice.workspace import PracticeWorkspace

ACCESS = "oauth.v2.access"
AUTHORIZE = "/oauth/v2/authorize"


class PracticeSlack:
    """Slack as an app sees it that is installed by OAuth: which workspace a call is to is told by its token.

    Serves from the moment it is made until `close()`, which closes the workspaces too. A code is good for one exchange.
    `codes`: a code, once given out, and the workspace it is for.
    """

    def __init__(self, workspaces: Sequence[PracticeWorkspace], redirect_url: str = "") -> None:
        self.workspaces = {each.team_id: each for each in workspaces}
        self.client_id, self.client_secret = "100200300.400500600", secrets.token_hex(16)
        self.signing_secret = secrets.token_hex(16)
        self.redirect_url = redirect_url
        self.codes: dict[str, tuple[PracticeWorkspace, str]] = {}
        self.revoked: list[str] = []
        for each in workspaces:
            each.signing_secret = self.signing_secret
            each.uninstalled = True
        self._server = Server(self.serve)

    @property
    def api_url(self) -> str:
        """What to give the bot as SLACK_API_URL."""
        return f"{self._server.address}/api/"

    def close(self) -> None:
        """Hang up, here and in every workspace."""
        self._server.close()
        for each in self.workspaces.values():
            each.close()

    def consent(self, address: str, team_id: str, person: str) -> str:
        """Somebody presses "Allow" for a workspace on the page at this address: the query Slack sends them back with.

        ValueError where the address is not one that Slack would show the page for.
        """
        path, _, query = address.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        scopes = set(asked.get("scope", "").split(","))
        if not path.endswith(AUTHORIZE) or asked.get("client_id") != self.client_id:
            raise ValueError("invalid_client_id")
        wanted = self.workspaces[team_id].manifest.scopes
        if scopes != wanted or asked.get("user_scope"):
            raise ValueError("invalid_scope")
        code = f"{secrets.token_hex(6)}.{secrets.token_hex(16)}"
        self.codes[code] = (self.workspaces[team_id], person)
        return urlencode({"code": code, "state": asked.get("state", "")})

    def serve(self, request: Request) -> Reply:
        """Answer a request to the Web API."""
        name = request.path.rpartition("/")[2]
        if name == ACCESS:
            return Reply.of(self._exchange(request))
        found = self._of(request)
        if found is None:
            return Reply.of({"ok": False, "error": "invalid_auth"})
        if name == "auth.revoke":
            found.uninstalled = True
            self.revoked.append(found.team_id)
            return Reply.of({"ok": True, "revoked": True})
        return found.serve(request)

    def _of(self, request: Request) -> PracticeWorkspace | None:
        token = request.bearer
        return next((each for each in self.workspaces.values() if token and each.bot_token == token), None)

    def _exchange(self, request: Request) -> Json:
        given = {**request.fields(), **_basic(request)}
        problem = self._problem(request, given)
        if problem:
            return {"ok": False, "error": problem}
        workspace, person = self.codes.pop(str(given["code"]))
        workspace.uninstalled = False
        workspace.bot_token = f"xoxb-practice-{secrets.token_hex(8)}"
        return {
            "ok": True, "app_id": workspace.app_id, "authed_user": {"id": person}, "token_type": "bot",
            "scope": ",".join(sorted(workspace.manifest.scopes)), "access_token": workspace.bot_token,
            "bot_user_id": workspace.bot_user, "team": {"id": workspace.team_id, "name": workspace.name},
            "enterprise": None, "is_enterprise_install": False,
        }  # fmt: skip

    def _problem(self, request: Request, given: Mapping[str, Any]) -> str:
        """Why a code is not exchanged."""
        if request.verb != "POST":
            return "invalid_arguments"
        if given.get("client_id") != self.client_id:
            return "invalid_client_id"
        if given.get("client_secret") != self.client_secret:
            return "bad_client_secret"
        return "" if given.get("code") in self.codes else "invalid_code"


def _basic(request: Request) -> Json:
    """Who the client says it is, where it does so in the header; it may be in the form instead."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    name, _, secret = b64decode(value).decode().partition(":")
    return {"client_id": name, "client_secret": secret}
