"""A document as Slack shows it: classic blocks within Slack's sizes, split where they would not fit, nothing lost.

Sizes (Block Kit reference): 50 blocks a message, 100 a view, text object 3,000, header 150, modal title 24,
private_metadata 3,000, callback_id 255; top-level `text` under 4,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from bot.slack.controls import (
    Button,
    Checkboxes,
    Control,
    Input,
    Json,
    Link,
    Numbering,
    Row,
    Select,
    about,
    actions,
    entered,
    from_json,
    inputs,
    plain_text,
    to_json,
)
from prompts.markdown import (
    END,
    VALUE,
    Divider,
    Document,
    Heading,
    Instant,
    ListItem,
    Paragraph,
    Part,
    Quote,
    Slot,
    Span,
    Spanned,
    Words,
    bullet,
    part_text,
    spans_text,
    web_address,
)
from prompts.splitting import shorten, split_text

__all__ = [
    "Button",
    "Checkboxes",
    "Control",
    "Input",
    "Link",
    "Message",
    "Row",
    "Select",
    "about",
    "blocks",
    "entered",
    "from_json",
    "home",
    "messages",
    "modal",
    "to_json",
]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
SECTION = 3000
LINK = 2000
"""Characters of an address: with a longer one there is no room for what is linked, which stands there without it."""
HEADER = 150
TEXT = 3900
TITLE = 24
METADATA = 3000

_NO_CONTROLS: Mapping[str, Sequence[Row]] = {}


@dataclass(frozen=True, slots=True)
class Message:
    """One message to post: `text` is what a screen reader reads, escaped, at most 3,900 characters."""

    text: str
    blocks: list[Json]


def blocks(document: Document, controls: Mapping[str, Sequence[Row]] = _NO_CONTROLS) -> list[Json]:
    """All blocks of a document, however many; ids are unique among them."""
    return [block for group in _groups(document, controls) for block in group.blocks]


def messages(document: Document, controls: Mapping[str, Sequence[Row]] = _NO_CONTROLS) -> list[Message]:
    """The document as messages of at most 50 blocks, each with the text of its own part; none for an empty one.

    A message ends where a heading begins if it can, and never between words and the controls under them.
    """
    return [
        Message(_text(batch), [block for group in batch for block in group.blocks])
        for batch in _batches(_groups(document, controls))
    ]


def home(document: Document, controls: Mapping[str, Sequence[Row]] = _NO_CONTROLS) -> Json:
    """An App Home view; what does not fit in 100 blocks ends with "…"."""
    return {"type": "home", "blocks": _view_blocks(blocks(document, controls))}


def modal(
    callback: str,
    title: str,
    document: Document,
    *,
    close: str,
    submit: str = "",
    fields: Sequence[Input] = (),
    controls: Mapping[str, Sequence[Row]] = _NO_CONTROLS,
    private_metadata: str = "",
) -> Json:
    """A modal view: the document, then the fields, for which `submit` is needed.

    ValueError if it is missing or `private_metadata` is too long.
    """
    if fields and not submit:
        raise ValueError("a modal with inputs needs a label for `submit`")
    if len(private_metadata) > METADATA:
        raise ValueError(f"private_metadata has {len(private_metadata)} characters; Slack takes {METADATA}")
    asked = [block for field in fields for block in inputs(field)]
    view: Json = {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(shorten(title, TITLE)),
        "close": plain_text(shorten(close, TITLE)),
        "private_metadata": private_metadata,
        "blocks": [*_view_blocks(blocks(document, controls), VIEW_BLOCKS - len(asked)), *asked],
    }
    return view | {"submit": plain_text(shorten(submit, TITLE))} if submit else view


def _view_blocks(every: list[Json], limit: int = VIEW_BLOCKS) -> list[Json]:
    if len(every) <= limit:
        return every
    return [*every[: limit - 1], {"type": "context", "elements": [plain_text("…")]}]


# -- groups: parts that stay together, with their blocks -------------------------------------------------------------


@dataclass(slots=True)
class _Group:
    blocks: list[Json]
    texts: list[str]
    opens: bool = False  # a good place to begin a message


def _groups(document: Document, controls: Mapping[str, Sequence[Row]]) -> list[_Group]:
    groups: list[_Group] = []
    number = Numbering()
    for run in _runs(document.parts):
        first = run[0]
        if isinstance(first, Slot):
            taps = [block for row in controls.get(first.name, ()) for block in actions(row, number)]
            if groups:
                groups[-1].blocks += taps
            elif taps:
                groups.append(_Group(taps, []))
        elif isinstance(first, Divider):
            groups.append(_Group([{"type": "divider"}], []))
        else:
            groups.append(_Group(list(_shown(run)), [part_text(_dated(part)) for part in run], _opens(first)))
    return groups


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Neighbouring parts that share a block: sentences and lists up to the next bold beginning; quotes."""
    run: list[Part] = []
    for part in parts:
        if run and _shares(run[-1], part):
            run.append(part)
            continue
        if run:
            yield run
        run = [part]
    if run:
        yield run


