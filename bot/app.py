"""Wires everything, once. Nothing here happens at import time."""

from __future__ import annotations

import gc
import logging
import os
import socket
import ssl
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.authorize import Authorize
from slack_sdk import WebClient
from sqlalchemy import Connection

from bot.errors import CoachError, SchoolError
from bot.mail.carrier import Mailer
from bot.mail.post import METHOD, PER_MINUTE
from bot.services import safeguarding
from bot.services.audit import chain
from bot.services.house import Clock, House
from bot.services.leaving import ledger
from bot.services.nudges import quarter
from bot.services.nudges.days import cadence_of
from bot.services.roster import school
from bot.services.talk import hearing
from bot.settings import Settings
from bot.slack import listeners
from bot.slack.caps import Caps
from bot.slack.client import SlackApi
from bot.slack.desk import Desk
from bot.slack.directory import Directory
from bot.slack.entry import enter
from bot.slack.erasing import LIMITS as ERASING_LIMITS
from bot.slack.guard import Guard, Wsgi
from bot.slack.http import Http
from bot.slack.leaving import LOOK as LEAVES
from bot.slack.leaving import Leaving
from bot.slack.rollcall import LOOK, RollCall
from bot.slack.sender import SlackSender
from bot.store import copies
from bot.store.session import Store
from bot.watch import Unwatched, Watch
from bot.words import Words
from scheduler.bell import Bell, LaneKey, Ring
from scheduler.cadence import CadenceError
from scheduler.clock import PURGE
from scheduler.clock import Clock as Ticker
from scheduler.dispatcher import Dispatcher
from scheduler.failures import named
from scheduler.intake import Intake, hand_on
from scheduler.outbox import Delivery, Outbox
from scheduler.pace import Limits, Pace

log = logging.getLogger("bot")

DRAIN_SECONDS = 8.0
COLLECT_EVERY = 10_000
"""Objects made and not let go again before the garbage collector looks for cycles; Python's own 700 is for scripts."""

PLAN = timedelta(hours=1)
"""How often the quarter is planned anew: who answered, who moved, whose clock changed."""

LIMITS = Limits(methods=((METHOD, PER_MINUTE),))
"""How fast Slack may be called, and the mail server."""

EVENTS_PATH = "/slack/events"
SEVERAL = "For more than one process set DATABASE_URL to a PostgreSQL database (postgresql://user:password@host/name)."


@dataclass(frozen=True)
class Premises:
    """What the bots of one process share.

    workers: calls at once, of each bot. sends: False for a process that only takes in, and has workers beside it on the
    same database (PostgreSQL): they send what it puts, as soon as it is committed. caps: how much one person may do in
    a while; None is as usual. watch: who counts.
    """

    settings: Settings
    store: Store
    clock: Clock
    bell: Bell | None
    limits: Limits | None = None
    tls: ssl.SSLContext | None = None
    workers: int = 40
    sends: bool = True
    caps: Caps | None = None
    watch: Watch = field(default_factory=Unwatched)

    @property
    def ring(self) -> Ring:
        """Tells the other processes."""
        return self.bell.ring if self.bell else _no_bell


@dataclass(frozen=True)
class Bot:
    """The bot of one workspace, wired. `app` takes events in; `dispatcher` takes deliveries out."""

    app: App
    house: House
    dispatcher: Dispatcher
    ticker: Ticker
    api: SlackApi
    workspace: str
    secret: str = field(repr=False)
    leaving: Leaving
    roll_call: RollCall
    sends: bool = True

    def wsgi(self) -> Wsgi:
        """The HTTP way in, guarded."""
        return Guard(Http(self.answer, EVENTS_PATH), self.secret)

    @property
    def dispatchers(self) -> tuple[Dispatcher, ...]:
        """The one there is."""
        return (self.dispatcher,)

    def lacks(self) -> tuple[str, ...]:
        """What it cannot do without and does not have."""
        try:
            fit(self.house.store, self.workspace)
        except CoachError:
            return ("school",)
        return ()

    def answer(self, body: Mapping[str, Any]) -> BoltResponse:
        """Take in what Slack sent."""
        return enter(self.app, body)

    def start(self) -> None:
        """Start sending, unless that is left to workers."""
        _settle_in()
        if self.sends:
            self.ticker.start()

    def stop(self, timeout: float = DRAIN_SECONDS) -> bool:
        """Send what is in hand, give the rest back, close. False if some calls had not ended in time."""
        clean = self.end(timeout)
        self.house.store.close()
        return clean

    def end(self, timeout: float = DRAIN_SECONDS) -> bool:
        """As `stop`, but for the database, which others of the process go on with."""
        self.leaving.stop()
        clean = self.ticker.stop(timeout)
        self.api.close()
        return clean


