"""A tag is released only if the version and the changelog say the same; and what is then built is whole."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

HOUSE = Path(__file__).resolve().parents[2]
RELEASE = HOUSE / ".ci" / "release.py"
CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.0] - 2026-12-31

### Added
- A thing.

## [1.1.0] - 2026-10-01

- Older.
"""


@pytest.fixture(scope="module")
def release() -> Any:
    spec = spec_from_file_location("release", RELEASE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def house(folder: Path, changelog: str = CHANGELOG, version: str = "1.2.0") -> Path:
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return folder


def test_a_tag_that_is_the_version_and_has_its_heading_can_be_released(
    release: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(["check", "v1.2.0"], house(tmp_path)) == 0
    assert capsys.readouterr().out == "v1.2.0 can be released.\n"


@pytest.mark.parametrize(
    ("tag", "old", "new", "told"),
    [
        ("v1.2.1", "", "", "The tag is v1.2.1, but pyproject.toml says version 1.2.0."),
        ("1.2.0", "", "", "The tag is 1.2.0, but pyproject.toml says version 1.2.0."),
        ("v1.2.0", "## [1.2.0] - 2026-12-31", "## 1.2.0", "CHANGELOG.md has no heading for 1.2.0."),
        ("v1.2.0", " - 2026-12-31", "", "CHANGELOG.md, 1.2.0: the heading has no date."),
        ("v1.2.0", "2026-12-31", "2026-02-30", "CHANGELOG.md, 1.2.0: the heading has no date."),
        ("v1.2.0", "### Added\n- A thing.\n", "", "CHANGELOG.md, 1.2.0: nothing stands under the heading."),
        ("v1.2.0", "[Unreleased]", "[Unreleased]\n\n- New.", "CHANGELOG.md: under [Unreleased] stands what"),
        ("v1.2.0", "[Unreleased]", "[1.3.0] - 2027-01-01\n\n- X.", "CHANGELOG.md, 1.2.0: it is not the newest."),
    ],
)
def test_what_does_not_go_together_is_told_with_its_remedy(
    release: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str, old: str, new: str, told: str
) -> None:
    assert release.main(["check", tag], house(tmp_path, CHANGELOG.replace(old, new))) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(told)
    assert lines[0].removeprefix(told).strip()


def test_the_notes_are_the_changelogs_part_and_no_more(
    release: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(["notes", "v1.2.0"], house(tmp_path)) == 0
    assert capsys.readouterr().out == "### Added\n- A thing.\n"


def test_our_own_changelog_is_read_too(release: Any) -> None:
    changelog = (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "### Added" in release.part(changelog, release.UNRELEASED) + release.part(changelog, "0.1.0")


def test_it_runs_with_nothing_but_python() -> None:
    told = subprocess.run(
        [sys.executable, "-I", "-S", str(RELEASE), "check", "v0.0.0"], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("The tag is v0.0.0, but pyproject.toml says")
