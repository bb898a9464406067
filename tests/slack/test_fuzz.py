"""A hundred thousand requests nobody at Slack sent, or sent so: none is answered 5xx, none runs a listener that it
should not, and nothing of any is logged.

What is forged is made of what a real conversation sent. The seed is fixed: the same requests each time.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import io
import json
import logging
import random
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.app import EVENTS_PATH
from bot.logs import Line
from bot.practice.stage import Stage
from bot.practice.targets import Delivery, Sort
from bot.slack.entry import OddError, clean
from bot.slack.guard import MAX_AGE_SECONDS, Guard
from bot.slack.shapes import fault
from bot.slack.socket import reply_to
from bot.store.session import Store
from bot.words import Words
from tests.slack.afterwards import add, around, at
from tests.stages import LETTER, Student

SECRET = "practice-signing-secret"
NOW = 1_796_050_800
FORGED = 95_000
ODD = 3_000
ODD_IN_THE_SOCKET = 2_000
CANARY = "marigold under the stairs"


@dataclass(frozen=True)
class Request:
    """A request, with whatever is wrong with it."""

    body: bytes
    kind: str
    stamp: str = str(NOW)
    signature: str | None = None
    length: str | None = None
    method: str = "POST"
    path: str = EVENTS_PATH

    def sealed(self) -> str:
        """The right signature."""
        return "v0=" + hmac.new(SECRET.encode(), f"v0:{self.stamp}:".encode() + self.body, hashlib.sha256).hexdigest()

    def environ(self) -> dict[str, Any]:
        """As a server hands it on."""
        return {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": self.path,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": self.kind,
            "CONTENT_LENGTH": str(len(self.body)) if self.length is None else self.length,
            "HTTP_X_SLACK_REQUEST_TIMESTAMP": self.stamp,
            "HTTP_X_SLACK_SIGNATURE": self.sealed() if self.signature is None else self.signature,
            "wsgi.input": io.BytesIO(self.body),
        }


# -- what a real conversation sends ----------------------------------------------------------------------------------


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with around(store, words, tmp_path / "school") as stage:
        yield stage


def conversation(stage: Stage) -> list[Delivery]:
    """One of everything people do, as it was brought to the bot, with the canary in all they typed."""
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")
    ts = noor.say(f"{LETTER['learner']} {CANARY}")
    noor.edit(ts, f"It clicks when I build it. {CANARY}")
    noor.share(f"My timeline. {CANARY}", f"{CANARY}.png")
    noor.say("menu")
    noor.delete(ts)
    noor.person.open_home("home")
    noor.person.command("/conference", f"help {CANARY}")
    okafor = stage.people["okafor"]
    okafor.dm(f"What is this? {CANARY}")
    okafor.command("/conference", "")
    stage.workspace.person("Sam Stranger", "USTRANGER", "sam@elsewhere.example").dm(CANARY)
    at(stage, 10, "17:31")
    add(stage, noor.person, "Noor Haddad", CANARY, due="2026-12-18")
    return [one.delivery for one in stage.workspace.events.log]


def test_a_real_conversation_fits_its_shapes_all_through(stage: Stage) -> None:
    brought = conversation(stage)
    assert [fault(clean(one.payload)) for one in brought] == [""] * len(brought)
    assert {one.sort for one in brought} == set(Sort)
    assert {one.payload.get("type") for one in brought} >= {"event_callback", "block_actions", "view_submission"}


# -- forged requests -------------------------------------------------------------------------------------------------

Forge = Callable[[random.Random, Request, Request], Request]


def _signature(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, signature="v0=" + "".join(chance.choices("0123456789abcdef", k=64)))


def _truncated(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, signature=real.sealed()[: chance.randrange(67)])


def _loud(_chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, signature="V0=" + real.sealed()[3:].upper())


def _garbled(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, signature="".join(chance.choices(string.printable + "éß漢\x00\ud83d", k=chance.randrange(90))))


def _swapped(_chance: random.Random, real: Request, other: Request) -> Request:
    return replace(real, body=other.body + b" ", kind=other.kind, signature=real.sealed())


def _stale(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, stamp=str(NOW + chance.choice((-1, 1)) * (MAX_AGE_SECONDS + chance.randrange(1, 10**8))))


def _stamped(chance: random.Random, real: Request, _other: Request) -> Request:
    odd = chance.choice(("", "-1", "1e9", "nan", f"{NOW}.0", f" {NOW}", "9" * 50, "１２３", "\x00", f"+{NOW}"))
    return replace(real, stamp=odd, signature=real.sealed())


def _moved(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, stamp=str(NOW + chance.randrange(1, 200)), signature=real.sealed())


def _flipped(chance: random.Random, real: Request, _other: Request) -> Request:
    place = chance.randrange(len(real.body))
    body = real.body[:place] + bytes([real.body[place] ^ (1 << chance.randrange(8))]) + real.body[place + 1 :]
    return replace(real, body=body, signature=real.sealed())


def _short(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, length=str(chance.randrange(len(real.body))), signature=real.sealed())


def _lied(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, length=chance.choice(("-1", "", "x", "9" * 30, "1e3", str(len(real.body) + 1), "1000001")))


def _typed(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, kind=chance.choice(("", "text/plain", "multipart/form-data", "application/xml", "a" * 500)))


def _by_another_method(chance: random.Random, real: Request, _other: Request) -> Request:
    return replace(real, method=chance.choice(("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "", "\x00")))


def _noise(chance: random.Random, real: Request, _other: Request) -> Request:
    noise = b"{\xff" + chance.randbytes(chance.randrange(400))
    return replace(real, body=noise)  # rightly signed, and nothing that can be read


FORGERIES: tuple[Forge, ...] = (
    _signature, _truncated, _loud, _garbled, _swapped, _stale, _stamped, _moved, _flipped, _short, _lied, _typed,
    _by_another_method, _noise,
)  # fmt: skip


def encoded(one: Delivery) -> Request:
    """As Slack sends it over HTTP, odd characters and all."""
    if one.sort is Sort.EVENT:
        return Request(json.dumps(one.payload).encode(), "application/json")
    form = one.payload if one.sort is Sort.COMMAND else {"payload": json.dumps(one.payload)}
    return Request(urlencode(form, errors="surrogatepass").encode(), "application/x-www-form-urlencoded")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All this process logs, at every level: as our log writes it, and our own loggers' records as they are."""
    stream, root, level = io.StringIO(), logging.getLogger(), logging.getLogger().level
    ours, raw = logging.StreamHandler(stream), logging.StreamHandler(stream)
    ours.setFormatter(Line())
    raw.addFilter(lambda record: record.name.partition(".")[0] in ("bot", "scheduler"))
    root.addHandler(ours)
    root.addHandler(raw)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(ours)
    root.removeHandler(raw)
    root.setLevel(level)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_hundred_thousand_forged_requests_run_nothing(stage: Stage, written: io.StringIO) -> None:
    real = [encoded(one) for one in conversation(stage)]
    chance, run, statuses = random.Random(5), list[int](), Counter[str]()
    forged: dict[Forge, int] = Counter()

    def listener(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        run.append(1)
        start_response("200 OK", [])
        return [b""]

    guard = Guard(listener, SECRET, lambda: float(NOW))
    written.truncate(0)
    for number in range(FORGED):
        forge = FORGERIES[number % len(FORGERIES)]
        request = forge(chance, chance.choice(real), chance.choice(real))
        list(guard(request.environ(), lambda status, _headers: statuses.update([status])))
        forged[forge] += 1
    assert run == []
    assert {status[:1] for status in statuses} == {"4"}, statuses
    assert min(forged.values()) > 1000
    assert CANARY not in written.getvalue()
    assert written.getvalue().strip("\x00") == ""


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_replayed_requests_run_their_listener_once(stage: Stage) -> None:
    real = {one.sealed(): one for one in map(encoded, conversation(stage))}
    chance, run = random.Random(6), Counter[bytes]()
    statuses = Counter[str]()

    def listener(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        run.update([environ["wsgi.input"].read()])
        start_response("200 OK", [])
        return [b""]

    guard = Guard(listener, SECRET, lambda: float(NOW))
    for _ in range(2_000):
        list(guard(chance.choice(list(real.values())).environ(), lambda status, _: statuses.update([status])))
    assert statuses == {"200 OK": 2_000}
    assert set(run.values()) == {1}


# -- signed, and of an odd shape -------------------------------------------------------------------------------------

DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]
ODDITIES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5, -1e308, "", " ", "x", "0", CANARY, CANARY * 500, "\x00", "\ud83d", "\u202e",
    "U" * 33, "../..", "1:letter:1:x", "999999999999999999", "' OR 1=1 --", "{{ 7*7 }}", [], [[]], [None], {}, {"": {}},
    {"id": None}, {"id": CANARY}, [{"id": 7}], [CANARY], DEEP,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        yield (*path, name)
        yield from places(one, (*path, name))


def odd(chance: random.Random, real: Delivery, number: int) -> Delivery:
    """A copy of what was brought, under ids of its own, with one to three things in it gone, changed or moved."""
    payload = copy.deepcopy(real.payload)
    for name in ("event_id", "trigger_id"):
        if name in payload:
            payload[name] = f"{payload[name]}{number}"
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        everywhere = list(places(payload))
        if not everywhere:
            break
        _bend(chance, payload, chance.choice(everywhere), chance.choice(everywhere))
    return replace(real, payload=payload)


def _bend(chance: random.Random, payload: Any, path: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    place, name = _at(payload, path[:-1]), path[-1]
    match chance.randrange(5):
        case 0 if isinstance(place, dict):
            del place[name]
        case 1:
            place[name] = copy.deepcopy(_at(payload, other))
        case 2 if isinstance(place[name], str):
            place[name] += chance.choice(("\n", "x" * 300, "\x00", "é", ":1", ".9"))
        case _:
            place[name] = copy.deepcopy(chance.choice(ODDITIES))


def _at(payload: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        payload = payload[name]
    return payload


def fits(payload: Any) -> bool:
    try:
        return fault(clean(payload)) == ""
    except OddError:
        return False


def brought_oddly(chance: random.Random, real: list[Delivery], count: int) -> Iterator[Delivery]:
    """So many, of each kind alike, that can be sent at all."""
    by_kind: dict[Any, list[Delivery]] = {}
    for one in real:
        event = one.payload.get("event") or {}
        by_kind.setdefault((one.payload.get("type"), event.get("type"), event.get("subtype")), []).append(one)
    kinds = list(by_kind.values())
    for number in range(count):
        yield odd(chance, chance.choice(kinds[number % len(kinds)]), number)


def test_what_is_signed_but_odd_is_never_answered_5xx_and_runs_nothing_it_does_not_fit(
    stage: Stage, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = conversation(stage)
    chance, statuses, dropped = random.Random(7), Counter[int](), 0
    seen = list[Any]()
    dispatch = stage.bot.app.dispatch
    monkeypatch.setattr(stage.bot.app, "dispatch", lambda req: seen.append(1) or dispatch(req))  # type: ignore[func-returns-value]
    wsgi, stamp = stage.bot.wsgi(), str(int(time.time()))
    written.truncate(0)
    count = ODD if stage.bot.house.store.sqlite else ODD // 10
    for number, one in enumerate(brought_oddly(chance, real, count)):
        before = len(seen)
        sent = replace(encoded(one), stamp=stamp)
        sent = replace(sent, signature=_sealed(sent, stage.bot.secret))
        list(wsgi(sent.environ(), lambda status, _headers: statuses.update([int(status[:3])])))
        if one.sort is not Sort.COMMAND and not fits(one.payload):
            dropped += 1
            assert len(seen) == before, one.payload
        if number % 50 == 0:
            stage.clock.advance(1)
            stage.run()
    stage.run()
    assert {status for status in statuses if status >= 500} == set(), statuses
    assert statuses[200] > count * 0.8
    assert dropped > count * 0.2
    assert len(seen) > count * 0.2
    assert [line for line in written.getvalue().splitlines() if CANARY in line] == []
    assert failures(written) == []


def failures(written: io.StringIO) -> list[str]:
    """What failed in a listener or on the way out; that Slack opens no window for an odd trigger is no failure."""
    lines = [line for line in written.getvalue().splitlines() if "_failed " in line]
    return [line for line in lines if "error=CoachError" not in line]


def _sealed(sent: Request, secret: str) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{sent.stamp}:".encode() + sent.body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_is_odd_in_the_socket_is_acked_and_dropped(stage: Stage, written: io.StringIO) -> None:
    real = conversation(stage)
    chance, acked = random.Random(8), list[Any]()
    written.truncate(0)
    expected = []
    for number, one in enumerate(brought_oddly(chance, real, ODD_IN_THE_SOCKET)):
        envelope = {"type": one.sort.value, "envelope_id": str(number), "payload": one.payload}
        if message := reply_to(envelope, stage.bot.answer):
            acked.append(message["envelope_id"])
        if not fits(one.payload):
            expected.append(str(number))
        if number % 50 == 0:
            stage.clock.advance(1)
            stage.run()
    stage.run()
    assert set(expected) <= set(acked)
    assert len(expected) > ODD_IN_THE_SOCKET * 0.2
    assert failures(written) == []
    assert CANARY not in written.getvalue()