def _shares(one: Part, other: Part) -> bool:
    if isinstance(one, Quote):
        return isinstance(other, Quote)
    return isinstance(one, (Paragraph, ListItem)) and isinstance(other, (Paragraph, ListItem)) and not _opens(other)


def _opens(part: Part) -> bool:
    """Whether something new begins: a heading, or a sentence that starts in bold."""
    return isinstance(part, Heading) or (isinstance(part, Paragraph) and part.spans[0].bold)


def _shown(run: Sequence[Part]) -> Iterator[Json]:
    first = run[0]
    if isinstance(first, Words):
        yield from (_section(plain_text(piece)) for piece in split_text(first.text, SECTION) if not piece.isspace())
    elif isinstance(first, Heading):
        yield from _heading(first)
    else:
        spans = tuple(_joined([part for part in run if isinstance(part, (Paragraph, ListItem, Quote))]))
        frame = _context if isinstance(first, Quote) else _section
        yield from map(frame, _text_objects(spans))


def _heading(heading: Heading) -> Iterator[Json]:
    text = spans_text(heading.spans).replace("\n", " ")
    if heading.level == 1 and text.strip() and len(text) <= HEADER:
        yield {"type": "header", "text": plain_text(text)}
    else:
        yield from map(_section, _text_objects(tuple(replace(span, bold=True) for span in heading.spans)))


def _section(text: Json) -> Json:
    return {"type": "section", "text": text}


def _context(text: Json) -> Json:
    return {"type": "context", "elements": [text]}


def _joined(parts: Sequence[Spanned]) -> Iterator[Span]:
    """Spans of parts in one block: lists line by line, a free line around sentences."""
    for at, part in enumerate(parts):
        if at:
            loose = isinstance(part, Paragraph) and not isinstance(parts[at - 1], Quote)
            yield Span("\n\n" if loose else "\n")
        if isinstance(part, ListItem):
            yield Span(f"{'    ' * part.depth}{bullet(part)} ")
        yield from part.spans


# -- text objects ----------------------------------------------------------------------------------------------------

# Slack's mrkdwn has no way to escape these four: signs that look alike cannot format. Only sentences of ours that
# are formatted themselves are mrkdwn; all others, and a student's words always, are plain_text and stay untouched.
_HARMLESS = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SIGNS = re.compile(r"[*_~`&<>:]")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_QUOTING = re.compile(r"^([^\S\n]*)&gt;", re.MULTILINE)
_DATES = {"day": "{date_long}", "clock": "{time}"}
_MARKED = re.compile(f"{VALUE}(!date\\^[0-9]+\\^{{[a-z_]+}}\\|[^<>|{VALUE}{END}]*){END}")
_LEFT_OVER = {ord(VALUE): None, ord(END): None}
_ADDRESS = str.maketrans({"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C"})


def _text_objects(spans: tuple[Span, ...]) -> Iterator[Json]:
    """Text objects of at most 3,000 characters that show `spans`, in order, whole."""
    formatted = any(span.bold or span.italic or span.code or span.link or span.instant for span in spans)
    text = _mrkdwn(spans) if formatted else "".join(span.text for span in spans)
    if len(text) <= SECTION:
        if text and not text.isspace():
            yield {"type": "mrkdwn", "text": text, "verbatim": True} if formatted else plain_text(text)
    elif not formatted:
        yield from (plain_text(piece) for piece in split_text(text, SECTION) if not piece.isspace())
    else:
        for half in _halves(spans):
            yield from _text_objects(half)