def build(
    settings: Settings,
    words: Words,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    workers: int = 40,
    sends: bool = True,
    caps: Caps | None = None,
) -> Bot:
    """The bot of the workspace SLACK_BOT_TOKEN is of; the arguments are as for `Premises`.

    CoachError if Slack does not know the token; the school is checked by `ready`.
    """
    found = premises(settings, clock=clock, limits=limits, tls=tls, workers=workers, sends=sends, caps=caps)
    return wire(found, words, who(settings.bot_token, settings.api_url, tls))


def premises(settings: Settings, *, clock: Clock | None = None, sends: bool = True, **more: Any) -> Premises:
    """Open the database and find what else the bots of one process share. CoachError: on SQLite one process is all."""
    store = Store(settings.database_url, settings.keyring)
    if store.sqlite and not sends:
        raise CoachError(f"On SQLite one process does it all. {SEVERAL}")
    bell = None if store.sqlite else Bell(store.engine)
    return Premises(settings, store, clock or (lambda: datetime.now(UTC)), bell, sends=sends, **more)


def wire(at: Premises, words: Words, known: AuthorizeResult, removed: Callable[[], None] | None = None) -> Bot:
    """The bot of one workspace. `known`: who it is there, with its token. `removed`: told when the app is taken out of
    the workspace, or its token revoked; from then on nothing more is sent in any case."""
    workspace, bot_user, token = known.team_id or "", known.bot_user_id or "", known.bot_token or ""
    owner = f"{socket.gethostname()[:20]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    settings, store, now = at.settings, at.store, at.clock
    api = SlackApi(token, settings.api_url, tls=at.tls, limited=at.watch.limited)
    # What is another workspace's waits for that one's bot: this one's token would bring it to strangers.
    outbox = Outbox(owner, workspace=workspace) if at.sends else Intake(owner)
    house = House(store, outbox, words, now, mails=settings.mail is not None)
    sender = SlackSender(house, api, bot_user, Mailer(house, settings.mail))
    pace = Pace(at.limits or LIMITS)
    dispatcher = Dispatcher(
        store.write, house.outbox, sender, pace, now, at.workers, sender.in_steps, at.ring, at.watch
    )
    app = _bolt(settings, known, at.tls)
    send = _send(dispatcher) if at.sends else _hand_on(at.ring, now)

    def gone() -> None:
        log.warning("app_removed workspace=%s", workspace)
        if removed is not None:
            removed()
        dispatcher.halt()

    caps = Caps() if at.caps is None else at.caps
    listeners.register(app, Desk(house, bot_user, send, api, workspace, caps, gone))
    ticker = Ticker(dispatcher, house.outbox, store.write, now, alone=store.sqlite, bell=at.bell)
    leaving = Leaving(house, api, bot_user, workspace, ledger.place(settings), at.limits or ERASING_LIMITS)
    directory = Directory(token, settings.api_url, tls=at.tls)
    roll_call = RollCall(house, directory, workspace, send)
    _come_round(ticker, house, workspace, roll_call, leaving)
    return Bot(app, house, dispatcher, ticker, api, workspace, settings.signing_secret, leaving, roll_call, at.sends)


def _come_round(ticker: Ticker, house: House, workspace: str, roll_call: RollCall, leaving: Leaving) -> None:
    """What a bot does from time to time, besides sending."""
    store = house.store
    ticker.every(PURGE, lambda: hearing.forget_seen(house))
    ticker.every(PLAN, lambda: _plan(house, workspace), at_once=True)
    ticker.every(chain.EVERY, lambda: chain.tie(store, workspace))
    ticker.every(PURGE, lambda: chain.let_go(store, workspace, house.clock()))
    ticker.every(LOOK, roll_call)
    ticker.every(LEAVES, leaving, at_once=True)


def ready(bot: Bot) -> None:
    """Refuse to start on a copy, for a workspace without a school, or for a school that nobody watches over."""
    fit(bot.house.store, bot.workspace)


