"""What is logged is events with ids: by the form of every log call, and by what a process writes when it fails."""

from __future__ import annotations

import ast
import io
import logging
import re
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from sqlalchemy import text as sql

from bot.logs import KEYS, Line, Terminal, _checked, event_of, take_over
from bot.practice.stage import Stage
from bot.slack import compose
from bot.store.session import Store
from bot.words import Words
from prompts import Catalog, PromptsError
from scheduler.outbox import Delivery
from scheduler.outcomes import Outcome
from tests.stages import LETTER, Student, staged

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "scheduler", "prompts")
CANARY = "zinnia in the greenhouse"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
SHOWN = r"[a-z][a-z_]*( [a-z_]+=%[sd])*"


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in what the bot runs on, with its place."""
    for file in sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                owner = ast.unparse(node.func.value)
                if owner in ("log", "logger", "logging", "self._log", "self.logger") or owner.startswith("logging."):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node


EVERY = list(calls())


def test_there_are_log_calls_to_look_at() -> None:
    assert len(EVERY) >= 25


@pytest.mark.parametrize(("place", "call"), EVERY, ids=[place for place, _ in EVERY])
def test_a_log_call_names_an_event_and_keys_of_the_list(place: str, call: ast.Call) -> None:
    name = call.args[0] if call.args else None
    assert isinstance(name, ast.Constant), f"{place}: the event's name is not constant"
    assert re.fullmatch(SHOWN, name.value), f"{place}: {name.value!r} is no event"
    keys = re.findall(r"([a-z_]+)=%", name.value)
    assert set(keys) <= set(KEYS), f"{place}: bot.logs.KEYS lacks {set(keys) - set(KEYS)}"
    assert len(call.args) == len(keys) + 1, place
    assert not call.keywords or place.startswith("bot/logs.py"), f"{place}: what comes with it is not written"


def test_no_module_writes_to_the_log_in_another_way() -> None:
    found = [
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if {"traceback", "pprint", "syslog"} & _imports(file)
    ]
    assert found == []


def _imports(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What this process's log would write of everything, at every level."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("workspace", "T123", "T123"),
        ("delivery", "0d6c1a1e-7f2b-4a35-9d24-3c5d9e5c6a11", "0d6c1a1e-7f2b-4a35-9d24-3c5d9e5c6a11"),
        ("deliveries", ["a-1", "b-2"], "a-1,b-2"),
        ("deliveries", ["a-1", CANARY], "a-1,?"),
        ("error", "IntegrityError at turn.py:31", "IntegrityError at turn.py:31"),
        ("error", ValueError(CANARY), "?"),
        ("reason", "SMTP 451", "SMTP 451"),
        ("reason", CANARY, "?"),
        ("reason", "a\nb", "?"),
        ("person", "twelve", "?"),
        ("added", 12, "12"),
        ("code", None, "-"),
        ("template", "", "-"),
        ("said", "hello", "?"),
        ("kind", "x" * 200, "?"),
    ],
)
def test_a_value_is_written_in_its_form_or_not_at_all(key: str, value: object, shown: str) -> None:
    assert _checked(key, value) == shown


@pytest.mark.parametrize(
    ("logger", "message", "args"),
    [
        ("bot", f"said {CANARY}", ()),
        ("bot", "event reason=%s", (CANARY,)),
        ("bot", "said %s", (CANARY,)),
        ("bot", "event reason=%s", (CANARY, "one too many")),
        ("bot", CANARY, ()),
        ("bot.slack", "event reason=%(reason)s", ({"reason": CANARY},)),
        ("slack_bolt.App", f"Unhandled request ({CANARY})", ()),
        ("slack_sdk.web.client", "body: %s", (CANARY,)),
        ("sqlalchemy.engine", "[%s]", (CANARY,)),
        ("gunicorn.access", "%(r)s", ({"r": CANARY},)),
        (CANARY, "event", ()),
        ("botany", "bloom", ()),
    ],
)
def test_the_text_of_any_other_record_is_withheld(logger: str, message: str, args: tuple[object, ...]) -> None:
    line = Line().format(logging.LogRecord(logger, logging.WARNING, __file__, 7, message, args, None))
    assert CANARY not in line
    assert "WARNING" in line
    assert "withheld at=test_logs.py:7" in line or "reason" not in message or line.endswith("reason=?")


def test_an_error_is_written_as_its_type_and_our_own_places(written: io.StringIO) -> None:
    try:
        try:
            Catalog.load(Path(f"/nowhere/{CANARY}"))
        except PromptsError as error:
            raise RuntimeError(f"again: {CANARY}") from error
    except RuntimeError:
        logging.getLogger("apscheduler").exception("Job %s raised", CANARY)
    assert "ERROR apscheduler withheld at=test_logs.py:" in written.getvalue()
    assert "error=RuntimeError at test_logs.py:" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_the_places_an_error_came_through_are_written_where_they_are_ours(written: io.StringIO) -> None:
    try:
        Catalog.load(Path(f"/nowhere/{CANARY}"))
    except PromptsError:
        logging.getLogger("apscheduler").exception("Job raised")
    first, *frames = written.getvalue().splitlines()
    assert re.search(r"error=PromptsError at __init__\.py:\d+$", first)
    assert [re.sub(r"\d+", "7", frame) for frame in frames] == ["  __init__.py:7 load"]


def test_an_event_is_there_for_other_forms_too() -> None:
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, "planned workspace=%s added=%d", ("T1", 3), None)
    event = event_of(record)
    assert (event.name, dict(event.about)) == ("planned", {"workspace": "T1", "added": "3"})


def test_what_a_handler_cannot_write_is_not_written_by_python_either(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(Terminal):
        def format(self, record: logging.LogRecord) -> str:
            raise ValueError(CANARY)

    record = logging.LogRecord("bot", logging.ERROR, __file__, 1, CANARY, (), None)
    Broken().emit(record)
    assert capfd.readouterr().err == ""


def test_warnings_threads_and_what_nobody_caught_are_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError(CANARY)

    take_over()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(CANARY, UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    shown = capsys.readouterr().err
    assert "py.warnings withheld" in shown
    assert "thread_failed error=ValueError at test_logs.py:" in shown
    assert "crashed error=ValueError at test_logs.py:" in shown
    assert CANARY not in shown


def test_a_handler_of_another_library_writes_lines_too(tmp_path: Path) -> None:
    theirs = logging.getLogger("gunicorn.error")
    handler = logging.FileHandler(tmp_path / "log")
    theirs.addHandler(handler)
    try:
        take_over()
        theirs.error("Error handling request %s", CANARY)
    finally:
        theirs.removeHandler(handler)
        handler.close()
    assert "gunicorn.error withheld" in (tmp_path / "log").read_text()
    assert CANARY not in (tmp_path / "log").read_text()


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with staged(store, words, tmp_path / "school") as stage:
        yield stage


# -- each layer fails with a student's words in its hands ------------------------------------------------------------


def test_a_service_that_fails_over_words_does_not_log_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, written: io.StringIO
) -> None:
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"cannot take {CANARY}")

    monkeypatch.setattr("bot.services.talk.turn.Turn.hear", fail)
    noor.person.dm(CANARY)
    assert "listener_failed" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_a_sender_that_fails_over_words_does_not_log_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, written: io.StringIO
) -> None:
    noor = Student(stage)
    noor.arrive()

    def fail(_delivery: Delivery) -> Outcome:
        raise SlackApiError(f"refused {CANARY}", {"error": CANARY})  # type: ignore[arg-type]

    monkeypatch.setattr(stage.bot.dispatcher._sender, "send", fail)
    noor.person.dm(CANARY)
    stage.run()
    assert "send_failed" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_a_template_that_fails_over_words_does_not_log_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, written: io.StringIO
) -> None:
    noor = Student(stage)
    noor.arrive()
    noor.tap("Start")
    render = Catalog.render

    def broken(self: Catalog, language: str, name: str, _context: dict[str, object]) -> object:
        return render(self, language, name, {CANARY: 1})  # what the template asks for is not there

    monkeypatch.setattr(Catalog, "render", broken)
    compose._common.cache_clear()  # another student may have been asked in the same words
    noor.say(LETTER["learner"])
    assert "compose_failed" in written.getvalue()
    assert CANARY not in written.getvalue()
    assert LETTER["learner"] not in written.getvalue()


def test_a_statement_that_fails_does_not_log_its_parameters(store: Store, written: io.StringIO) -> None:
    try:
        with store.write() as connection:
            connection.execute(sql("insert into no_such_table values (:words)"), {"words": CANARY})
    except Exception:
        logging.getLogger("scheduler").exception("settle_failed")
    assert "settle_failed error=" in written.getvalue()
    assert CANARY not in written.getvalue()


# -- a real process --------------------------------------------------------------------------------------------------

PROGRAM = f"""
import asyncio, logging, sys, threading, warnings
from bot import logs
from slack_sdk.socket_mode.client import BaseSocketModeClient
from sqlalchemy import create_engine, text
import jinja2

