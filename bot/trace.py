"""The turn a thread is at work in: an id that says nothing, on every line it logs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TURN: ContextVar[str] = ContextVar("turn", default="")


def turn() -> str:
    """Its id; "" outside of a turn."""
    return _TURN.get()


@contextmanager
def one_turn() -> Iterator[None]:
    """From here to the end it is one turn."""
    before = _TURN.set(secrets.token_hex(6))
    try:
        yield
    finally:
        _TURN.reset(before)
