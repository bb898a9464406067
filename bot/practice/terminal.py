"""Slack messages and views on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
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
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike", "code": "cyan"}
_BUTTON = {"primary": "bold green", "danger": "bold red"}


def show(message: Message | View, width: int = 100) -> RenderableType:
    """A message or view as a reader sees it, at most `width` columns: coloured on a terminal, plain in a pipe."""
    parts: list[RenderableType] = []
    if isinstance(message, View) and message.title:
        parts.append(Text(visible(message.title), style="bold reverse"))
    if isinstance(message, Message) and message.typed:
        parts.append(Text(visible(readable(message.text))))
    else:
        parts += [part for block in message.blocks for part in _block(block)]
    if isinstance(message, Message):
        parts += [Text(f"📎 {visible(file['name'])}", style="magenta") for file in message.files]
    return Constrain(Group(*parts), width)


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


def _block(block: Json) -> Iterator[RenderableType]:
    drawn = _BLOCKS.get(block["type"])
    if drawn is None:
        yield Text(f"({block['type']})", style="dim")
    else:
        yield from drawn(block)


def _header(block: Json) -> Iterator[RenderableType]:
    yield Text()
    yield _text(block["text"], "bold cyan")


def _section(block: Json) -> Iterator[RenderableType]:
    if "text" in block:
        plain = block["text"]["type"] == "plain_text"
        yield Padding(_text(block["text"]), (0, 0, 0, 2)) if plain else _text(block["text"])
    for field in block.get("fields", ()):
        yield Padding(_text(field), (0, 0, 0, 2))
    if "accessory" in block:
        yield from _elements([block["accessory"]])


def _context(block: Json) -> Iterator[RenderableType]:
    words = [_text(e, "dim") for e in block["elements"] if e["type"] != "image"]
    yield Text("  ", style="dim").join(words)


def _actions(block: Json) -> Iterator[RenderableType]:
    yield from _elements(block["elements"])


def _divider(_block: Json) -> Iterator[RenderableType]:
    yield Rule(style="dim")


def _image(block: Json) -> Iterator[RenderableType]:
    yield Text(f"🖼 {visible(block['alt_text'])}", style="magenta")


def _input(block: Json) -> Iterator[RenderableType]:
    yield _text(block["label"], "bold")
    yield from _elements([block["element"]])
    if "hint" in block:
        yield _text(block["hint"], "dim")


def _elements(elements: list[Json]) -> Iterator[RenderableType]:
    row: list[Text] = []
    for element in elements:
        if element["type"] in ("checkboxes", "radio_buttons"):
            yield from _choices(element)
        else:
            row.append(_control(element))
    if row:
        yield Text("  ").join(row)


def _control(element: Json) -> Text:
    if element["type"] == "button":
        label = visible(element["text"]["text"]).replace(" ", "\u00a0")  # a button breaks nowhere inside
        return Text(f"[{label}]", style=_BUTTON.get(element.get("style", ""), "bold"))
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


_BLOCKS: dict[str, Callable[[Json], Iterator[RenderableType]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "image": _image,
    "input": _input,
}
