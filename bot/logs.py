"""What the process writes to its log, by allow-list: our own events, with values of a known form, and nothing else.

A line of ours is an event and what it is about: `dead_letter delivery=… kind=say reason=not_in_channel`. Of what any
other library logs, of warnings, and of errors nobody caught, the level, the logger and the place are kept: their text
may quote what somebody wrote. `Event` is what a line says, for whoever wants it in another form.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from bot.trace import turn
from scheduler.failures import named

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

log = logging.getLogger("bot")

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,80}")  # an id, a code, a host; with no blank in it, it is no sentence
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")
_REASON = re.compile(_WORD.pattern + r"( [0-9]{3})?")
_CODE = re.compile(r"[a-z0-9_.:-]{1,60}")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}( at [A-Za-z0-9_.<>-]{1,60}(:[0-9]{1,6})?)?")
_PLACE = re.compile(r"[A-Za-z0-9_.<>-]{1,60}(:[0-9]{1,6})?")

KEYS: Mapping[str, re.Pattern[str]] = {
    "added": _NUMBER,
    "at": _PLACE,
    "attempts": _NUMBER,
    "cancelled": _NUMBER,
    "code": _WORD,
    "count": _NUMBER,
    "deliveries": _WORD,
    "delivery": _WORD,
    "error": _CLASS,
    "field": _CODE,
    "gesture": _CODE,
    "host": _WORD,
    "kind": _CODE,
    "logger": _WORD,
    "moved": _NUMBER,
    "outcome": _CODE,
    "person": _NUMBER,
    "reason": _REASON,
    "reference": _WORD,
    "results": _NUMBER,
    "seconds": _NUMBER,
    "step": _CODE,
    "template": _CODE,
    "turn": _CODE,
    "type": _CODE,
    "waited": _NUMBER,
    "way": _CODE,
    "workspace": _WORD,
}
"""What an event may be about, and the form of each. A value of another form is not written."""

WITHHELD = "?"
_OURS = frozenset({"bot", "scheduler"})
_ROOMS = tuple(str(Path(__file__).parent.parent / room) for room in ("bot", "scheduler", "prompts"))
_EVENT = re.compile(r"(?P<name>[a-z][a-z_]*)(?P<about>(?: [a-z_]+=%[sd])*)")
_ABOUT = re.compile(r" ([a-z_]+)=")


@dataclass(frozen=True, slots=True)
class Event:
    """What a line says. `frames`: where an error came from, in our own files, outermost first."""

    name: str
    about: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[str, ...] = ()

    def text(self) -> str:
        """As a line; each frame on one of its own."""
        line = " ".join([self.name, *(f"{key}={value}" for key, value in self.about.items())])
        return "\n".join([line, *(f"  {frame}" for frame in self.frames)])


def event_of(record: logging.LogRecord) -> Event:
    """What may be written of a record."""
    found = _own(record) or Event("withheld", {"at": _checked("at", f"{record.filename}:{record.lineno}")})
    if now := turn():
        found = Event(found.name, {**found.about, "turn": _checked("turn", now)})
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return found
    frames = tuple(_frames(error.__traceback__))
    return Event(found.name, {**found.about, "error": _checked("error", named(error))}, frames)


def _own(record: logging.LogRecord) -> Event | None:
    """One of our events; None for any other's text, and for one of ours that is no event."""
    if record.name.partition(".")[0] not in _OURS or not isinstance(record.msg, str):
        return None
    name, keys = _read(record.msg)
    values = record.args if isinstance(record.args, tuple) else ()
    if not name or len(keys) != len(values):
        return None
    return Event(name, {key: _checked(key, value) for key, value in zip(keys, values, strict=True)})


@lru_cache(maxsize=256)  # there are some fifty, one of them for every message that is sent
def _read(message: str) -> tuple[str, tuple[str, ...]]:
    """An event's name and its keys; "" where it is none."""
    parts = _EVENT.fullmatch(message)
    return (parts["name"], tuple(_ABOUT.findall(parts["about"]))) if parts else ("", ())


def _checked(key: str, value: object) -> str:
    """A value, each of several, or WITHHELD where its form is not the key's."""
    if isinstance(value, list | tuple):
        return ",".join(_checked(key, one) for one in value) or "-"
    form, text = KEYS.get(key), "-" if value in (None, "") else str(value)
    return text if text == "-" or (form is not None and form.fullmatch(text)) else WITHHELD


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(_ROOMS):
            yield f"{PurePath(code.co_filename).name}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


class Line(logging.Formatter):
    """Writes a record as its event, on one line with the time, the level and the logger."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what else is in the record stays there."""
        name = _checked("logger", record.name)
        return f"{self.formatTime(record)} {record.levelname} {name} {event_of(record).text()}"


class Json(logging.Formatter):
    """Writes a record as its event, as one JSON object: time (UTC), level, logger, event; then what it is about under
    its keys, numbers as numbers; and `frames`, where an error came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what else is in the record stays there."""
        event = event_of(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": _checked("logger", record.name),
            "event": event.name,
            **{key: _typed(key, text) for key, text in event.about.items()},
        }
        return json.dumps(line | ({"frames": event.frames} if event.frames else {}))


def _typed(key: str, text: str) -> str | float | list[str] | None:
    """A value as JSON has it; null where there is none."""
    if text == "-":
        return [] if key == "deliveries" else None
    if key == "deliveries":
        return text.split(",")
    if KEYS.get(key) is not _NUMBER or text == WITHHELD:
        return text
    return float(text) if "." in text else int(text)


FORMATS: Mapping[str, type[logging.Formatter]] = {"text": Line, "json": Json}


class Terminal(logging.StreamHandler[TextIO]):
    """Writes to stderr, whichever that is just now. What cannot be written is said to be so, without what it was."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(Line())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Where it writes."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        """Nothing: Python's own writes the message and its arguments."""


def take_over(level: int = logging.NOTSET, form: str = "text") -> None:
    """From now on all that this process logs is written in this form: to stderr, and by what handlers there are.

    level: from which our own events are written; without one, and for all others, from WARNING. May be called again.
    """
    logging.raiseExceptions = False
    root = logging.getLogger()
    if not any(isinstance(one, Terminal) for one in root.handlers):
        root.addHandler(Terminal())
    for logger in (root, *logging.Logger.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if not isinstance(getattr(handler, "stream", None), io.StringIO):  # what is kept in memory goes nowhere
                handler.setFormatter(FORMATS[form]())
    if level:
        for name in _OURS:
            logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook, threading.excepthook, sys.unraisablehook = _uncaught, _in_a_thread, _unraisable


def _uncaught(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        log.warning("interrupted")
        return
    log.critical("crashed", exc_info=error)


def _in_a_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        log.error("thread_failed", exc_info=args.exc_value)


def _unraisable(args: UnraisableHookArgs) -> Any:
    if args.exc_value is not None:
        log.error("left_unfinished", exc_info=args.exc_value)
