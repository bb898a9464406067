"""Tables for spreadsheets: CSV that Excel, LibreOffice and Numbers read as it is, and never as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell must not begin with: a spreadsheet would calculate it (OWASP, CSV Injection)."""
GUARD = "'"
"""Put before such a cell: a spreadsheet takes the rest as text."""


def spreadsheet(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV: in UTF-8 with its mark, which Excel goes by; separated by commas, lines ended as RFC 4180 says.

    None is an empty cell. Text that would be taken for a formula is guarded; numbers stay numbers.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(title) for title in titles])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def cell(value: object) -> str:
    """One cell's text."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    text = str(value).replace("\0", "")
    blank = text.lstrip(" \u00a0\u200b\ufeff")
    return GUARD + text if blank.startswith(FORMULA) or text.startswith(FORMULA) else text
