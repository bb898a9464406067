"""What the workflows run is here, and a release asks for all of it before it builds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

HOUSE = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((HOUSE / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def jobs(name: str) -> dict[str, Any]:
    text = next(path for path in WORKFLOWS if path.stem == name).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return found


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_all_that_a_workflow_runs_is_there(path: Path) -> None:
    for job in jobs(path.stem).values():
        for command in commands(job):
            for target in re.findall(r"\bmake (\w+)", command):
                assert target in TARGETS
            for script in re.findall(r"\.ci/[\w.]+", command):
                assert (HOUSE / script).is_file()


def test_ci_runs_what_anyone_can_run_at_home() -> None:
    assert commands(jobs("ci")["run"]) == [".ci/run"]


def test_nothing_is_released_before_all_was_asked() -> None:
    check, release = jobs("release")["check"], jobs("release")["release"]
    assert release["needs"] == "check"
    assert [command.split()[:3] for command in commands(check)] == [["python", ".ci/release.py", "check"], [".ci/run"]]
    assert commands(release)[0] == "make dist"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_the_job_that_releases_may_write(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    writing = [name for name, job in workflow["jobs"].items() if "write" in job.get("permissions", {}).values()]
    assert writing == (["release"] if path.stem == "release" else [])
