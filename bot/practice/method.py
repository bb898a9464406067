"""The Web API's methods as data: what each takes, needs and may answer."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from bot.practice.message import Json
from bot.practice.refusal import Refusal


@dataclass(frozen=True)
class Method:
    """A row of methods.toml. `scopes` and each value of `by_kind` mean "any of these"."""

    name: str
    tier: str
    takes: Mapping[str, str]
    required: tuple[str, ...]
    scopes: tuple[str, ...]
    by_kind: Mapping[str, tuple[str, ...]]
    errors: frozenset[str]

    def arguments(self, given: Mapping[str, Any]) -> Json:
        """The arguments in their types. Unknown, missing and misshapen ones are refused, all named at once."""
        problems = [f"unknown argument: {name}" for name in given if name not in self.takes]
        problems += [f"missing required argument: {name}" for name in self.required if given.get(name) in (None, "")]
        values: Json = {}
        for name, value in given.items():
            if name in self.takes and value is not None:
                try:
                    values[name] = _SHAPES[self.takes[name]](value)
                except ValueError:
                    problems.append(f"{name}: must be a valid {self.takes[name]}")
        if problems:
            raise Refusal("invalid_arguments", problems)
        return values


def load_methods() -> dict[str, Method]:
    """All methods of methods.toml by name."""
    table = tomllib.loads(files("bot.practice").joinpath("methods.toml").read_text("utf-8"))
    general = table.pop("general")["errors"]
    return {name: _method(name, row, general) for name, row in table.items()}


def _method(name: str, row: Mapping[str, Any], general: Sequence[str]) -> Method:
    return Method(
        name=name,
        tier=row["tier"],
        takes={key: shape.rstrip("!") for key, shape in row["takes"].items()},
        required=tuple(key for key, shape in row["takes"].items() if shape.endswith("!")),
        scopes=tuple(row.get("scopes", ())),
        by_kind={kind: tuple(scopes) for kind, scopes in row.get("by_kind", {}).items()},
        errors=frozenset([*row["errors"], *general]),
    )


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("1", "true", "0", "false"):
        return value in ("1", "true")
    raise ValueError


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError
    return int(value)


def _array(value: Any) -> list[Any]:
    value = json.loads(value) if isinstance(value, str) else value
    if not isinstance(value, list):
        raise ValueError
    return value


def _object(value: Any) -> dict[str, Any]:
    value = json.loads(value) if isinstance(value, str) else value
    if not isinstance(value, dict):
        raise ValueError
    return value


_SHAPES = {"string": _string, "boolean": _boolean, "integer": _integer, "array": _array, "object": _object}
