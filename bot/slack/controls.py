"""What a person can tap or fill in: plain data kept in outbox payloads, turned into Slack's elements late.

Sizes are Slack's (Block Kit reference): button text 75 and value 2,000; option text 75 and value 150; 100 options in
a select, 10 checkboxes; 25 elements in an actions block; plain text input 3,000; ids 255.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from prompts.splitting import shorten, split_text

BUTTON_TEXT = OPTION_TEXT = 75
BUTTON_VALUE = 2000
OPTION_VALUE = PLACEHOLDER = 150
SELECT_OPTIONS = 100
CHECKBOXES = 10
ELEMENTS = 25
INPUT = 3000
ADDRESS = 3000
BLOCK_ID = 255

Json: TypeAlias = dict[str, Any]
Options: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Button:
    """One tap. `act` says what it does, `value` what it is about."""

    act: str
    value: str
    label: str
    style: Literal["", "primary", "danger"] = ""


@dataclass(frozen=True, slots=True)
class Checkboxes:
    """Several of some options (id, label); `chosen` ids are ticked at first."""

    act: str
    value: str
    options: Options
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """One of some options (id, label); `chosen` is the id shown at first, or ""."""

    act: str
    value: str
    options: Options
    chosen: str = ""
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens a web address."""

    label: str
    url: str


Control: TypeAlias = Button | Checkboxes | Select | Link
Row: TypeAlias = tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a modal. With `options` it is a choice (`several`: checkboxes), a `date` (ISO), or else a text."""

    id: str
    label: str
    initial: str = ""
    hint: str = ""
    placeholder: str = ""
    multiline: bool = True
    optional: bool = False
    options: Options = ()
    several: bool = False
    chosen: tuple[str, ...] = ()
    date: bool = False


_KINDS: Mapping[str, type[Control]] = {"button": Button, "checkboxes": Checkboxes, "select": Select, "link": Link}
_NAMES: Mapping[type[Control], str] = {kind: name for name, kind in _KINDS.items()}


def to_json(controls: Mapping[str, Sequence[Row]]) -> Json:
    """Controls by slot as plain JSON data."""
    return {
        slot: [[{"is": _NAMES[type(control)], **asdict(control)} for control in row] for row in rows]
        for slot, rows in controls.items()
    }


def from_json(data: Mapping[str, Any]) -> dict[str, tuple[Row, ...]]:
    """What `to_json` made, back again (also after a journey through a JSON column)."""
    return {slot: tuple(tuple(_control(item) for item in row) for row in rows) for slot, rows in data.items()}


def _control(item: Mapping[str, Any]) -> Control:
    fields = {key: value for key, value in item.items() if key != "is"}
    if "options" in fields:
        fields["options"] = tuple((id_, label) for id_, label in fields["options"])
    if isinstance(fields.get("chosen"), list):
        fields["chosen"] = tuple(fields["chosen"])
    return _KINDS[item["is"]](**fields)


# -- actions blocks --------------------------------------------------------------------------------------------------


def about(block_id: str) -> str:
    """The `value` of the checkboxes or select in the block a tap came from."""
    return block_id.partition(":")[2]


class Numbering:
    """Unique action and block ids in one message or view: `act.3`, `7:value`."""

    def __init__(self) -> None:
        self._last = 0

    def action(self, act: str) -> str:
        self._last += 1
        return f"{act}.{self._last}"

    def block(self, value: str) -> str:
        self._last += 1
        return _within(f"{self._last}:{value}", BLOCK_ID, "value of checkboxes or a select")


def actions(row: Row, number: Numbering) -> Iterator[Json]:
    """The actions blocks of a row: one, unless its controls are about different things or too many."""
    for value, controls in _by_value(row):
        elements = [element for control in controls for element in _elements(control, number)]
        for start in range(0, len(elements), ELEMENTS):
            yield {
                "type": "actions",
                "block_id": number.block(value),
                "elements": elements[start : start + ELEMENTS],
            }


def _by_value(row: Row) -> list[tuple[str, list[Control]]]:
    """Slack gives checkboxes and selects no value of their own: their block's id carries it, so a block has one."""
    groups: list[tuple[str, list[Control]]] = []
    for control in row:
        value = control.value if isinstance(control, (Checkboxes, Select)) else None
        if not groups or (value is not None and groups[-1][0] not in ("", value)):
            groups.append((value or "", [control]))
        else:
            groups[-1] = (value or groups[-1][0], [*groups[-1][1], control])
    return groups


