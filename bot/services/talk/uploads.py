"""Which pieces of work the coach takes: what a student shows, and nothing that runs; not larger and not more than can
be copied into the conference's channel. What is not taken is said to the student, with what to do instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bot.dialogue.state import Work

LARGEST = 20_000_000
"""Bytes of a file: more is not fetched for the packet or copied (bot.slack.downloading)."""

MOST = 10
"""Files of one message, as Slack's own window takes them."""

MOST_OF_A_CONFERENCE = 40
"""Files and links of one student and conference."""

LONGEST_LINK = 2_000

_PICTURES = {"png", "jpg", "jpeg", "gif", "webp", "heic", "heif", "bmp", "tif", "tiff"}
_PAPERS = {"pdf", "txt", "text", "md", "markdown", "rtf", "doc", "docx", "odt", "pages", "epub", "post", "quip", "gdoc"}
_SHEETS = {
    "csv",
    "xls",
    "xlsx",
    "ods",
    "numbers",
    "gsheet",
    "ppt",
    "pptx",
    "odp",
    "key",
    "keynote",
    "gpres",
    "gpresent",
}
_SOUND = {"mp3", "m4a", "wav", "ogg", "oga", "opus", "flac", "aac", "mp4", "m4v", "mov", "webm", "mkv", "3gp", "avi"}
_CODE = {
    "py",
    "python",
    "java",
    "c",
    "cpp",
    "sb3",
    "ipynb",
    "json",
    "sql",
    "css",
}  # read as text, and run by nobody here
TAKEN = frozenset(_PICTURES | _PAPERS | _SHEETS | _SOUND | _CODE)
"""Kinds of files, as Slack's `filetype` or the ending of the name says them."""


class Reason(StrEnum):
    """Why a piece of work is not taken."""

    KIND = "kind"
    SIZE = "size"
    COUNT = "count"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as Slack tells of it, or a link. `filetype`: Slack's own guess; `size`: bytes, 0 where it does not say."""

    work: Work
    name: str = ""
    filetype: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A piece of work by its title, and why it is not taken."""

    title: str
    reason: Reason


def sift(uploads: Sequence[Upload], room: int = MOST) -> tuple[tuple[Work, ...], tuple[NotTaken, ...]]:
    """What is taken of a message, and what is not. room: how many more the conference has room for."""
    works: list[Work] = []
    others: list[NotTaken] = []
    for upload in uploads:
        reason = fault(upload) or (Reason.COUNT if len(works) >= min(MOST, room) else None)
        if reason is None:
            works.append(upload.work)
        else:
            others.append(NotTaken(upload.work.title, reason))
    return tuple(works), tuple(others)


def fault(upload: Upload) -> Reason | None:
    """What is wrong with one piece of work by itself."""
    if upload.work.kind == "link":
        return None if _is_address(upload.work.ref) else Reason.LINK
    if upload.size > LARGEST:
        return Reason.SIZE
    ending = PurePosixPath(upload.name).suffix.removeprefix(".").lower()
    kinds = {kind for kind in (upload.filetype.lower(), ending) if kind not in ("", "auto", "binary", "unknown")}
    return None if kinds and kinds <= TAKEN else Reason.KIND


def _is_address(link: str) -> bool:
    """Whether a link is a page's address and says where it leads: nothing before an `@` that is not the host."""
    try:
        parts = urlsplit(link)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
        return named and "@" not in parts.netloc and len(link) <= LONGEST_LINK
    except ValueError:
        return False
