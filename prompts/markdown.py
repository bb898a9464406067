"""A message as parts: parsed once from Markdown, filled with values that can never format, link or ping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape as escape_html
from typing import Literal, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Where a value, a student's words or a slot go, the text that is parsed carries a mark: noncharacters (which no
# text to be exchanged may hold) around an index. So a value is never parsed, and one parse serves all values.
VALUE, WORDS, SLOT, END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"

_MARK = re.compile(f"{VALUE}(\\d+){END}")
_ALONE = re.compile(f"\\s*([{WORDS}{SLOT}])(\\d+){END}\\s*")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdd3\ufeff]")
_BLANKS = re.compile(r"[\s\x85]+")
_ADDRESS = re.compile(r"https?://[^\s<>\"|]+", re.IGNORECASE)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, in seconds since the epoch, of which the day or the time is told."""

    at: int
    shows: Literal["day", "clock"]


class Moment(str):
    """A day or a time as the school's clock has it, with its instant: where the reader's own clock is known, that is
    gone by instead."""

    __slots__ = ("instant",)
    instant: Instant

    def __new__(cls, text: str, instant: Instant) -> Moment:
        """`text` is by the school's clock."""
        made = super().__new__(cls, text)
        made.instant = instant
        return made


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; `link` is an http(s) address or "". With an `instant`, `text` is by the school's
    clock."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str = ""
    instant: Instant | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` is 1 to 6."""

    spans: tuple[Span, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Our own sentences; a line break in the template is a line break here."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list; `number` is None in a list without numbers, `depth` is 0 for the outermost."""

    spans: tuple[Span, ...]
    number: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """A small grey line of context (`>` in a template)."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Divider:
    """A line across."""


@dataclass(frozen=True, slots=True)
class Words:
    """A student's own words, verbatim."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The place where the controls of this name go."""

    name: str


Spanned: TypeAlias = Heading | Paragraph | ListItem | Quote
Part: TypeAlias = Spanned | Divider | Words | Slot


@dataclass(frozen=True, slots=True)
class Document:
    """A whole message, in order."""

    parts: tuple[Part, ...]


def document(text: str, values: Sequence[str] = ()) -> Document:
    """The parts of `text` (CommonMark), each mark in it replaced by the value it points to."""
    return Document(tuple(_filled(_parse(text), values)))


def escape(value: str) -> str:
    """`value` as Markdown that reads exactly so: for texts that are filled first and parsed later."""
    return _PUNCTUATION.sub(r"\\\1", tame(value))


def tame(value: str) -> str:
    """`value` fit to stand inside a sentence of ours: on one line, without unseen or direction-turning characters."""
    return value if value.isprintable() else _BLANKS.sub(" ", _UNSEEN.sub("", value))


# -- parsing ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable("image")
    # Addresses are judged when they are filled in: a mark must come through untouched.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[tuple[Part, bool], ...]:
    """Parts still with their marks, and of each whether it has any."""
    parts = _blocks(_parser().parse(text))
    return tuple((part, isinstance(part, (Words, Slot)) or VALUE in _marked_text(part)) for part in parts)


def _marked_text(part: Part) -> str:
    """All text of a part in which a mark may stand."""
    if isinstance(part, (Heading, Paragraph, ListItem, Quote)):
        return "".join(span.text + span.link for span in part.spans)
    return ""


def _blocks(tokens: list[Token]) -> Iterator[Part]:
    lists: list[int | None] = []
    frames: list[str] = []
    number: int | None = None
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                lists.append(None)
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = int(token.info) if token.info else None
                frames.append("item")
            case "blockquote_open":
                frames.append("quote")
            case "heading_open":
                frames.append(token.tag)
            case "list_item_close" | "blockquote_close" | "heading_close":
                frames.pop()
            case "hr":
                yield Divider()
            case "fence" | "code_block":
                yield Paragraph((Span(token.content.rstrip("\n"), code=True),))
            case "inline":
                yield from _text_part(token, frames[-1] if frames else "", number, len(lists) - 1)


def _text_part(token: Token, frame: str, number: int | None, depth: int) -> Iterator[Part]:
    if alone := _ALONE.fullmatch(token.content):
        yield Words(alone[2]) if alone[1] == WORDS else Slot(alone[2])
        return
    spans = tuple(_spans(token.children or []))
    if not spans:
        return
    if frame.startswith("h"):
        yield Heading(spans, int(frame[1:]))
    elif frame == "item":
        yield ListItem(spans, number, depth)
    elif frame == "quote":
        yield Quote(spans)
    else:
        yield Paragraph(spans)


def _spans(tokens: list[Token]) -> Iterator[Span]:
    """Spans of an inline token's children, neighbours of one style joined."""
    style = {"bold": 0, "italic": 0}
    link, run, last = "", "", Span("")
    for token in tokens:
        if token.type == "link_open":
            link = str(token.attrs.get("href", ""))
        elif token.type == "link_close":
            link = ""
        elif token.type in ("strong_open", "strong_close"):
            style["bold"] += token.nesting
        elif token.type in ("em_open", "em_close"):
            style["italic"] += token.nesting
        else:
            text = "\n" if token.type in ("softbreak", "hardbreak") else token.content
            span = Span("", style["bold"] > 0, style["italic"] > 0, token.type == "code_inline", link)
            if span != last and run:
                yield replace(last, text=run)
                run = ""
            last, run = span, run + text
    if run:
        yield replace(last, text=run)


# -- filling ---------------------------------------------------------------------------------------------------------


def _filled(form: tuple[tuple[Part, bool], ...], values: Sequence[str]) -> Iterator[Part]:
    for part, marked in form:
        if not marked:
            yield part
        elif isinstance(part, Words):
            if values[int(part.text)].strip():
                yield Words(values[int(part.text)])
        elif isinstance(part, Slot):
            yield Slot(values[int(part.name)])
        elif isinstance(part, (Heading, Paragraph, ListItem, Quote)) and (spans := _fill(part.spans, values)):
            yield _with(part, spans)


def _with(part: Spanned, spans: tuple[Span, ...]) -> Part:
    match part:
        case Heading():
            return Heading(spans, part.level)
        case ListItem():
            return ListItem(spans, part.number, part.depth)
        case Quote():
            return Quote(spans)
        case _:
            return Paragraph(spans)


def _fill(spans: tuple[Span, ...], values: Sequence[str]) -> tuple[Span, ...]:
    """Spans with their values; an empty tuple if nothing is left to read."""

    def value(mark: re.Match[str]) -> str:
        found = values[int(mark[1])]
        return mark[0] if isinstance(found, Moment) else tame(found)

    filled: list[Span] = []
    for span in spans:
        if VALUE in span.text or VALUE in span.link:
            text = _MARK.sub(value, span.text)
            link = _MARK.sub(value, span.link) if span.link else ""
            span = Span(text, span.bold, span.italic, span.code, link)
        if VALUE in span.text:
            filled += _timed(span, values)
        elif span.text:
            filled.append(span)
    return tuple(filled) if any(not span.text.isspace() for span in filled) else ()


def _timed(span: Span, values: Sequence[str]) -> Iterator[Span]:
    """A span in which only moments are not filled in yet: each in a span of its own."""
    for at, piece in enumerate(_MARK.split(span.text)):
        moment = values[int(piece)] if at % 2 else piece
        if moment:
            yield replace(span, text=tame(moment), instant=moment.instant if isinstance(moment, Moment) else None)


def web_address(link: str) -> str:
    """`link` if it is an http(s) address without blanks or quotes that could end it early; otherwise ""."""
    return link if link and _ADDRESS.fullmatch(link) else ""


# -- renderings ------------------------------------------------------------------------------------------------------


def spans_text(spans: tuple[Span, ...]) -> str:
    """Spans as plain text; a link's address follows its text."""
    return "".join(
        f"{span.text} ({span.link})" if web_address(span.link) and span.link != span.text else span.text
        for span in spans
    )


def part_text(part: Part) -> str:
    """One part as plain text: "" for a slot."""
    match part:
        case Words():
            return part.text
        case ListItem():
            return f"{'  ' * part.depth}{bullet(part)} {spans_text(part.spans)}"
        case Divider():
            return "———"
        case Slot():
            return ""
        case _:
            return spans_text(part.spans)


def bullet(item: ListItem) -> str:
    """What stands before a list item: its number or a dot."""
    return "•" if item.number is None else f"{item.number}."


def plain(document: Document) -> str:
    """The whole content as plain text, a line for each part, for those who listen to it."""
    return "\n".join(filter(None, map(part_text, (part for part in document.parts if not isinstance(part, Divider)))))


def terminal(document: Document) -> str:
    """The content for a terminal: headings set off, a student's words and context indented; no markup."""
    return "\n".join(_terminal_lines(document)).strip("\n")


def _terminal_lines(document: Document) -> Iterator[str]:
    for part in document.parts:
        match part:
            case Heading():
                yield f"\n{part_text(part)}\n"
            case Words() | Quote():
                yield from (f"    {line}" for line in part_text(part).split("\n"))
            case Slot():
                pass
            case _:
                yield part_text(part)


def html(document: Document) -> str:
    """The content as HTML, everything escaped; a student's words in `<blockquote class="words">`."""
    return "\n".join(_html_lines(document))


def _html_lines(document: Document) -> Iterator[str]:
    open_lists: list[str] = []
    for part in document.parts:
        depth = part.depth + 1 if isinstance(part, ListItem) else 0
        while len(open_lists) > depth:
            yield f"</{open_lists.pop()}>"
        if isinstance(part, ListItem):
            while len(open_lists) < depth:
                open_lists.append("ul" if part.number is None else "ol")
                yield f"<{open_lists[-1]}>"
        yield from _html_part(part)
    yield from (f"</{tag}>" for tag in reversed(open_lists))


def _html_part(part: Part) -> Iterator[str]:
    match part:
        case Heading():
            yield f"<h{part.level}>{_html_spans(part.spans)}</h{part.level}>"
        case Paragraph():
            yield f"<p>{_html_spans(part.spans)}</p>"
        case ListItem():
            value = "" if part.number is None else f' value="{part.number}"'
            yield f"<li{value}>{_html_spans(part.spans)}</li>"
        case Quote():
            yield f'<p class="context">{_html_spans(part.spans)}</p>'
        case Words():
            yield f'<blockquote class="words">{_html_text(part.text)}</blockquote>'
        case Divider():
            yield "<hr>"


def _html_spans(spans: tuple[Span, ...]) -> str:
    return "".join(map(_html_span, spans))


def _html_span(span: Span) -> str:
    text = _html_text(span.text)
    for wanted, tag in ((span.code, "code"), (span.italic, "em"), (span.bold, "strong")):
        text = f"<{tag}>{text}</{tag}>" if wanted else text
    link = web_address(span.link)
    return f'<a href="{escape_html(link)}">{text}</a>' if link else text


def _html_text(text: str) -> str:
    return escape_html(text).replace("\n", "<br>")
