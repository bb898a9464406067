"""What contributors are told is so, and what they are asked for can be given and shows nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.house.pages import HOUSE

GUIDE = (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
FORMS = {path.stem: path for path in (HOUSE / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"}
ASKS = {"textarea", "input", "dropdown", "checkboxes"}


def form(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FORMS[name].read_text(encoding="utf-8"))
    return found


def test_every_make_target_that_is_named_is_there() -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    named = {*re.findall(r"`make (\w+)`", GUIDE), *re.findall(r"^    make (\w+)", GUIDE, re.MULTILINE)}
    assert named >= {"demo", "dev", "test", "lint", "lock", "mutants"}
    assert {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def test_the_style_is_ten_lines() -> None:
    part = GUIDE.partition("## Style")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", part, re.MULTILINE) == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_one_that_can_be_filled_in(name: str) -> None:
    asked = form(name)
    assert asked["name"]
    assert asked["description"]
    parts = [part for part in asked["body"] if part["type"] in ASKS]
    assert len(parts) == len([part for part in asked["body"] if part["type"] != "markdown"])
    assert len({part["id"] for part in parts}) == len(parts)
    for part in parts:
        assert part["attributes"]["label"]
        assert part["type"] not in ("dropdown", "checkboxes") or part["attributes"]["options"]


@pytest.mark.parametrize("name", FORMS)
def test_what_a_form_leads_to_is_there(name: str) -> None:
    for path in re.findall(r"\.\./blob/main/([\w./-]+)", FORMS[name].read_text(encoding="utf-8")):
        assert (HOUSE / path).is_file()


def test_a_report_of_a_bug_asks_for_the_doctor_and_for_nobodys_words() -> None:
    parts = {part.get("id"): part for part in form("bug")["body"]}
    assert parts["doctor"]["attributes"]["label"] == "conference-coach doctor --json"
    assert parts["nobody"]["attributes"]["options"][0]["required"] is True
