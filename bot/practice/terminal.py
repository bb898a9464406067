"""Slack messages and views on a terminal."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.practice.message import Json, Message, readable
from bot.practice.view import View

_CONTROL = {code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)} | {0x7F: "\u2421"}
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
_VISIBLE = {**_CONTROL, **_BIDI}

_SPAN = re.compile(
    r"(?P<link><[^<>\s][^<>]*>)"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
    r"|`(?P<code>[^`\n]+)`"
)
_SHORT = 40
Numbers = Iterator[int] | None
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike", "code": "cyan"}
_BUTTON = {"primary": "bold green", "danger": "bold red"}
_BULLET = "• "


def show(message: Message | View, width: int = 100, first: int = 0) -> RenderableType:
    """A message or view as a reader sees it, at most `width` columns: coloured on a terminal, plain in a pipe.

    `first`: the buttons are numbered from here; 0 for no numbers.
    """
    parts: list[RenderableType] = []
    if isinstance(message, View) and message.title:
        parts.append(Text(visible(message.title), style="bold reverse"))
    if isinstance(message, Message) and message.typed:
        parts += [Text(visible(readable(message.text)))] if message.text else []
    else:
        parts += _blocks(message.blocks, itertools.count(first) if first else None)
    if isinstance(message, Message):
        parts += [Text(f"📎 {visible(file['name'])}", style="magenta") for file in message.files]
    return Constrain(Group(*parts), width)


def _blocks(blocks: Sequence[Json], numbers: Numbers) -> Iterator[RenderableType]:
    """The blocks one after the other. A short remark and the buttons after it share a row."""
    remark: list[Text] = []
    for place, block in enumerate(blocks):
        after = blocks[place + 1]["type"] if place + 1 < len(blocks) else ""
        if place and _opens(block):
            yield Text()
        if block["type"] == "context" and after == "actions" and _short(words := Text("  ").join(_remarks(block))):
            remark = [words]
        elif block["type"] == "actions":
            yield from _elements(block["elements"], numbers, remark)
            remark = []
        else:
            yield from _block(block, numbers)


def _short(text: Text) -> bool:
    return "\n" not in text.plain and len(text) <= _SHORT


def _opens(block: Json) -> bool:
    """Whether a block begins something new: a header, or a section that starts in bold."""
    text = block.get("text", {})
    return bool(block["type"] == "header" or (text.get("type") == "mrkdwn" and text["text"].startswith("*")))


class _Row:
    """Things side by side, none broken in two, as many rows as they need."""

    def __init__(self, *parts: Text) -> None:
        self._parts = parts

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        row = Text()
        for part in self._parts:
            if row and row.cell_len + 2 + part.cell_len > options.max_width:
                yield row
                row = Text()
            row = Text.assemble(row, "  " if row else "", part)
        yield row


def visible(text: str) -> str:
    """The text with what would steer a terminal or turn its writing round made visible."""
    return text.translate(_VISIBLE)


def mrkdwn(text: str, style: str = "") -> Text:
    """Slack's mrkdwn as styled text: bold, italic, struck, code, links by their label."""
    shown = Text(style=style)
    end = 0
    for found in _SPAN.finditer(text):
        shown.append(visible(readable(text[end : found.start()])))
        kind = str(found.lastgroup)
        if kind == "link":
            shown.append_text(_link(found[0]))
        else:
            inner = mrkdwn(found[kind], _STYLES[kind]) if kind != "code" else Text(visible(readable(found[kind])))
            inner.stylize(_STYLES[kind])
            shown.append_text(inner)
        end = found.end()
    shown.append(visible(readable(text[end:])))
    return shown


def _link(angled: str) -> Text:
    target, _, label = angled[1:-1].partition("|")
    if target[0] in "!@#":
        return Text(visible(readable(label or target)), style="yellow")
    return Text(visible(readable(label or target)), style=f"underline blue link {target}")


def _text(text: Mapping[str, str], style: str = "") -> Text:
    if text["type"] == "mrkdwn":
        return mrkdwn(text["text"], style)
    return Text(visible(text["text"]), style=style)


