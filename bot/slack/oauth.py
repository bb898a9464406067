"""The way a workspace installs the app: Slack's OAuth, by Bolt's own flow, with our store for what comes of it.

Only a workspace whose school was loaded is taken in: of any other the token is revoked at once, and nothing kept.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined, Template
from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Installation, InstallationStore
from slack_sdk.oauth.state_store.stateless import StatelessOAuthStateStore
from sqlalchemy.exc import SQLAlchemyError

from bot.services import installing
from bot.services.installing import Installed
from bot.settings import Settings
from bot.slack.client import SlackApi
from bot.slack.guard import Environ
from bot.slack.http import send
from bot.slack.manifest import REDIRECT, manifest
from bot.store.session import Store

log = logging.getLogger("bot.slack")

INSTALL = "/slack/install"
PATHS = (INSTALL, REDIRECT)

MINUTES = 10
"""From the page with the button to Slack's answer."""

LONGEST_QUERY = 4_000
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",  # the address holds Slack's code
    "cache-control": "no-store",
}


class NotOurs(BoltError):  # noqa: N818
    """A workspace that cannot be taken in. `page`: which of install.html's cases tells why."""

    def __init__(self, page: str, workspace: str = "") -> None:
        self.page, self.workspace = page, workspace
        super().__init__(page)


class Installing:
    """A WSGI application for PATHS. `installed` is told of each workspace that was taken in."""

    def __init__(
        self, settings: Settings, store: Store, clock: Callable[[], datetime], installed: Callable[[], None]
    ) -> None:
        self._flow = _flow(settings, _Keeper(settings, store, clock), installed)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Show the page with the button, or take in what Slack sends whoever pressed it back with."""
        query = environ.get("QUERY_STRING", "")
        if environ.get("REQUEST_METHOD") != "GET" or len(query) > LONGEST_QUERY:
            return send(BoltResponse(status=400, body=""), start_response)
        request = BoltRequest(body="", query=query, headers={"cookie": environ.get("HTTP_COOKIE", "")})
        if environ.get("PATH_INFO") == INSTALL:
            return send(self._flow.handle_installation(request), start_response)
        return send(self._flow.handle_callback(request), start_response)


class _Keeper(InstallationStore):
    """Keeps an installation in the database, with its token sealed; refuses what is no school's."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], datetime]) -> None:
        self._settings, self._store, self._clock = settings, store, clock

    def save(self, installation: Installation) -> None:
        """Raises NotOurs."""
        workspace = installation.team_id or ""
        try:
            self._check(installation, workspace)
            installing.install(self._store, _read(installation, workspace), installation.user_id, self._clock())
        except NotOurs:
            self._revoke(installation.bot_token or "")
            raise
        except SQLAlchemyError as error:
            log.error("install_failed workspace=%s error=%s", workspace, type(error).__name__)
            raise NotOurs("storage_error", workspace) from None
        log.info("installed workspace=%s", workspace)

    def _check(self, installation: Installation, workspace: str) -> None:
        if installation.is_enterprise_install or not workspace or not installation.bot_token:
            raise NotOurs("organization")
        with self._store.read() as connection:
            if not installing.has_school(connection, workspace):
                log.warning("not_installed workspace=%s reason=%s", workspace, "no_school")
                raise NotOurs("no_school", workspace)

    def _revoke(self, token: str) -> None:
        api = SlackApi(token, self._settings.api_url)
        api.ask("auth.revoke", {})
        api.close()


class _State(StatelessOAuthStateStore):
    """What Slack sends back must be what this browser's cookie holds, and not old. slack_sdk's own has only the time in
    it, so that two browsers had the same in one second."""

    def issue(self, *_: Any, **__: Any) -> str:
        """Something nobody else has, and how long it holds, signed."""
        return f"{secrets.token_urlsafe(16)}.{super().issue()}"

    def consume(self, state: str) -> bool:
        """Whether it still holds. That it is this browser's was looked at before."""
        return super().consume(state.partition(".")[2])


class _Flow(OAuthFlow):
    """Bolt's flow with a page of our own."""

    def build_install_page_html(self, url: str, request: BoltRequest) -> str:
        """The page with the button."""
        return _page("install", url=url)

    def handle_installation(self, request: BoltRequest) -> BoltResponse:
        """As Bolt answers it, with our headers."""
        response = super().handle_installation(request)
        response.headers.update({name: [value] for name, value in _HEADERS.items()})
        return response


def _flow(settings: Settings, keeper: InstallationStore, installed: Callable[[], None]) -> OAuthFlow:
    client = WebClient(base_url=settings.api_url, retry_handlers=[])
    quiet = logging.getLogger("bot.bolt")
    state = _State(expiration_seconds=60 * MINUTES, signing_secret=f"install {settings.signing_secret}", logger=quiet)

    def done(args: SuccessArgs) -> BoltResponse:
        installed()
        return _answer(200, "installed", name=args.installation.team_name or "")

    def failed(args: FailureArgs) -> BoltResponse:
        error = args.error
        if isinstance(error, NotOurs):
            return _answer(500 if error.page == "storage_error" else 403, error.page, workspace=error.workspace)
        return _answer(args.suggested_status_code, _REASONS.get(args.reason, "again"))

    return _Flow(
        client=client,
        logger=quiet,
        settings=OAuthSettings(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scopes=manifest()["oauth_config"]["scopes"]["bot"],
            authorization_url=_authorize_url(settings.api_url),
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            installation_store=keeper,
            installation_store_bot_only=True,
            state_store=state,
            state_expiration_seconds=60 * MINUTES,
            callback_options=CallbackOptions(success=done, failure=failed),
            logger=quiet,
        ),
    )


_REASONS = {"access_denied": "denied", "invalid_browser": "browser", "invalid_state": "late"}


def _authorize_url(api_url: str) -> str:
    """Where Slack asks for consent: on the same host as its Web API, but that it is known there without `www`."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("www.")
    return f"{parts.scheme}://{host}/oauth/v2/authorize"


def _read(installation: Installation, workspace: str) -> Installed:
    return Installed(
        workspace=workspace,
        enterprise=installation.enterprise_id,
        app_id=installation.app_id or "",
        bot_user=installation.bot_user_id or "",
        bot_id=installation.bot_id or "",
        scopes=",".join(installation.bot_scopes or ()),
        token=installation.bot_token or "",
    )


def _answer(status: int, page: str, **values: str) -> BoltResponse:
    return BoltResponse(status=status, body=_page(page, **values), headers=dict(_HEADERS))


def _page(page: str, **values: str) -> str:
    return _template().render({"url": "", "workspace": "", "name": "", **values, "page": page})


@cache
def _template() -> Template:
    text = files("bot.slack").joinpath("install.html.j2").read_text("utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text)
