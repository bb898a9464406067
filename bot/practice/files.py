"""Files: stored in memory, uploaded to and fetched from addresses of the workspace's own server."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.practice.message import Json
from bot.practice.refusal import Refusal
from bot.practice.wire import Reply, Request

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace

_PRIVATE = "/files-pri/"
_UPLOAD = "/upload/v1/"
IMAGES = frozenset({"png", "jpg", "jpeg", "gif"})
"""What Slack shows in an image block of its own files."""
_SIGN_IN = b"<!doctype html><html><head><title>Sign in</title></head><body>Sign in to see this file</body></html>"


@dataclass(frozen=True)
class File:
    """One file: its bytes and what Slack says of it."""

    id: str
    name: str
    title: str
    mimetype: str
    content: bytes
    user: str
    created: int

    @property
    def filetype(self) -> str:
        """Slack's short word for the type: the ending of the name."""
        return self.name.rpartition(".")[2].lower() or "binary"

    def payload(self, files: Files) -> Json:
        """The file object of events and files.info."""
        address = files.address(self)
        shares = {channel: [{"ts": ts} for ts in stands] for channel, stands in files.shares(self.id).items()}
        return {
            "shares": {"private": shares} if shares else {},
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype if files.taken_in(self) else "",
            "filetype": self.filetype,
            "pretty_type": self.filetype.upper(),
            "user": self.user,
            "editable": False,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": address,
            "url_private_download": f"{address}?download=1",
            "permalink": f"https://{files.domain}.slack.com/files/{self.user}/{self.id}/{self.name}",
            "has_rich_preview": False,
        }


class Files:
    """The files of a workspace by id. Uploading: `expect` an address, bytes arrive there, `complete` makes the file."""

    def __init__(self, workspace: PracticeWorkspace) -> None:
        self._workspace = workspace
        self._stored: dict[str, File] = {}
        self._expected: dict[str, tuple[str, str, int]] = {}
        self._arrived: dict[str, tuple[str, bytes]] = {}
        self._shares: dict[str, dict[str, list[str]]] = {}
        self.processing = 0.0
        """Seconds from an upload until Slack has taken the file in: no message may show it before, as an image."""

    @property
    def domain(self) -> str:
        """The workspace's domain."""
        return self._workspace.domain

    def get(self, file_id: str) -> File | None:
        """The file, if there is one."""
        return self._stored.get(file_id)

    def all(self) -> list[File]:
        """Every file, in the order they came."""
        return list(self._stored.values())

    def shared(self, file_id: str, channel: str, ts: str) -> None:
        """The file stands in a channel, in the message of this ts."""
        self._shares.setdefault(file_id, {}).setdefault(channel, []).append(ts)

    def shares(self, file_id: str) -> dict[str, list[str]]:
        """Where the file stands: ts by channel."""
        return self._shares.get(file_id, {})

    def taken_in(self, file: File) -> bool:
        """Whether the workspace has looked at the file since it was uploaded, and knows its type."""
        return self._workspace.now().timestamp() - file.created >= self.processing

    def check_images(self, blocks: Iterable[Json]) -> None:
        """Raise Refusal if a block shows a file that is none, no image, or not taken in yet."""
        for number, block in enumerate(blocks):
            shown = block.get("slack_file") or {}
            file = self._shown(shown) if shown else None
            if shown and not (file and file.filetype in IMAGES and self.taken_in(file)):
                raise Refusal("invalid_blocks", [f"invalid slack file [json-pointer:/blocks/{number}/slack_file]"])

    def _shown(self, named: Json) -> File | None:
        if "id" in named:
            return self.get(named["id"])
        return next((file for file in self._stored.values() if named["url"] == self.address(file)), None)

    def remove(self, file_id: str) -> None:
        """Delete the file."""
        self._stored.pop(file_id, None)
        self._shares.pop(file_id, None)

    def address(self, file: File) -> str:
        """Where the file can be fetched with a bearer token."""
        return f"{self._workspace.address}{_PRIVATE}{self._workspace.team_id}-{file.id}/{file.name}"

    def add(self, content: bytes, name: str, mimetype: str, user: str, title: str = "", file_id: str = "") -> File:
        """Store a file."""
        created = int(self._workspace.now().timestamp())
        file = File(file_id or self._workspace.new_id("F"), name, title or name, mimetype, content, user, created)
        self._stored[file.id] = file
        return file

    def expect(self, file_id: str, name: str, length: int) -> str:
        """An address to send `length` bytes to, once."""
        ticket = secrets.token_urlsafe(16)
        self._expected[ticket] = (file_id, name, length)
        return f"{self._workspace.address}{_UPLOAD}{ticket}"

    def complete(self, file_id: str, title: str, user: str) -> File | None:
        """Make a file of what was uploaded; None if nothing was."""
        if file_id not in self._arrived:
            return None
        name, content = self._arrived.pop(file_id)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self.add(content, name, mimetype, user, title, file_id)

    def receive(self, request: Request) -> Reply:
        """Take an upload."""
        with self._workspace.changing:
            expected = self._expected.pop(request.path.removeprefix(_UPLOAD), None)
            if request.verb != "POST" or expected is None:
                return Reply(404, b"no such upload")
            file_id, name, length = expected
            if len(request.body) != length:
                return Reply(400, f"expected {length} bytes".encode())
            self._arrived[file_id] = (name, request.body)
            self._workspace.changing.notify_all()
        return Reply(200, f"OK - {length}".encode())

    def serve(self, request: Request) -> Reply:
        """Give a file to whoever bears the bot's token with files:read; others are sent to sign in, as Slack does."""
        workspace = self._workspace
        if request.path == "/signin":
            return Reply(200, _SIGN_IN, {"Content-Type": "text/html; charset=utf-8"})
        with workspace.changing:
            allowed = request.bearer == workspace.bot_token and "files:read" in workspace.manifest.scopes
            if not allowed or workspace.uninstalled:
                return Reply(302, b"", {"Location": f"{workspace.address}/signin"})
            workspace.note_scope("files:read")
            file = self.get(request.path.removeprefix(_PRIVATE).split("/")[0].partition("-")[2])
        if file is None:
            return Reply(404, b"not found")
        return Reply(200, file.content, {"Content-Type": file.mimetype})
