"""The school's mail server, and in whose name is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)*")


@dataclass(frozen=True)
class Server:
    """Where mail is handed over. `tls`: encrypted from the first byte; else by STARTTLS, where the server offers it.

    `address` is the sender's, `name` how it is shown, "" for the school's own name. Without a user nobody logs in.
    """

    host: str
    port: int
    tls: bool
    address: str
    name: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, url: str, sender: str) -> Server:
        """From `smtp://user:password@host:587` and `Name <address>`, both looked through by the functions below."""
        parts = urlsplit(url)
        name, address = parseaddr(sender)
        return cls(
            parts.hostname or "", parts.port or PORTS[parts.scheme], parts.scheme == "smtps", address, name,
            unquote(parts.username or ""), unquote(parts.password or ""),
        )  # fmt: skip

    @property
    def here(self) -> bool:
        """Whether it is on this very machine, so that nobody in between can listen."""
        return self.host in ("localhost", "127.0.0.1", "::1")


def url_fault(value: str) -> str:
    """What is wrong with the address of a mail server; "" if nothing is. Never shows the value."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "It is not an address with a host and a port."
    if not good:
        return "It is not an smtp:// or smtps:// address with a host."
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "Something stands behind the host and port. Write / ? # @ in a password as %2F %3F %23 %40."
    return "" if bool(parts.username) == bool(parts.password) else "User and password go together."


def sender_fault(value: str) -> str:
    """What is wrong with a sender; "" if nothing is."""
    address = parseaddr(value)[1]
    return "" if _ADDRESS.fullmatch(address) and address.isascii() else "It is not an e-mail address."
