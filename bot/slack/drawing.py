"""Bars of progress as a picture: one for each group, drawn with Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH = 1200
MARGIN = 32
NAME = 300
ROW = 44
BAR = 28
LETTERS = 22
INK, PAPER = "#1d1c1d", "#ffffff"
# Told apart by their lightness too, for those who do not see the colours.
COLOURS = ("#1b6e3c", "#5aa9d6", "#e8b23a", "#d9d9d9", "#6b5b95")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its name, and how many of each kind, in the order of the legend."""

    name: str
    parts: tuple[int, ...]


def bars(title: str, legend: Sequence[str], rows: Sequence[Bar]) -> bytes:
    """A PNG: the title, what the colours mean, and for each row a bar as wide as the others, in proportion.

    What the colours and names say must stand in words beside it too.
    """
    top = MARGIN + 2 * ROW
    image = Image.new("RGB", (WIDTH, top + ROW * len(rows) + MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), title, INK, _font(LETTERS + 4))
    _legend(draw, legend)
    for number, row in enumerate(rows):
        _row(draw, top + number * ROW, row)
    data = BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def _legend(draw: ImageDraw.ImageDraw, legend: Sequence[str]) -> None:
    x, y = float(MARGIN), MARGIN + ROW
    for word, colour in zip(legend, COLOURS, strict=True):
        draw.rectangle((x, y + 4, x + 18, y + 22), fill=colour)
        draw.text((x + 26, y), word, INK, _font(LETTERS))
        x += 26 + draw.textlength(word, _font(LETTERS)) + 28


def _row(draw: ImageDraw.ImageDraw, y: int, row: Bar) -> None:
    draw.text((MARGIN, y), _fitted(draw, row.name), INK, _font(LETTERS))
    total, x = sum(row.parts) or 1, float(MARGIN + NAME)
    room = WIDTH - MARGIN - x
    for count, colour in zip(row.parts, COLOURS, strict=True):
        wide = room * count / total
        if count:
            draw.rectangle((x, y, x + wide - 2, y + BAR), fill=colour)
            if wide > 30:
                ink = PAPER if colour in (COLOURS[0], COLOURS[4]) else INK
                draw.text((x + wide / 2, y + BAR / 2), str(count), ink, _font(LETTERS - 4), anchor="mm")
        x += wide


def _fitted(draw: ImageDraw.ImageDraw, name: str) -> str:
    short = name
    while short and draw.textlength(short, _font(LETTERS)) > NAME - 36:
        short = short[:-1]
    return short if short == name else f"{short}…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has the letters of most languages; Pillow's own font has no accents."""
    with as_file(files("bot.slack") / "fonts" / "DejaVuSans.ttf") as path:
        return ImageFont.truetype(BytesIO(path.read_bytes()), size)
