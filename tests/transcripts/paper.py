"""How a transcript shows what the coach said: `#` a heading, `·` small print, `[…]` a button, `‹… ▾›` a menu, `‹✎›` a
field to fill in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.practice.message import Json, readable


def written(blocks: Sequence[Json], text: str = "") -> list[str]:
    """A message's lines, none of them blank; `text` stands for one without blocks."""
    lines = (
        [line for block in blocks for line in _BLOCKS[block["type"]](block)] if blocks else readable(text).split("\n")
    )
    return [line.rstrip() for line in lines if line.strip()]


def _section(block: Json) -> Iterator[str]:
    text = block["text"]
    yield from (text["text"] if text["type"] == "plain_text" else readable(text["text"])).split("\n")


def _header(block: Json) -> Iterator[str]:
    yield f"# {block['text']['text']}"


def _context(block: Json) -> Iterator[str]:
    for element in block["elements"]:
        yield from (f"· {line}" for line in readable(element["text"]).split("\n"))


def _actions(block: Json) -> Iterator[str]:
    yield " ".join(_control(element) for element in block["elements"])


def _control(element: Json) -> str:
    if element["type"] == "button":
        return f"[{element['text']['text']}]"
    chosen = element.get("initial_option") or {"text": element["placeholder"]}
    return f"‹{chosen['text']['text']} ▾›"


def _input(block: Json) -> Iterator[str]:
    yield f"{block['label']['text']} ‹✎›"
    if "hint" in block:
        yield f"· {block['hint']['text']}"


def _divider(_block: Json) -> Iterator[str]:
    yield "---"


_BLOCKS = {
    "input": _input,
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}
