"""local-slack, running: a workspace of the sample school's people in a web page, and gone when it is left."""

from __future__ import annotations

import ctypes
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import CoachError
from bot.school import Person, School

HOST = "127.0.0.1"
TEAM, COACH = "T0BROWSER", "UCOACH"
STARTS_SECONDS, ENDS_SECONDS = 60.0, 5.0
_LOOK_EVERY = 0.05
_DIES_BY = 1
"""PR_SET_PDEATHSIG of Linux: the signal a process gets when the one that started it has ended (prctl(2))."""


class WorkspaceError(CoachError):
    """local-slack does not start, or has ended."""


@dataclass(frozen=True)
class Workspace:
    """A running local-slack. `url`: its page, and what its API is under."""

    url: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def api_url(self) -> str:
        """What the bot calls."""
        return f"{self.url}/api/"

    def require_running(self) -> None:
        """Raise WorkspaceError if it has ended by itself."""
        if self.process.poll() is not None:
            raise WorkspaceError(f"local-slack has ended by itself (exit {self.process.returncode}). Run this again.")


@contextmanager
def workspace(program: Path, school: School, shown: Collection[str], folder: Path, port: int) -> Iterator[Workspace]:
    """local-slack with a school's people in it, on a port of this machine; ended at the end.

    shown: by their ids in the roster, whose direct messages are in the page from the start. folder: for its files.
    Raises WorkspaceError with the remedy.
    """
    require_free(port)
    tokens = (f"xoxb-{secrets.token_hex(12)}", f"xapp-{secrets.token_hex(12)}")
    config = folder / "local-slack.json"
    config.write_text(json.dumps(_config(school, shown, *tokens)), encoding="utf-8")
    with (folder / "local-slack.log").open("wb") as log:
        process = _started(program, config, folder / "files", port, log.fileno())
    try:
        here = Workspace(f"http://{HOST}:{port}", *tokens, process)
        _wait_for(here)
        yield here
    finally:
        _end(process)


def slack_id(person: Person) -> str:
    """What Slack calls somebody of the roster here."""
    return f"U{person.key.upper()}"


def require_free(port: int) -> None:
    """Raise WorkspaceError if somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise WorkspaceError(f"Port {port} is taken on this machine. Choose another: --port {port + 1}") from None


def _started(program: Path, config: Path, files: Path, port: int, log: int) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C in the terminal ends the bot first; never outliving it, on Linux."""
    command = [str(program), "--config", str(config), "--port", str(port)]
    command += ["--base-host", HOST, "--files-dir", str(files)]
    try:
        return subprocess.Popen(  # noqa: S603 - the program that was found, or checked
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=_bound()
        )
    except OSError as error:
        raise WorkspaceError(f"{program}: It cannot be run: {error.strerror}. Remove it, and run this again.") from None


def _bound() -> Callable[[], object] | None:
    """What the new process does before it is the program: whoever kills this one kills it too. Only on Linux."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # found here: after the fork nothing is to be looked for
    return lambda: prctl(_DIES_BY, signal.SIGKILL.value, 0, 0, 0)


def _wait_for(here: Workspace) -> None:
    """Until it answers with the workspace that was asked for."""
    until = time.monotonic() + STARTS_SECONDS
    while not _answers(here):
        here.require_running()
        if time.monotonic() > until:
            raise WorkspaceError(f"local-slack did not answer within {STARTS_SECONDS:.0f} s. Run this again.")
        time.sleep(_LOOK_EVERY)


def _answers(here: Workspace) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{here.url}/_control/state", timeout=STARTS_SECONDS) as answer:
            return bool(json.load(answer)["workspace"]["teamId"] == TEAM)
    except (OSError, ValueError, KeyError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _config(school: School, shown: Collection[str], bot_token: str, app_token: str) -> dict[str, Any]:
    """The workspace as local-slack reads it. Those in `shown` come first: the page begins with the first of them."""
    people = [one for one in school.people if one.email]
    first = [one for key in shown for one in people if one.key == key]
    app = {
        "appId": "A0COACH", "botUserId": COACH, "botName": "Conference Coach",
        "botToken": bot_token, "appToken": app_token, "mode": "socket",
    }  # fmt: skip
    return {
        "workspace": {"name": school.name, "domain": "hillside", "teamId": TEAM},
        "apps": [app],
        "users": [_user(one, school.time_zone) for one in [*first, *(one for one in people if one not in first)]],
        "channels": [_chat(one) for one in first],
    }


def _user(person: Person, zone: str) -> dict[str, Any]:
    return {
        "id": slack_id(person), "name": person.key, "real_name": person.name, "email": person.email, "tz": zone,
    }  # fmt: skip


def _chat(person: Person) -> dict[str, Any]:
    return {
        "id": f"D{person.key.upper()}", "name": f"dm-{slack_id(person)}", "is_channel": False, "is_private": True,
        "is_im": True, "members": [slack_id(person), COACH],
    }  # fmt: skip
