"""A packet as a PDF, set by typst.

Why typst: its Python package is one wheel with the whole typesetter in it, so that the two commands of the README are
all there is to install on any machine; WeasyPrint needs Pango and its kin from the system. It also tags the PDF for
screen readers (PDF/UA-1), which few can.

The template is packaged and never changes; all words go in as data beside it, and none is ever read as markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from bot.packet.model import Packet, Paper
from bot.packet.pictures import Picture, for_print
from bot.packet.words import lines

MOST_PICTURES = 16
"""Pictures in one packet; what comes after them is named."""

ACCESSIBLE = "ua-1"
"""PDF/UA-1, ISO 14289-1. It cannot be had where a letter is in no font there is."""

_SHEETS = {Paper.A4: "a4", Paper.LETTER: "us-letter"}
_PLAIN = frozenset({"key", "language", "picture"})
"""Fields that are no words."""


def render(packet: Packet, paper: Paper = Paper.A4, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """The PDF. `pictures`: files by the id the packet has for them; one that is missing or unreadable is named.

    TypstError if it cannot be set; there may be words of the packet in its text, which must not be logged.
    """
    shown = _shown(packet, pictures or {})
    named = {picture: f"{number}.jpg" for number, picture in enumerate(shown)}
    pictures_set = {picture: {"file": named[picture], "ratio": shown[picture].ratio} for picture in shown}
    data = {**_set(asdict(packet)), "name": packet.title, "paper": _SHEETS[paper], "pictures": pictures_set}
    sources = {
        "packet.typ": _template(),
        "packet.json": json.dumps(data).encode(),
        **{named[picture]: shown[picture].data for picture in shown},
    }
    with TemporaryDirectory(prefix="packet") as folder:  # readable by this user alone
        for name, content in sources.items():
            (Path(folder) / name).write_bytes(content)
        return _compiled(Path(folder))


def _compiled(folder: Path) -> bytes:
    try:
        return _pdf(folder, [ACCESSIBLE])
    except typst.TypstError:
        return _pdf(folder, [])


def _pdf(folder: Path, standards: list[Any]) -> bytes:
    pdf = typst.compile(str(folder / "packet.typ"), root=str(folder), font_paths=_fonts(), pdf_standards=standards)
    assert isinstance(pdf, bytes)  # one file, as no output was named
    return pdf


def _shown(packet: Packet, pictures: Mapping[str, bytes]) -> dict[str, Picture]:
    """The pictures that can be printed, by id."""
    there = [name for name in packet.pictures if name in pictures][:MOST_PICTURES]
    read = ((name, for_print(pictures[name])) for name in there)
    return {name: picture for name, picture in read if picture is not None}


def _set(value: Any, field: str = "") -> Any:
    """Words as lines with their direction, everywhere but where a field is no words."""
    if isinstance(value, Mapping):
        return {name: _set(each, name) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_set(each, field) for each in value]
    return lines(value) if isinstance(value, str) and field not in _PLAIN else value


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (files("bot.packet") / "packet.typ").read_bytes()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Typst's own fonts, then DejaVu Sans (Arabic and much else) and the emoji; then whatever the machine has."""
    with ExitStack() as opened:
        folders = [files("bot.slack") / "fonts", files("bot.packet") / "fonts"]
        return typst.Fonts(font_paths=[str(opened.enter_context(as_file(folder))) for folder in folders])