def fit(store: Store, workspace: str) -> None:
    """Raise CoachError unless a workspace has all that its bot needs: a school, and somebody who watches over it."""
    with store.read() as connection:
        copies.refuse_copy(connection)
        keys = school.watchers(connection, workspace)
        if keys is None:
            raise SchoolError([f"There is no school for workspace {workspace}. Load one: conference-coach load DIR"])
        if not keys:
            raise SchoolError(['No counselor is set. Name one in school.toml: counselors = ["…"], and load it again.'])
        there = safeguarding.reachable(safeguarding.counselors(connection, workspace, keys))
        _require_cadence(connection, workspace)
    if not there:
        raise SchoolError(
            [
                f"None of the counselors ({', '.join(keys)}) was found in Slack: an alert would reach nobody. "
                "Check their e-mail in roster.csv, or give their slack_id there, and load it again."
            ]
        )


def _require_cadence(connection: Connection, workspace: str) -> None:
    """A school's cadence was checked when it was loaded, against the packaged one of that version."""
    try:
        cadence_of(connection, workspace)
    except CadenceError as error:
        raise SchoolError([*error.problems, "Mend cadence.toml and load the school again."]) from None


def _plan(house: House, workspace: str) -> None:
    """Plan the quarter anew. Two processes at it at once do no harm: each adds only what is not there."""
    try:
        changes = quarter.replan(house.store, house.outbox, workspace, house.clock(), mails=house.mails).changes
    except Exception as error:  # tried again in an hour; what is planned already goes out
        log.error("plan_failed workspace=%s error=%s", workspace, named(error))
        return
    if changes.each:
        log.info("planned workspace=%s added=%d moved=%d cancelled=%d", workspace, changes.added, changes.moved,
                 changes.cancelled)  # fmt: skip


class _OneWorkspace(Authorize):
    """The bot's own workspace, known from the start."""

    def __init__(self, who: AuthorizeResult) -> None:
        self._who = who

    def __call__(self, **_: Any) -> AuthorizeResult:
        """The same for every event."""
        return self._who


def _settle_in() -> None:
    """Spare the garbage collector what stays: the words are a hundred thousand objects, which it would walk through
    again and again, in the middle of a turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


def _bolt(settings: Settings, who: AuthorizeResult, tls: ssl.SSLContext | None) -> App:
    """Bolt, which runs a listener before it acks: what is acked is stored."""
    client = WebClient(who.bot_token, base_url=settings.api_url, ssl=tls, retry_handlers=[])
    quiet = logging.getLogger("bot.bolt")
    quiet.setLevel(logging.ERROR)
    return App(
        client=client,
        signing_secret=settings.signing_secret or uuid.uuid4().hex,
        authorize=_OneWorkspace(who),
        process_before_response=True,
        logger=quiet,
        # What the bot has no use for is not run for every event. Its own messages are told apart by the listeners.
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


def who(token: str, api_url: str, tls: ssl.SSLContext | None = None) -> AuthorizeResult:
    """Whom a bot token is of. CoachError, with the remedy, if Slack does not know it or cannot be asked."""
    api = SlackApi(token, api_url, tls=tls)
    reply = api.ask("auth.test", {})
    api.close()
    if reply.fault or reply.retry_after is not None:
        raise CoachError(
            f"Slack cannot be asked who the bot is ({reply.fault or reply.error}). "
            "Look at this machine's connection, and at SLACK_API_URL if it is set, and run it again."
        )
    if not reply.ok:
        raise CoachError(
            f"Slack does not accept SLACK_BOT_TOKEN ({reply.error or reply.fault}). "
            "Copy it again from your Slack app's page, OAuth & Permissions."
        )
    data: dict[str, Any] = dict(reply.data)
    return AuthorizeResult(
        enterprise_id=data.get("enterprise_id"),
        team_id=data["team_id"],
        bot_user_id=data["user_id"],
        bot_id=data.get("bot_id"),
        bot_token=token,
    )


def _send(dispatcher: Dispatcher) -> Callable[[Sequence[Delivery]], None]:
    def send(deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            log.info("put deliveries=%s", [one.id for one in deliveries])
            dispatcher.hand_over(deliveries)

    return send


def _hand_on(ring: Ring, clock: Clock) -> Callable[[Sequence[Delivery]], None]:
    def send(deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            log.info("put deliveries=%s", [one.id for one in deliveries])
            hand_on(ring, deliveries, clock())

    return send


def _no_bell(_lanes: Collection[LaneKey]) -> None:
    """There is nobody else."""
