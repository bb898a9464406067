"""HTTP as bytes: reading a request, writing a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from io import BufferedReader
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_LONGEST_BODY = 64 * 1024 * 1024


class Ending(StrEnum):
    """How a reply ends: whole, never (silence), half and then silence, or with the connection reset."""

    WHOLE = "whole"
    SILENT = "silent"
    HALF = "half"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Request:
    """A request; header names in lower case."""

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Query, form and JSON fields together. ValueError if the JSON is none, or no object."""
        fields: dict[str, Any] = dict(parse_qsl(self.query, keep_blank_values=True))
        if not self.body:
            return fields
        if self.headers.get("content-type", "").startswith("application/json"):
            document = json.loads(self.body)
            if not isinstance(document, dict):
                raise ValueError("JSON bodies are objects")
            return fields | document
        return fields | dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """The token in the Authorization header, "" without."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def closes(self) -> bool:
        """Whether the client wants the connection closed afterwards."""
        return self.headers.get("connection", "").lower() == "close"


@dataclass(frozen=True)
class Reply:
    """A reply and how it ends."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE

    @classmethod
    def of(cls, document: object, status: int = 200, **headers: str) -> Reply:
        """A JSON reply; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(document, separators=(",", ":")).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **named})

    def head(self) -> bytes:
        """Status line and headers."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_request(stream: BufferedReader) -> Request | None:
    """The next request, or None at the end. ValueError if it is no HTTP."""
    line = stream.readline(65_536)
    if not line.strip():
        return None
    verb, target, _version = line.decode("latin-1").split()
    headers: dict[str, str] = {}
    while (line := stream.readline(65_536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= _LONGEST_BODY:
        raise ValueError("length")
    url = urlsplit(target)
    return Request(verb, url.path, url.query, headers, stream.read(length) if length else b"")
