"""Which paper a school prints on."""

from __future__ import annotations

from babel.core import get_global

from bot.packet.model import Paper

LETTER = frozenset({"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"})
"""Where paper is of the size US Letter; everywhere else it is A4: Unicode CLDR, supplemental measurementData."""


def paper_of(time_zone: str) -> Paper:
    """The paper of the country a time zone ("America/New_York") is in."""
    return Paper.LETTER if get_global("zone_territories").get(time_zone) in LETTER else Paper.A4
