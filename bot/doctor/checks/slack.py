"""Slack: whether it is there, whom it takes us for, what we may do, whether a socket opens."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from bot.doctor.finding import Finding, doubtful, failed, fine, listed, unseen
from bot.doctor.look import Look
from bot.doctor.slackline import Heard
from bot.errors import CoachError
from bot.settings import HOW_TO_GET, Name

FEATURES = {
    "chat:write": "nothing can be said",
    "commands": "/conference is not there",
    "files:read": "photos and files that students send cannot be seen",
    "files:write": "packets, pictures and shared work cannot be sent",
    "groups:history": "what became of a message in a conference's channel cannot be found out",
    "groups:read": "who is in a conference's channel is not known, so that no agenda is posted there",
    "groups:write": "no channel for a conference can be made, and nobody invited",
    "im:history": "what students write is not heard",
    "im:write": "no direct message can be opened",
    "pins:write": "the agenda is not pinned",
    "users:read": "nobody's account or time zone is known",
    "users:read.email": "nobody is found by their e-mail address",
}
"""What does not work without each scope of the manifest."""

LITTLE, TOO_MUCH = timedelta(seconds=60), timedelta(seconds=300)
"""Slack's requests are refused when their time and ours are more than five minutes apart."""

AGAIN = (
    "Put the manifest in again (conference-coach manifest; on your Slack app's page, App Manifest), install the app \
again (Install App), and copy the bot token."
)
_GONE = "Install the app in the workspace again (on your Slack app's page, Install App), and copy the bot token."
_COPY_BOT = HOW_TO_GET[Name.BOT_TOKEN].replace("Copy it", "Copy it again")
_COPY_APP = HOW_TO_GET[Name.APP_TOKEN].replace("Make one", "Copy it again, or make one,")
_BOT = {
    "account_inactive": _GONE,
    "token_revoked": _GONE,
    "token_expired": f"Turn token rotation off: {AGAIN}",
}
_SOCKET_ON = "Turn Socket Mode on, on your Slack app's page; or run web, and leave SLACK_APP_TOKEN out."
_APP = {
    "missing_scope": "Make a new one with the scope connections:write, on your Slack app's page, Basic Information, "
    "App-Level Tokens.",
    "forbidden_team": "Install its app in this workspace, and see that Socket Mode is on (on your Slack app's page).",
    "socket_mode_disabled": _SOCKET_ON,
}


def slack(look: Look) -> Finding:
    """Whether Slack answers at all."""
    heard = look.greeting
    if heard.reply.fault:
        return failed(
            f"Slack does not answer at {look.slack.address} ({heard.reply.fault}).",
            Name.API_URL,
            "Look at this machine's connection, firewall and proxy, and at SLACK_API_URL if it is set.",
        )
    return fine(f"It answers at {look.slack.address}.", Name.API_URL)


def clock(look: Look) -> Finding:
    """Whether our clock and Slack's agree."""
    ahead = look.greeting.ahead
    if ahead is None:
        return unseen("Slack does not say what time it is")
    seconds = int(abs(ahead).total_seconds())
    said = f"This machine's clock is {seconds:,} s {'ahead of' if ahead > timedelta() else 'behind'} Slack's"
    remedy = "Set the clock, and have it kept by NTP (timedatectl set-ntp true)."
    if abs(ahead) > TOO_MUCH:
        return failed(f"{said}: what Slack signs is refused as too old.", "the clock", remedy)
    if abs(ahead) > LITTLE:
        return doubtful(f"{said}.", "the clock", remedy)
    return fine("This machine's clock is right.", "the clock")


def bot_token(look: Look) -> Finding:
    """Whether Slack knows the bot token, or those of all workspaces that installed the app."""
    try:
        heard = look.identities
    except (CoachError, DBAPIError):
        return unseen("the workspaces' tokens are in the database, which cannot be read")
    if not heard:
        return unseen("no workspace has installed the app yet")
    for workspace, one in heard.items():
        if not one.reply.ok:
            return _bot_refused(workspace, one)
    told = [str(one.reply.data.get("team") or one.reply.data.get("team_id")) for one in heard.values()]
    return fine(f"Slack accepts it, of {listed(told)}.", Name.BOT_TOKEN)


