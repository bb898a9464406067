"""What CI asks of what we ship: it finds what is planted, and what it could not ask is no good news."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

TRUST = Path(__file__).resolve().parents[2] / ".ci" / "trust.py"


@pytest.fixture(scope="module")
def trust() -> Any:
    spec = spec_from_file_location("trust", TRUST)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checkout(folder: Path, name: str, text: str) -> Path:
    """A git checkout with one file in it."""
    folder.mkdir(parents=True)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


TOKEN = "-".join(("xoxb", "1" * 12, "2" * 12, "a" * 24))  # put together here, so that this file holds none
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
PLANTED = {
    "bot/settings.py": f'TOKEN = "{TOKEN}"\n',
    "tests/test_it.py": f'TOKEN = "{TOKEN}"\n',
    "docs/notes.md": f"{KEY}\nMIIE\n",
    "bot/post.py": 'password = "' + "hunter2hunter2" + '"\n',
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_in_the_tree_is_found_and_not_shown(
    name: str, trust: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trust.secrets(checkout(tmp_path / "tree", name, PLANTED[name])) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{name}:1:")
    assert PLANTED[name].split('"')[1 if '"' in PLANTED[name] else 0].strip() not in said


def test_an_example_is_none(trust: Any, tmp_path: Path) -> None:
    text = 'DATABASE_URL = "postgresql://user:password@host/name"\n'
    assert trust.secrets(checkout(tmp_path / "tree", "bot/settings.py", text)) == 0


def one(**more: Any) -> dict[str, Any]:
    """A dependency as pip-audit reports it."""
    return {"name": "thing", "version": "1.0", **more}


def test_a_known_vulnerability_fails_and_says_what_mends_it(trust: Any) -> None:
    lines, code = trust.verdict(
        {"dependencies": [one(vulns=[{"id": "X-1", "fix_versions": ["1.1"]}]), one(vulns=[])]}, required=False
    )
    assert code == 1
    assert lines[0] == "thing 1.0: X-1, mended in 1.1"


@pytest.mark.parametrize("required", [True, False])
def test_what_nobody_was_asked_about_is_not_called_clean(trust: Any, required: bool) -> None:
    for report in ({"dependencies": []}, {"dependencies": [one(skip_reason="not found")]}):
        lines, code = trust.verdict(report, required=required)
        assert code == int(required)
        assert lines == ["No advisory service was reached: nothing is known of any dependency."]


def test_what_was_asked_and_what_was_not_is_counted(trust: Any) -> None:
    report = {"dependencies": [one(vulns=[]), one(skip_reason="not found")]}
    assert trust.verdict(report, required=True) == (["No known vulnerability in 1 dependencies; 1 unknown."], 0)


def test_the_list_of_what_is_shipped_names_every_pinned_dependency(tmp_path: Path) -> None:
    file = tmp_path / "out" / "sbom.json"
    subprocess.run([sys.executable, str(TRUST), "sbom", str(file)], check=True, capture_output=True)
    listed = {each["name"].lower() for each in json.loads(file.read_text(encoding="utf-8"))["components"]}
    pinned = (TRUST.parents[1] / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert listed == {line.split("==")[0].split("[")[0].lower() for line in pinned if "==" in line and line[0] != " "}