def _halves(spans: tuple[Span, ...]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Spans cut near the middle of their text; links with hardly a text give up their addresses."""
    total = sum(len(span.text) for span in spans)
    if total < 2:
        return tuple(replace(span, link="") for span in spans), ()
    room = total // 2
    left: list[Span] = []
    for at, span in enumerate(spans):
        if len(span.text) > room:
            head = split_text(span.text, room)[0] if room else ""
            first = replace(span, text=head, instant=None)
            rest = replace(span, text=span.text[len(head) :], instant=None)
            return (*left, *([first] if head else [])), (rest, *spans[at + 1 :])
        left.append(span)
        room -= len(span.text)
    raise AssertionError("unreachable: half of the text is shorter than the text")


def _mrkdwn(spans: tuple[Span, ...]) -> str:
    runs = groupby(spans, lambda span: (span.bold, span.italic, span.code, span.link))
    return _QUOTING.sub(r"\1›", "".join(_mrkdwn_run(list(run)) for _, run in runs))


def _mrkdwn_run(run: Sequence[Span]) -> str:
    """Neighbours of one style, in which moments stand among words."""
    span, text = run[0], "".join(map(_bare, run))
    address = web_address(span.link).translate(_ADDRESS)
    if 0 < len(address) <= LINK:
        text = f"<{address}|{text.replace('|', '¦')}>"
    for wanted, sign in ((span.code, "`"), (span.italic, "_"), (span.bold, "*")):
        if wanted:
            text = _signed(text, sign)
    return text


def _bare(span: Span) -> str:
    text = harmless(span.text)
    return f"<{_date(span.instant, text)}>" if span.instant is not None else text


def _date(instant: Instant, text: str) -> str:
    """What stands between Slack's angles: the reader's own clock; `text`, the school's, where that cannot be shown.

    https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    return f"!date^{instant.at}^{_DATES[instant.shows]}|{text.replace('|', '¦').replace('^', 'ˆ')}"


def _dated(part: Part) -> Part:
    """A part for the text that is read aloud, in which moments are marked until it is escaped."""
    if isinstance(part, (Words, Slot, Divider)) or all(span.instant is None for span in part.spans):
        return part
    spans = (
        replace(span, text=f"{VALUE}{_date(span.instant, span.text)}{END}") if span.instant else span
        for span in part.spans
    )
    return replace(part, spans=tuple(spans))


def harmless(text: str) -> str:
    """`text` for the middle of mrkdwn: nothing in it pings, links, formats or turns into an emoji."""
    if not _SIGNS.search(text):
        return text
    return _EMOJI.sub("∶", text).translate(_HARMLESS)


def _signed(text: str, sign: str) -> str:
    """Each line in formatting signs of its own, which must touch what they format: blanks stay outside."""
    return "\n".join(_signed_line(line, sign) for line in text.split("\n"))


def _signed_line(line: str, sign: str) -> str:
    core = line.strip()
    if not core:
        return line
    start = line.index(core)
    return f"{line[:start]}{sign}{core}{sign}{line[start + len(core) :]}"


# -- messages --------------------------------------------------------------------------------------------------------


def _batches(groups: list[_Group]) -> Iterator[list[_Group]]:
    """Groups in batches of at most 50 blocks, begun at a heading where the rest fits no longer."""
    batch: list[_Group] = []
    for group in chain.from_iterable(map(_pieces, groups)):
        if sum(len(held.blocks) for held in batch) + len(group.blocks) > MESSAGE_BLOCKS:
            at = next((at for at in range(len(batch) - 1, 0, -1) if batch[at].opens), len(batch))
            yield batch[:at]
            batch = batch[at:]
            if sum(len(held.blocks) for held in batch) + len(group.blocks) > MESSAGE_BLOCKS:
                yield batch
                batch = []
        batch.append(group)
    if any(group.blocks for group in batch):
        yield batch


def _pieces(group: _Group) -> Iterator[_Group]:
    """A group too long for one message, in several; the text goes with the first."""
    yield _Group(group.blocks[:MESSAGE_BLOCKS], group.texts, group.opens)
    for start in range(MESSAGE_BLOCKS, len(group.blocks), MESSAGE_BLOCKS):
        yield _Group(group.blocks[start : start + MESSAGE_BLOCKS], ["…"])


def _text(batch: Sequence[_Group]) -> str:
    """What is read aloud: the whole content where it fits, else its beginning. Escaped, as Slack parses it."""
    text = "\n".join(text for group in batch for text in group.texts if text)
    escaped = _escape(text)
    limit = TEXT
    while len(escaped) > TEXT:
        escaped = _escape(shorten(text, limit))
        limit -= -(-(len(escaped) - TEXT) // 5)  # one character less is at most five less, "&amp;"
    return _MARKED.sub(r"<\1>", escaped).translate(_LEFT_OVER) or "…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
