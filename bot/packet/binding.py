"""A packet as a PDF, set by typst.

Why typst: its Python package is one wheel with the whole typesetter in it, so that the two commands of the README are
all there is to install on any machine; WeasyPrint needs Pango and its kin from the system. It also tags the PDF for
screen readers (PDF/UA-1), which few can.

The template is packaged and never changes; all words go in as data beside it, and none is ever read as markup. All of
it is handed over in memory: nothing of a student's is ever in a file that a process killed would leave behind.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import typst

from bot.packet.model import Packet, Paper
from bot.packet.pictures import Picture, for_print
from bot.packet.words import lines, unmarked

MOST_PICTURES = 16
"""Pictures in one packet; what comes after them is named."""

ACCESSIBLE = "ua-1"
"""PDF/UA-1, ISO 14289-1. It cannot be had where a letter is in no font there is."""

TALL = 10_000
"""Units of a picture's height within the file that is made of it."""

NO_LETTER = "could not be displayed with font"
"""What typst says of each letter that is in no font, asked for PDF/UA."""

_SHEETS = {Paper.A4: "a4", Paper.LETTER: "us-letter"}
_PLAIN = frozenset({"key", "language", "picture"})
"""Fields that are no words."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF, and how many of its letters are in no font there is: a box stands for each."""

    pdf: bytes
    boxes: int = 0


def render(packet: Packet, paper: Paper = Paper.A4, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """The PDF alone of what `printed` makes."""
    return printed(packet, paper, pictures).pdf


def printed(packet: Packet, paper: Paper = Paper.A4, pictures: Mapping[str, bytes] | None = None) -> Printed:
    """The PDF. `pictures`: files by the id the packet has for them; one that is missing or unreadable is named.

    TypstError if it cannot be set; there may be words of the packet in its text, which must not be logged.
    """
    shown = _shown(packet, pictures or {})
    named = {picture: f"{number}.svg" for number, picture in enumerate(shown)}
    pictures_set = {picture: {"file": named[picture], "ratio": shown[picture].ratio} for picture in shown}
    data = {**_set(asdict(packet)), "name": unmarked(packet.title), "paper": _SHEETS[paper], "pictures": pictures_set}
    sources = {
        "main.typ": _template(),
        "packet.json": json.dumps(data).encode(),
        **{named[picture]: _svg(shown[picture]) for picture in shown},
    }
    try:
        return Printed(_pdf(sources, [ACCESSIBLE]))
    except typst.TypstError as error:
        return Printed(_pdf(sources, []), error.diagnostic.count(NO_LETTER))


def _pdf(sources: dict[str, bytes], standards: list[Any]) -> bytes:
    # Files in memory are missing from typst's own annotations.
    pdf = typst.compile(sources, font_paths=_fonts(), pdf_standards=standards)  # type: ignore[call-overload]
    assert isinstance(pdf, bytes)  # one file, as no output was named
    return pdf


def _shown(packet: Packet, pictures: Mapping[str, bytes]) -> dict[str, Picture]:
    """The pictures that can be printed, by id."""
    there = [name for name in packet.pictures if name in pictures][:MOST_PICTURES]
    read = ((name, for_print(pictures[name])) for name in there)
    return {name: picture for name, picture in read if picture is not None}


def _svg(picture: Picture) -> bytes:
    """A picture as text, which is all that typst takes from memory; the JPEG comes into the PDF as it is."""
    width, height = round(TALL * picture.ratio), TALL
    jpeg = b64encode(picture.data).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'preserveAspectRatio="none" xlink:href="data:image/jpeg;base64,{jpeg}"/></svg>'
    ).encode()


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
