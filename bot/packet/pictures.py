"""Pictures for print: turned as they were taken, no larger than a page shows, as JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

LONGEST = 1400
"""Pixels of the longer side: 200 dots per inch where a picture is as wide as the text."""

QUALITY = 80
MOST_PIXELS = 80_000_000
"""A picture with more is not opened: it may be one made to fill the memory."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, and its width by its height."""

    data: bytes
    ratio: float


def for_print(data: bytes) -> Picture | None:
    """A picture (JPEG, PNG, WebP, GIF) as a JPEG of some 200 kB; None where it cannot be read (HEIC, or no picture)."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG is then decoded no larger than need be
            return _jpeg(_flat(ImageOps.exif_transpose(image)))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow raises for broken files
        return None


def _flat(image: Image.Image) -> Image.Image:
    """What is transparent is the paper's white."""
    image.thumbnail((LONGEST, LONGEST))
    if not image.has_transparency_data:
        return image.convert("RGB")
    shown = image.convert("RGBA")
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=shown.getchannel("A"))
    return paper


def _jpeg(image: Image.Image) -> Picture:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), image.width / image.height)
