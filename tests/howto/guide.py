"""What a guide tells its reader to do, step by step: its fenced blocks, in order.

The words after the fence say what is done with a block:

    ```toml prompts/en/labels.toml (append)     put at the end of the file
    ```python bot/cli/terms.py (new)            a file that is not there yet
    ```diff bot/cli/main.py                     lines taken out and put in, between lines that stay
    ```text tests/transcripts/en/a.txt (shows)  what the file has in it by now
    ```sh                                       commands, each of which succeeds
    ```text                                     what the commands before it print; … is anything
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from markdown_it import MarkdownIt

_INFO = re.compile(r"(?P<kind>\w+)(?: (?P<path>[\w./-]+))?(?: \((?P<how>\w+)\))?")


class Do(StrEnum):
    """What is done with a block."""

    APPEND = "append"
    NEW = "new"
    CHANGE = "change"
    SHOWS = "shows"
    RUN = "run"
    PRINTS = "prints"


class GuideError(Exception):
    """A guide that cannot be followed: which, where, why."""


@dataclass(frozen=True)
class Step:
    """One block. `path` is "" for commands and what they print; `line` is where it stands in the guide."""

    do: Do
    path: str
    text: str
    line: int


def steps(guide: Path) -> list[Step]:
    """The steps of a guide; GuideError where a block says nothing that could be done."""
    found = []
    for token in MarkdownIt().parse(guide.read_text(encoding="utf-8")):
        if token.type == "fence":
            line = token.map[0] + 1 if token.map else 0
            match = _INFO.fullmatch(token.info.strip())
            do = _what(match["kind"], match["path"], match["how"]) if match else None
            if match is None or do is None:
                raise GuideError(f"{guide.name}, line {line}: nothing can be done with a block of “{token.info}”")
            found.append(Step(do, match["path"] or "", token.content, line))
    return found


def _what(kind: str, path: str | None, how: str | None) -> Do | None:
    match kind, bool(path), how:
        case "diff", True, None:
            return Do.CHANGE
        case "sh", False, None:
            return Do.RUN
        case "text", False, None:
            return Do.PRINTS
        case _, True, "append" | "new" | "shows":
            return Do(str(how))
    return None


def changed(text: str, diff: str) -> str:
    """A file's text with a diff done to it: what it takes out and what stays must stand there exactly once."""
    lines = [line if line.strip() else f" {line}" for line in diff.splitlines(keepends=True)]
    if strange := [line for line in lines if line[0] not in " -+"]:
        raise GuideError(f"a line of a diff begins with +, - or a space, not as this one: {strange[0]}")
    old = "".join(line[1:] for line in lines if line[0] != "+")
    if text.count(old) != 1:
        raise GuideError(f"this stands there {text.count(old)} times, not once:\n{old}")
    return text.replace(old, "".join(line[1:] for line in lines if line[0] != "-"))


def printed(shown: str, output: str) -> bool:
    """Whether the lines a guide shows are in what was printed, in that order; … is anything, a space any number."""
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in _lines(shown)]
    told = iter(_lines(output))
    return all(any(re.fullmatch(pattern, line) for line in told) for pattern in patterns)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
