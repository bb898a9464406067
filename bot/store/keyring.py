"""The keys that people's words are sealed with in the database: AES-256-GCM, a fresh random nonce for each value.

A sealed value is `MARK`, the id of its key, ":", and in base64 the nonce (96 bits), what was encrypted and the tag (128
bits). The names of table, column and row are its associated data: moved elsewhere, it does not open. A key is good for
2**32 values (NIST SP 800-38D, 8.3), more than any school writes. How long a text is, is not hidden.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import CoachError
from scheduler.sealed import MARK, SealedError, label_of

BYTES = 32
NONCE = 12
_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")


class KeyringError(CoachError, SealedError):
    """A sealed value cannot be opened. Names its column and its key, and shows nothing of it."""


class Keyring:
    """Seals with the first of its keys, opens with any. Without keys it leaves text as it is, and opens nothing."""

    def __init__(self, keys: Mapping[str, bytes] | None = None) -> None:
        self._keys = {name: AESGCM(key) for name, key in (keys or {}).items()}
        self.first = next(iter(self._keys), "")

    def only_opening(self) -> Keyring:
        """The same keys, with which nothing is sealed."""
        other = Keyring()
        other._keys = self._keys
        return other

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of its keys, in their order."""
        return tuple(self._keys)

    @classmethod
    def read(cls, text: str) -> Keyring:
        """From ENCRYPTION_KEYS: `id:base64`, separated by commas. ValueError, without the keys in it, where `fault`
        finds one."""
        if found := fault(text):
            raise ValueError(found)
        return cls({name: _decoded(key) for name, key in _entries(text)})

    def seal(self, text: str, context: str) -> str:
        """The text sealed for this place, under the first key; as it is, if there is none."""
        if not self.first:
            return text
        nonce = os.urandom(NONCE)
        hidden = self._keys[self.first].encrypt(nonce, text.encode(), context.encode())
        return f"{MARK}{self.first}:{binascii.b2a_base64(nonce + hidden, newline=False).decode()}"

    def open(self, text: str, context: str) -> str:
        """What was sealed for this place."""
        name, _, value = text.removeprefix(MARK).partition(":")
        key = self._keys.get(name)
        if key is None:
            raise KeyringError(missing(label_of(context), name))
        try:
            hidden = binascii.a2b_base64(value)
            return key.decrypt(hidden[:NONCE], hidden[NONCE:], context.encode()).decode()
        except (InvalidTag, ValueError):
            raise KeyringError(
                f"A value of {label_of(context)} does not open: it was changed or moved here from another row, or the "
                f"key {_shown(name)} is not the one it was sealed with. Put the right key into ENCRYPTION_KEYS, or "
                "restore the database from a backup."
            ) from None


NO_KEYS = Keyring()
"""Nothing is sealed."""


def missing(label: str, name: str) -> str:
    """What to say of a column in which there are values under a key that is not there."""
    return (
        f"In {label} there are values sealed with the key {_shown(name)}, which is not in ENCRYPTION_KEYS. Put it back "
        "there, after the others. Without it what they say is lost."
    )


def new_key() -> str:
    """A fresh key, in base64."""
    return base64.b64encode(os.urandom(BYTES)).decode()


def fault(text: str) -> str:
    """What is wrong with a value of ENCRYPTION_KEYS, without showing it; "" if nothing."""
    entries = _entries(text)
    names, keys = [name for name, _ in entries], [_decoded(key) for _, key in entries]
    for number, (name, key) in enumerate(zip(names, keys, strict=True), 1):
        if not _ID.fullmatch(name):
            return f"Entry {number} does not begin with an id (1 to 16 of A-Z, a-z, 0-9, _ and -) and a colon."
        if len(key) != BYTES:
            return f"The key of entry {number} is not {BYTES} bytes in base64."
    if len(set(names)) < len(names):
        return "Two entries have the same id."
    return "Two entries have the same key." if len(set(keys)) < len(keys) else ""


def _entries(text: str) -> list[tuple[str, str]]:
    parts = (part.strip().partition(":") for part in text.split(",") if part.strip())
    return [(name.strip(), key.strip()) for name, _, key in parts]


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return b""


def _shown(name: str) -> str:
    return name if _ID.fullmatch(name) else "(unreadable)"
