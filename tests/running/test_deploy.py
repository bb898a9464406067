"""The files of the forms of deployment, as far as they can be read without running them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.cli.main import main
from bot.settings import Name
from tests.running.forms import compose, instructions, unit
from tests.running.town import ROOT

DOCKERFILE = ROOT / "Dockerfile"
UNITS = (ROOT / "docs/deploy/conference-coach.service", ROOT / "docs/deploy/conference-coach@.service")
COMPOSED = (ROOT / "compose.yaml", ROOT / "docs/deploy/compose.run.yaml")
DRAIN = 8
"""Seconds a process may take to end."""


def stages() -> list[list[tuple[str, str]]]:
    """The stages of the image, the last one the image itself."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions(DOCKERFILE):
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def said(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for one, rest in stage if one == name]


def test_the_image_runs_as_nobody_with_privileges_and_without_a_shell_between() -> None:
    image = stages()[-1]
    (user,) = said(image, "USER")
    assert int(user) >= 1000  # a number: an orchestrator can see that it is not root
    for name in ("ENTRYPOINT", "CMD"):
        assert isinstance(json.loads(said(image, name)[0]), list)
    assert said(image, "VOLUME") == said(image, "WORKDIR") == ["/data"]
    assert "/livez" in said(image, "HEALTHCHECK")[0]


def test_tools_and_sources_stay_in_the_stage_that_builds() -> None:
    build, image = stages()
    assert all("-slim" in rest.split()[0] for stage in (build, image) for rest in said(stage, "FROM"))
    assert [rest for rest in said(image, "COPY") if "--from=build" not in rest] == []
    assert [rest for rest in said(image, "RUN") if "pip" in rest or "apt" in rest] == []


def test_what_is_brought_in_is_brought_in_by_hash_and_the_rest_without_asking_anybody() -> None:
    installs = [json.loads(rest) for stage in stages() for rest in said(stage, "RUN") if '"install"' in rest]
    assert installs
    for words in installs:
        assert "--require-hashes" in words or "--no-index" in words, words
    for name in ("requirements.txt", "requirements-build.txt"):
        text = (ROOT / name).read_text()
        assert len(re.findall(r"^[a-z].*==", text, re.M)) <= len(re.findall(r"--hash=sha256:", text))


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    (build, _image) = stages()
    sources = [source for rest in said(build, "COPY") for source in rest.split()[:-1]]
    ignored = (ROOT / ".dockerignore").read_text().split()
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)


@pytest.mark.parametrize("file", COMPOSED, ids=lambda file: file.name)
def test_a_compose_file_names_settings_and_commands_there_are(file: Path) -> None:
    for name, service in compose(file)["services"].items():
        if name == "database":
            continue
        assert set(service["environment"]) <= set(Name), name
        assert service["command"][0] in main.commands
        assert (file.parent / service["build"] / "Dockerfile").resolve() == DOCKERFILE
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN
        assert any(one.endswith(":/data") for one in service["volumes"])


@pytest.mark.parametrize("file", COMPOSED, ids=lambda file: file.name)
def test_no_compose_file_shows_a_secret_or_the_figures_to_everybody(file: Path) -> None:
    document = compose(file)
    for name, service in document["services"].items():
        published = [str(port).rpartition(":")[2] for port in service.get("ports", ())]
        assert "8081" not in published, name
        for variable, value in _environment(service).items():
            assert not re.search("PASSWORD|SECRET|TOKEN", variable) or value.startswith("${"), variable


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_is_confined_and_gives_the_process_the_time_it_needs(file: Path) -> None:
    has = unit(file)
    for name, value in {
        "DynamicUser": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "NoNewPrivileges": "yes",
        "StateDirectory": "conference-coach", "CapabilityBoundingSet": "", "UMask": "0077",
    }.items():  # fmt: skip
        assert has[name] == [value], name
    assert has["EnvironmentFile"]
    assert has["WorkingDirectory"] == ["/var/lib/conference-coach"]
    if file == UNITS[0]:
        assert has["Restart"] == ["on-failure"]
        assert int(has["TimeoutStopSec"][0]) > DRAIN


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_finds_nothing_wrong_with_a_unit(file: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    copy = tmp_path / file.name.replace("@", "@load")
    copy.write_text(re.sub("ExecStart=[^ ]+", "ExecStart=/bin/true", file.read_text()))
    done = subprocess.run([analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_two_units_confine_alike() -> None:
    differ = {"Type", "ExecStart", "Restart", "RestartSec", "TimeoutStopSec", "KillMode", "Description", "WantedBy"}
    alike = [{name: value for name, value in unit(file).items() if name not in differ} for file in UNITS]
    assert alike[0] == alike[1]