def _bot_refused(workspace: str, heard: Heard) -> Finding:
    if workspace:
        remedy = "Have the app installed there again, from the page /slack/install."
        return _refused(heard, Name.CLIENT_ID, f"Slack does not accept the token of workspace {workspace}", remedy)
    remedy = _BOT.get(heard.reply.error, _COPY_BOT)
    return _refused(heard, Name.BOT_TOKEN, "Slack does not accept it", remedy)


def scopes(look: Look) -> Finding:
    """Whether the bot may do all it does."""
    known = [one.scopes for one in look.identities.values() if one.scopes is not None]
    if not known:
        return unseen("Slack does not say what the token may do")
    if missing := sorted(look.wanted_scopes - frozenset.intersection(*known)):
        lost = "; ".join(f"without {scope} {FEATURES.get(scope, 'something does not work')}" for scope in missing)
        return failed(f"{lost[0].upper()}{lost[1:]}.", Name.BOT_TOKEN, AGAIN)
    return fine("It may do all the bot does.", Name.BOT_TOKEN)


def spare_scopes(look: Look) -> Finding:
    """Whether the bot may do more than it does: whoever steals the token may, too."""
    known = [one.scopes for one in look.identities.values() if one.scopes is not None]
    if not known:
        return unseen("Slack does not say what the token may do")
    if spare := sorted(frozenset.union(*known) - look.wanted_scopes):
        return doubtful(f"It may do more than the bot does: {', '.join(spare)}.", Name.BOT_TOKEN, AGAIN)
    return fine("It may do no more than the bot does.", Name.BOT_TOKEN)


def app_token(look: Look) -> Finding:
    """Whether a socket may be opened with the app token."""
    reply = look.ticket.reply
    if reply.ok and isinstance(reply.data.get("url"), str):
        return fine("It opens sockets.", Name.APP_TOKEN)
    return _refused(
        look.ticket, Name.APP_TOKEN, "Slack does not open a socket with it", _APP.get(reply.error, _COPY_APP)
    )


def socket(look: Look) -> Finding:
    """Whether a socket opens and Slack says hello; not tried beside a bot at work, whose taps it might take."""
    if look.at_work:
        return unseen("conference-coach run is at work, with a socket of its own")
    said = look.hello
    if isinstance(said, str):
        return failed(
            f"No socket to Slack: {said}.",
            Name.APP_TOKEN,
            "Let this machine, its firewall and its proxy open wss:// connections to *.slack.com.",
        )
    if said.get("type") != "hello":
        return failed(
            f"Slack closes the socket ({said.get('reason', 'it gives no reason')}).", Name.APP_TOKEN, _SOCKET_ON
        )
    return fine("A socket opens, and Slack says hello.", Name.APP_TOKEN)


def one_app(look: Look) -> Finding:
    """Whether both tokens are of one app: with two nothing fails, and nothing is ever heard."""
    profile = (look.bot_user.reply.data.get("user") or {}).get("profile") or {}
    ours = profile.get("api_app_id")
    theirs = look.hello.get("connection_info", {}).get("app_id") if not isinstance(look.hello, str) else None
    if not ours or not theirs:
        return unseen("Slack does not say of which app a token is")
    if ours != theirs:
        return failed(
            f"The tokens are of two apps: the bot's is {ours}, the socket's {theirs}.",
            Name.APP_TOKEN,
            f"Copy both from one app's page: {HOW_TO_GET[Name.APP_TOKEN]}",
        )
    return fine("Both tokens are of one app.", Name.APP_TOKEN)


def _refused(heard: Heard, name: Name, said: str, remedy: str) -> Finding:
    reply = heard.reply
    if reply.fault or reply.retry_after is not None:
        return failed(f"Slack gives no clear answer ({reply.fault or reply.error}).", name, "Try again in a while.")
    return failed(f"{said} ({reply.error or 'no reason given'}).", name, remedy)
