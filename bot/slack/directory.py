"""Who is in the workspace, asked of Slack: for loading a school, where no event brings anybody."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.errors import CoachError
from bot.services.roster.admission import Account
from bot.services.roster.members import Member

PAGE = 200  # Slack's recommended size for users.list


def member(user: Mapping[str, Any], workspace: str) -> Member | None:
    """Who is behind Slack's user object, as events and methods of a workspace have it; None for a program."""
    if user.get("is_bot"):
        return None
    email, zone = (user.get("profile") or {}).get("email"), user.get("tz")
    return Member(user["id"], email or "", zone or "", bool(user.get("deleted")), _account(user, workspace))


def _account(user: Mapping[str, Any], workspace: str) -> Account:
    """Whose user it is, and whether the account is a full one. Of an organization's workspaces each user has several,
    of which `team_id` is one."""
    teams = {user.get("team_id") or workspace, *((user.get("enterprise_user") or {}).get("teams") or ())}
    if user.get("is_stranger") or workspace not in teams:
        return Account.EXTERNAL
    guest = user.get("is_restricted") or user.get("is_ultra_restricted")
    return Account.GUEST if guest else Account.MEMBER


class DirectoryError(CoachError):
    """Slack could not be asked, or would not say. `reason`: why, in a word, for the log."""

    def __init__(self, told: str, reason: str) -> None:
        self.reason = reason
        super().__init__(told)


class Directory:
    """Slack's people, by a client that only reads, so that it may safely ask again when told to wait."""

    def __init__(self, token: str, api_url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._api_url = api_url
        waiting = RateLimitErrorRetryHandler(max_retry_count=3)
        self._client = WebClient(token=token, base_url=api_url, ssl=tls, retry_handlers=[waiting])

    def workspace(self) -> str:
        """The workspace's id (T…), by the token. Raises DirectoryError."""
        return str(self._ask("auth.test")["team_id"])

    def members(self) -> Iterator[Member]:
        """Everyone who is a person, also those whose account was deactivated. Raises DirectoryError."""
        cursor, workspace = "", self.workspace()
        while True:
            page = self._ask("users.list", limit=PAGE, **({"cursor": cursor} if cursor else {}))
            for user in page.get("members") or ():
                if found := member(user, workspace):
                    yield found
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._client.api_call(method, params=arguments).data
        except SlackApiError as error:
            if not _is_code(error):
                raise DirectoryError(self._not_slack(), "not_slack") from None
            raise DirectoryError(_refusal(method, error), _code(error)) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise DirectoryError(
                f"Slack cannot be reached at {self._api_url} ({reason}). Look at this machine's connection.",
                type(error).__name__,
            ) from None
        if not isinstance(answer, dict):
            raise DirectoryError(self._not_slack(), "not_slack")
        return answer

    def _not_slack(self) -> str:
        return f"What answers at {self._api_url} is not Slack. Look at SLACK_API_URL, and at this machine's connection."


def _is_code(error: SlackApiError) -> bool:
    """Whether Slack gave its reason as it does: `invalid_auth`, not a page of somebody else's."""
    return _code(error).replace("_", "").isalnum()


def _code(error: SlackApiError) -> str:
    return str((error.response or {}).get("error") or "no_reason")


def _refusal(method: str, error: SlackApiError) -> str:
    code = error.response.get("error") if error.response is not None else None
    remedies = {
        "invalid_auth": "Copy SLACK_BOT_TOKEN again from the Slack app's page, OAuth & Permissions.",
        "missing_scope": "Install the app again from manifest.json, so that it has its scopes.",
        "account_inactive": "The app was removed from the workspace: install it again.",
        "token_revoked": "The app was removed from the workspace: install it again.",
    }
    return f"Slack refused {method} ({code or 'no reason given'}). {remedies.get(str(code), 'Try again later.')}"