def _block(block: Json, numbers: Numbers) -> Iterator[RenderableType]:
    drawn = _BLOCKS.get(block["type"])
    if drawn is None:
        yield Text(f"({block['type']})", style="dim")
    else:
        yield from drawn(block, numbers)


def _header(block: Json, _numbers: Numbers) -> Iterator[RenderableType]:
    yield _text(block["text"], "bold cyan")


def _section(block: Json, numbers: Numbers) -> Iterator[RenderableType]:
    if "text" in block:
        yield from _paragraphs(block["text"])
    for field in block.get("fields", ()):
        yield Padding(_text(field), (0, 0, 0, 2))
    if "accessory" in block:
        yield from _elements([block["accessory"]], numbers)


def _paragraphs(text: Mapping[str, str]) -> Iterator[RenderableType]:
    """A text; the points of a list hang beside their bullets."""
    for listed, lines in itertools.groupby(text["text"].split("\n"), lambda line: line.startswith(_BULLET)):
        if not listed:
            yield _text({**text, "text": "\n".join(lines)})
            continue
        for line in lines:
            point = Table.grid()
            point.add_row(_BULLET, _text({**text, "text": line.removeprefix(_BULLET)}))
            yield point


def _context(block: Json, _numbers: Numbers) -> Iterator[RenderableType]:
    yield Text("  ").join(_remarks(block))


def _remarks(block: Json) -> list[Text]:
    return [_text(element, "dim") for element in block["elements"] if element["type"] != "image"]


def _actions(block: Json, numbers: Numbers) -> Iterator[RenderableType]:
    yield from _elements(block["elements"], numbers)


def _divider(_block: Json, _numbers: Numbers) -> Iterator[RenderableType]:
    yield Rule(style="dim")


def _image(block: Json, _numbers: Numbers) -> Iterator[RenderableType]:
    yield Text(f"🖼 {visible(block['alt_text'])}", style="magenta")


def _input(block: Json, numbers: Numbers) -> Iterator[RenderableType]:
    yield _text(block["label"], "bold")
    yield from _elements([block["element"]], numbers)
    if "hint" in block:
        yield _text(block["hint"], "dim")


def _elements(elements: list[Json], numbers: Numbers, remark: Sequence[Text] = ()) -> Iterator[RenderableType]:
    row = [*remark]
    for element in elements:
        if element["type"] in ("checkboxes", "radio_buttons"):
            yield from _choices(element)
        else:
            row.append(_control(element, numbers))
    if row:
        yield _Row(*row)


def _control(element: Json, numbers: Numbers) -> Text:
    if element["type"] == "button":
        number = f"{next(numbers)} " if numbers is not None else ""
        label = visible(number + element["text"]["text"]).replace(" ", "\u00a0")  # a button breaks nowhere inside
        return Text(f"[{label}]", style=_BUTTON.get(element.get("style", ""), ""))
    if element["type"] == "image":
        return Text(f"🖼 {visible(element['alt_text'])}", style="magenta")
    words = _chosen(element) or element.get("placeholder", {}).get("text", "")
    sign = "▾" if "select" in element["type"] else "…" if element["type"] == "overflow" else "✎"
    return Text(f"‹{visible(words)} {sign}›".replace("‹ ", "‹"), style="blue")


def _chosen(element: Json) -> str:
    chosen = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", ())
    return ", ".join(option["text"]["text"] for option in chosen) or str(element.get("initial_value", ""))


def _choices(element: Json) -> Iterator[Text]:
    first = [*element.get("initial_options", ())]
    first += [element["initial_option"]] if "initial_option" in element else []
    on, off = ("☑ ", "☐ ") if element["type"] == "checkboxes" else ("◉ ", "○ ")
    for option in element["options"]:
        yield Text(on if option in first else off).append_text(_text(option["text"]))


_BLOCKS: dict[str, Callable[[Json, Numbers], Iterator[RenderableType]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "image": _image,
    "input": _input,
}
