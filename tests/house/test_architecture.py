"""The page on the architecture is that of this house: its layers, its packages, its states, its commands."""

from __future__ import annotations

import re
import tomllib
import xml.etree.ElementTree as ET
from typing import Any

from bot.cli.main import main
from scheduler.deliveries import State
from tests.house.pages import HOUSE

PAGE = (HOUSE / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
PICTURE = HOUSE / "docs" / "images" / "architecture.svg"


def contract() -> list[str]:
    """The layers that import-linter holds, from the uppermost down."""
    house: dict[str, Any] = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = house["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(one["layers"] for one in contracts if one["type"] == "layers")
    return layers


def test_the_layers_are_those_of_the_contract() -> None:
    drawn = re.search(r"```text layers\n(.*?)```", PAGE, re.DOTALL)
    assert drawn is not None
    assert drawn[1].splitlines() == contract()


def test_every_package_of_the_bot_and_of_its_services_is_named() -> None:
    packages = [init.parent for where in ("*", "services/*") for init in (HOUSE / "bot").glob(f"{where}/__init__.py")]
    missing = [name for path in packages if f"`{(name := path.relative_to(HOUSE).as_posix())}/`" not in PAGE]
    assert missing == []


def test_every_state_of_a_delivery_is_told_and_drawn() -> None:
    drawn = " ".join(ET.parse(PICTURE).getroot().itertext())
    for state in State:
        assert f"| `{state}` |" in PAGE
        assert state in drawn


def test_every_process_is_a_command() -> None:
    commands = re.findall(r"^\| `conference-coach (\w+)` \|", PAGE, re.MULTILINE)
    assert commands == ["run", "web", "worker"]
    assert set(commands) <= main.commands.keys()


def test_it_is_one_page() -> None:
    assert len(PAGE.split()) < 1000