CANARY = {CANARY!r}
logs.take_over(logging.INFO)

def in_the_socket():
    def fail(*_):
        raise ValueError(CANARY)
    client = BaseSocketModeClient()
    client.logger, client.message_listeners = logging.getLogger("slack_sdk.socket_mode"), [fail]
    client.socket_mode_request_listeners = []
    client.run_message_listeners({{"type": "hello", "payload": CANARY}}, CANARY)

def in_the_database():
    with create_engine("sqlite://").connect() as connection:  # which shows the parameters in its error
        connection.execute(text("insert into nowhere values (:a)"), {{"a": CANARY}})

def in_a_template():
    strict = jinja2.Environment(undefined=jinja2.StrictUndefined)
    strict.from_string("{{{{ words.%s }}}}" % CANARY.split()[0]).render(words=CANARY)

async def in_the_loop():
    async def fail():
        raise ValueError(CANARY)
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_exception_handler({{"message": CANARY, "exception": ValueError(CANARY)}})

class Unfinished:
    def __del__(self):
        raise ValueError(CANARY)

in_the_socket()
for fails in (in_the_database, in_a_template):
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
asyncio.run(in_the_loop())
Unfinished()
warnings.warn(CANARY)
logging.getLogger("bot").info("running workspace=%s", "T1")
logging.getLogger("urllib3").debug(CANARY)
raise KeyError(CANARY)
"""


def test_a_real_process_that_fails_everywhere_writes_no_words() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", textwrap.dedent(PROGRAM)],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert CANARY not in done.stderr + done.stdout
    assert "greenhouse" not in done.stderr
    for sign in (
        "ERROR slack_sdk.socket_mode withheld",
        "thread_failed error=OperationalError",
        "thread_failed error=UndefinedError",
        "ERROR asyncio withheld",
        "left_unfinished error=ValueError",
        "py.warnings withheld",
        "INFO bot running workspace=T1",
        "CRITICAL bot crashed error=KeyError",
    ):
        assert sign in done.stderr, (sign, done.stderr)


def test_a_command_that_crashes_writes_no_words(tmp_path: Path) -> None:
    program = f"""
    from bot.cli import main as there
    def fail(*_a, **_k):
        raise ValueError({CANARY!r})
    there.Settings.read = fail
    there.main(["migrate"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=ROOT, check=False,
        timeout=60,
    )  # fmt: skip
    assert "crashed error=ValueError" in done.stderr
    assert "main.py:" in done.stderr
    assert CANARY not in done.stderr + done.stdout
