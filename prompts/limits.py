"""What a template may do: fill in, choose, repeat. So that no school's template can hang the bot, fill its memory, or
reach anything but the values it is given; each template is checked when it is parsed, and counted when it is rendered.

Jinja's sandbox keeps a template from Python's insides. It bounds neither time nor memory: loops can be nested over long
ranges, strings doubled, numbers squared. Here loops go over given values only and are counted, and what is put
together is measured before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import chain
from typing import Any

from jinja2 import Template, TemplateRuntimeError, TemplateSyntaxError, nodes
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_SOURCE = 50_000
"""Characters of one template; the longest packaged one has some 3,000."""

LONGEST = 200_000
"""Characters a template may come to, and any text on the way; Slack takes far fewer."""

LARGEST_NUMBER = 10**15
STEPS = 100_000
"""Turns of loops, templates taken in, and filters used, of one rendering."""

PER_STEP = 100
"""So many characters or entries that are gone through cost as much as a turn of a loop."""

DEEPEST_LOOP = 3
DEEPEST = 60
"""How deep what is written may be nested: Python's own parser gives up at some hundred."""

_ALLOWED = frozenset(
    {
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.Include),
        *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.CondExpr),
        *(nodes.Call, nodes.Keyword, nodes.Dict, nodes.Pair, nodes.Tuple, nodes.List, nodes.Compare, nodes.Operand),
        *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv),
        *(nodes.Mod, nodes.Concat),
    }
)
_FILTERS = frozenset(
    {
        *("abs", "capitalize", "default", "first", "float", "int", "join", "last", "length", "list", "lower", "trim"),
        *("rejectattr", "reverse", "selectattr", "sort", "title", "unique", "upper"),
    }
)
_TESTS = frozenset({"defined", "undefined", "none", "eq", "equalto", "ne", "in", "lt", "le", "gt", "ge", "odd", "even"})
_METHODS = frozenset({"strip", "lstrip", "rstrip"})
_COUNTED, _JOINED = "__counted", "__joined"

_left: ContextVar[int] = ContextVar("steps_left")


class TooMuchError(TemplateRuntimeError):
    """A template went on for longer, or came to more, than any message needs."""


