"""A letter as mail: the same Markdown templates as everywhere, as plain text and as HTML, with the date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from bot.mailserver import Server
from bot.services.family import invitation_ics
from bot.services.family.mailing import Letter
from bot.words import Words
from prompts.markdown import Document, Heading, ListItem, Part, Quote, html, part_text, spans_text

_PAGE = """\
<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>h1 {{ font-size: 20px }} .context {{ color: #666; font-size: 14px }} .words {{ margin: 0.5em 1em }}</style>
</head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.45; max-width: 38em; margin: 1em; color: #222">
{body}
</body>
</html>
"""


def written(words: Words, letter: Letter, server: Server, delivery: str, at: datetime) -> EmailMessage:
    """The mail of one letter. Its Message-ID is the delivery's: sent twice, it is one and the same.

    Nobody's address is in it but the reader's, the sender's, and, to answer to, the advisor's.
    """
    language = words.language(letter.language)
    rendered = [words.catalog.render(language, name, context) for name, context in letter.texts]
    document = _in_one(part for each in rendered for part in each.parts)
    mail = EmailMessage()
    mail["From"] = _address(server.name or letter.school, server.address)
    mail["To"] = _address(letter.name, letter.email)
    if letter.reply_to.isascii() and letter.reply_to:
        mail["Reply-To"] = _address(letter.advisor, letter.reply_to)
    mail["Subject"] = _subject(document)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{delivery}@{server.address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_spaced(document))
    mail.add_alternative(_PAGE.format(language=language, title=escape(_subject(document)), body=html(document)),
                         subtype="html")  # fmt: skip
    if letter.event is not None:
        parties = ((mail["From"].addresses[0].display_name, server.address), (letter.name, letter.email))
        calendar = invitation_ics.event(letter.event, at, letter.method, letter.sequence, *parties)
        mail.add_alternative(calendar.decode(), subtype="calendar", params={"method": letter.method})
    return mail


def _in_one(parts: Iterable[Part]) -> Document:
    """Several texts as one: the small print of all of them stands at the end."""
    return Document(tuple(sorted(parts, key=lambda part: isinstance(part, Quote))))


def _spaced(document: Document) -> str:
    """As plain text, with a blank line between paragraphs, as letters have it."""
    lines: list[str] = []
    before: Part | None = None
    for part in document.parts:
        if text := part_text(part):
            lines += [""] if lines and not (isinstance(before, ListItem) and isinstance(part, ListItem)) else []
            lines.append(text)
            before = part
    return "\n".join(lines) + "\n"


def _subject(document: Document) -> str:
    """What the first heading says."""
    heading = next((part for part in document.parts if isinstance(part, Heading)), None)
    return " ".join(spans_text(heading.spans).split()) if heading is not None else ""


def _address(name: str, email: str) -> Address:
    user, _, domain = email.rpartition("@")
    return Address(" ".join(name.split()), user, domain)
