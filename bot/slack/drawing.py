"""Pictures of progress, drawn with Pillow: bars, one for each group; and steps, week by week, one row for each goal."""

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
NARROW, STEP_ROW = 800, 140
INK, PAPER = "#1d1c1d", "#ffffff"
# Told apart by their lightness too, for those who do not see the colours.
COLOURS = ("#1b6e3c", "#5aa9d6", "#e8b23a", "#d9d9d9", "#6b5b95")
RISING = ("#d9d9d9", "#a8d5e5", "#5aa9d6", "#1b6e3c")
"""From the first word of a scale to the last: the further, the darker."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its name, and how many of each kind, in the order of the legend."""

    name: str
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """One row: its name, and for each week which word of the scale (from 0), or None."""

    name: str
    weeks: tuple[int | None, ...]


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


def steps(title: str, scale: Sequence[str], rows: Sequence[Steps]) -> bytes:
    """A PNG, narrow enough for a phone: the title, the words of the scale, and for each row its name and under it a
    bar a week, the higher the further.

    What can be seen in it must stand in words beside it too.
    """
    top = MARGIN + 2 * ROW + 8
    image = Image.new("RGB", (NARROW, top + STEP_ROW * len(rows) + MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), title, INK, _font(LETTERS + 4))
    _legend(draw, scale, RISING)
    for number, row in enumerate(rows):
        _stairs(draw, top + number * STEP_ROW, row, len(scale))
    data = BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def _stairs(draw: ImageDraw.ImageDraw, y: int, row: Steps, height: int) -> None:
    room, floor = NARROW - 2 * MARGIN, y + STEP_ROW - 24
    draw.text((MARGIN, y), _fitted(draw, row.name, room), INK, _font(LETTERS))
    wide = min(64.0, room / max(1, len(row.weeks)))
    draw.line((MARGIN, floor, MARGIN + wide * len(row.weeks), floor), fill=COLOURS[3], width=2)
    for week, step in enumerate(row.weeks):
        if step is not None:
            x, high = MARGIN + week * wide, (floor - y - LETTERS - 20) * (step + 1) / height
            draw.rectangle((x, floor - high, x + wide - 6, floor - 1), fill=RISING[step])


def _legend(draw: ImageDraw.ImageDraw, legend: Sequence[str], colours: Sequence[str] = COLOURS) -> None:
    x, y = float(MARGIN), MARGIN + ROW
    for word, colour in zip(legend, colours, strict=True):
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


def _fitted(draw: ImageDraw.ImageDraw, name: str, room: float = NAME - 36) -> str:
    short = name
    while short and draw.textlength(short, _font(LETTERS)) > room:
        short = short[:-1]
    return short if short == name else f"{short}…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has the letters of most languages; Pillow's own font has no accents."""
    with as_file(files("bot.slack") / "fonts" / "DejaVuSans.ttf") as path:
        return ImageFont.truetype(BytesIO(path.read_bytes()), size)