class Templates(ImmutableSandboxedEnvironment):
    """Jinja for messages: a sandbox whose templates end, and stay small. `filters` and `globals` may be added to."""

    intercepted_binops = frozenset({"*", "+", "-", "%", "//", "/"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        known: dict[str, Callable[..., Any]] = {**self.filters, "join": _join}
        self.filters = {name: _charged(known[name]) for name in _FILTERS}
        self.filters |= {_COUNTED: _counted, _JOINED: _charged(_join)}
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.globals = {}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > LONGEST_SOURCE:
            raise TemplateSyntaxError(f"this is longer than {LONGEST_SOURCE:,} characters", 1, name, filename)
        try:
            template = super()._parse(source, name, filename)
            _check(template, self.globals, name, filename)
            return _measured(template)
        except RecursionError:
            raise TemplateSyntaxError("this is nested far too deep", 1, name, filename) from None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers, `+` on texts or lists, a text times a number; refused where it grows too large."""
        text_times = operator == "*" and isinstance(left, str) and isinstance(right, int)
        if text_times and len(left) * right > LONGEST:
            raise TooMuchError(f"a text of more than {LONGEST:,} characters")
        joined = operator == "+" and isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple)
        if joined and len(left) + len(right) > LONGEST:
            raise TooMuchError(f"more than {LONGEST:,} characters or entries put together")
        if not (text_times or joined or (_is_number(left) and _is_number(right))):
            raise TemplateRuntimeError(f"“{operator}” between {_kind(left)} and {_kind(right)}")
        try:
            result = super().call_binop(context, operator, left, right)
        except ZeroDivisionError:
            raise TemplateRuntimeError("division by zero") from None
        if _is_number(result) and abs(result) > LARGEST_NUMBER:
            raise TooMuchError(f"a number beyond {LARGEST_NUMBER:,}")
        _charge(1 + (0 if _is_number(result) else len(result) // PER_STEP))
        return result

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """A template taken in by another counts as a step."""
        _charge(1)
        return super().get_template(name, parent, globals)


def rendered(template: Template, context: dict[str, Any]) -> str:
    """The text a template comes to; TooMuchError where it would not end in good time or be too long."""
    parts: list[str] = []
    length = 0
    with _counting():
        try:
            for part in template.generate(context):
                length += len(part)
                if length > LONGEST:
                    raise TooMuchError(f"a text of more than {LONGEST:,} characters")
                parts.append(part)
        except RecursionError:
            raise TooMuchError("a template that takes itself in") from None
    return "".join(parts)


@contextmanager
def _counting() -> Iterator[None]:
    token = _left.set(STEPS)
    try:
        yield
    finally:
        _left.reset(token)


def _charge(steps: int) -> None:
    left = _left.get(STEPS) - steps
    if left < 0:
        raise TooMuchError(f"more than {STEPS:,} turns of loops")
    _left.set(left)


def _counted(values: Any) -> Any:
    """What a loop goes over: as many steps as it has entries."""
    if isinstance(values, Undefined):
        return values  # says itself what is missing
    found: Sequence[Any] = values if isinstance(values, list | tuple | str) else list(values)
    _charge(len(found) + 1)
    return found


def _charged(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that costs steps by the length of what it is given."""
    place = int(hasattr(filter_, "jinja_pass_arg"))  # Jinja puts its context before the value for some

    @wraps(filter_)
    def charged(*args: Any, **kwargs: Any) -> Any:
        value = args[place]
        _charge(1 + (len(value) // PER_STEP if isinstance(value, str | list | tuple) else 0))
        return filter_(*args, **kwargs)

    return charged


def _join(parts: Any, between: str = "") -> str:
    """Texts and numbers as one text."""
    found = [part if isinstance(part, str) else str(plain(part)) for part in parts]
    if sum(map(len, found)) + len(between) * len(found) > LONGEST:
        raise TooMuchError(f"a text of more than {LONGEST:,} characters")
    text = str(between).join(found)
    _charge(len(text) // PER_STEP)
    return text


def plain(value: Any) -> Any:
    """A value that may stand in a text: lists and tables may hold themselves many times over."""
    if isinstance(value, list | tuple | dict):
        raise TemplateRuntimeError(f"{_kind(value)} where a text is wanted")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _kind(value: object) -> str:
    names: dict[type, str] = {str: "a text", list: "a list", tuple: "a list", dict: "a table", bool: "yes or no"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number" if _is_number(value) else
                "something that is neither text nor number")  # fmt: skip


# --- what may be written -----------------------------------------------------------------------------------------


def _check(template: nodes.Template, known: dict[str, Any], name: str | None, filename: str | None) -> None:
    def refuse(node: nodes.Node, why: str) -> None:
        raise TemplateSyntaxError(why, node.lineno or 1, name, filename)

    waiting: list[tuple[nodes.Node, int, int]] = [(template, 0, 0)]
    while waiting:
        node, loops, depth = waiting.pop()
        if type(node) not in _ALLOWED:
            refuse(node, f"a message has no use for “{type(node).__name__.lower()}”")
        if depth > DEEPEST:
            refuse(node, "this is nested far too deep")
        if why := _refused(node, known):
            refuse(node, why)
        loops += isinstance(node, nodes.For)
        if loops > DEEPEST_LOOP:
            refuse(node, f"loops stand in each other more than {DEEPEST_LOOP} deep")
        waiting += [(child, loops, depth + 1) for child in node.iter_child_nodes()]


def _refused(node: nodes.Node, known: dict[str, Any]) -> str:
    """Why a node of an allowed kind is refused all the same; "" where it is not."""
    match node:
        case nodes.For(recursive=True):
            return "a loop that calls itself"
        case nodes.Include(template=nodes.Const()):
            return ""
        case nodes.Include():
            return "the name of what is taken in must be written out"
        case nodes.Filter(name=name) if name.startswith("__"):
            return f"there is no filter “{name}”"
        case nodes.Call(dyn_args=None, dyn_kwargs=None, node=nodes.Name(name=name)) if name in known:
            return ""
        case nodes.Call(dyn_args=None, dyn_kwargs=None, node=nodes.Getattr(attr=attr)) if attr in _METHODS:
            return ""
        case nodes.Call():
            return "nothing can be called here"
        case nodes.Getattr(attr=str(attr)) | nodes.Getitem(arg=nodes.Const(value=str(attr))) if attr.startswith("_"):
            return f"“{attr}” is not for templates"
        case nodes.Name(name=name) if name.startswith("_") or name == "self":
            return f"“{name}” is not for templates"
        case nodes.Filter(dyn_args=args, dyn_kwargs=kwargs) | nodes.Test(dyn_args=args, dyn_kwargs=kwargs) if (
            args is not None or kwargs is not None
        ):
            return "arguments must be written out"
    return ""


def _measured(template: nodes.Template) -> nodes.Template:
    """The same, with what loops go over counted and what `~` puts together measured."""
    for loop in template.find_all(nodes.For):
        loop.iter = _filtered(loop.iter, _COUNTED)
    for node in list(chain([template], template.find_all(nodes.Node))):
        _replace(node, nodes.Concat, lambda one: _filtered(nodes.List(one.nodes, lineno=one.lineno), _JOINED))
    return template


def _replace(node: nodes.Node, kind: type[nodes.Node], by: Callable[[Any], nodes.Node]) -> None:
    for field, value in node.iter_fields():
        if isinstance(value, kind):
            setattr(node, field, by(value))
        elif isinstance(value, list):
            value[:] = [by(one) if isinstance(one, kind) else one for one in value]


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)