def _elements(control: Control, number: Numbering) -> Iterator[Json]:
    match control:
        case Button():
            yield _button(control, number)
        case Link():
            yield {
                "type": "button",
                "action_id": number.action("link"),
                "text": plain_text(shorten(control.label, BUTTON_TEXT)),
                "url": _within(control.url, ADDRESS, "address of a link"),
            }
        case Checkboxes():
            yield from _checkboxes(control, number)
        case Select():
            yield from _selects(control, number)


def _button(button: Button, number: Numbering) -> Json:
    element = {
        "type": "button",
        "action_id": number.action(button.act),
        "text": plain_text(shorten(button.label, BUTTON_TEXT)),
        "value": _within(button.value, BUTTON_VALUE, "value of a button"),
    }
    return element | {"style": button.style} if button.style else element


def _checkboxes(control: Checkboxes, number: Numbering) -> Iterator[Json]:
    for options in _pages(control.options, CHECKBOXES):
        element = {"type": "checkboxes", "action_id": number.action(control.act), "options": _options(options)}
        chosen = _options(tuple(option for option in options if option[0] in control.chosen))
        yield element | {"initial_options": chosen} if chosen else element


def _selects(control: Select, number: Numbering) -> Iterator[Json]:
    for options in _pages(control.options, SELECT_OPTIONS):
        element: Json = {
            "type": "static_select",
            "action_id": number.action(control.act),
            "options": _options(options),
        }
        if control.placeholder:
            element["placeholder"] = plain_text(shorten(control.placeholder, PLACEHOLDER))
        for chosen in _options(tuple(option for option in options if option[0] == control.chosen)):
            element["initial_option"] = chosen
        yield element


def _pages(options: Options, size: int) -> Iterator[Options]:
    yield from (options[start : start + size] for start in range(0, len(options), size))


def _options(options: Options) -> list[Json]:
    return [
        {"text": plain_text(shorten(label, OPTION_TEXT)), "value": _within(id_, OPTION_VALUE, "id of an option")}
        for id_, label in options
    ]


def plain_text(text: str) -> Json:
    """A text object that parses nothing."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _within(value: str, limit: int, what: str) -> str:
    if len(value) > limit:
        raise ValueError(f"the {what} has {len(value)} characters; Slack takes {limit}")
    return value


# -- inputs ----------------------------------------------------------------------------------------------------------

LABEL = 2000


def inputs(field: Input) -> Iterator[Json]:
    """The input blocks of a field: one, or as many as its long text or list of options needs."""
    if field.options:
        pages = list(_pages(field.options, CHECKBOXES if field.several else SELECT_OPTIONS))
        elements = [_choice(field, page) for page in pages]
    elif field.date:
        elements = [{"type": "datepicker", **({"initial_date": field.initial} if field.initial else {})}]
    else:
        elements = [_text_input(field, piece) for piece in split_text(field.initial, INPUT) or [""]]
    for at, element in enumerate(elements):
        block = {
            "type": "input",
            "block_id": f"{field.id}.{at}",
            "label": plain_text(shorten(field.label, LABEL)),
            "element": element | {"action_id": field.id},
            "optional": field.optional or len(elements) > 1,
        }
        yield block | {"hint": plain_text(shorten(field.hint, LABEL))} if field.hint else block


def _text_input(field: Input, initial: str) -> Json:
    element: Json = {"type": "plain_text_input", "multiline": field.multiline, "max_length": INPUT}
    if initial:
        element["initial_value"] = initial
    if field.placeholder:
        element["placeholder"] = plain_text(shorten(field.placeholder, PLACEHOLDER))
    return element


def _choice(field: Input, options: Options) -> Json:
    chosen = _options(tuple(option for option in options if option[0] in field.chosen))
    if field.several:
        element: Json = {"type": "checkboxes", "options": _options(options)}
        return element | {"initial_options": chosen} if chosen else element
    element = {"type": "static_select", "options": _options(options)}
    return element | {"initial_option": chosen[0]} if chosen else element


def entered(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str | tuple[str, ...]]:
    """What was filled in, by input id, from a submitted view's `state.values`: a text, or the ids chosen."""
    found: dict[str, str | tuple[str, ...]] = {}
    for block_id in sorted(values, key=_order):
        for id_, state in values[block_id].items():
            found[id_] = found.get(id_, type(_entry(state))()) + _entry(state)  # type: ignore[operator]
    return found


def _order(block_id: str) -> tuple[str, int]:
    name, _, at = block_id.rpartition(".")
    return name, int(at) if at.isdigit() else 0


def _entry(state: Mapping[str, Any]) -> str | tuple[str, ...]:
    if state["type"] == "plain_text_input":
        return state.get("value") or ""
    if state["type"] == "datepicker":
        return state.get("selected_date") or ""
    options = state.get("selected_options") or [state.get("selected_option")]
    return tuple(option["value"] for option in options if option)
