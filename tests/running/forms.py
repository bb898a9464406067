"""What the files of each form of deployment say is to be run, as a command of this machine's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

PROGRAM = "conference-coach"


def procfile(file: Path) -> dict[str, str]:
    """Each process type and its command."""
    lines = (line.partition(":") for line in file.read_text().splitlines() if line.strip())
    return {name: command.strip() for name, _, command in lines}


def unit(file: Path) -> dict[str, list[str]]:
    """What a systemd unit sets, in whichever section; what is set twice has two values."""
    found: dict[str, list[str]] = {}
    for line in file.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def unit_command(file: Path) -> list[str]:
    """ExecStart, with the program of this environment."""
    (command,) = unit(file)["ExecStart"]
    path, *words = command.split()
    assert Path(path).name == PROGRAM
    return [PROGRAM, *words]


def instructions(file: Path) -> list[tuple[str, str]]:
    """A Dockerfile's, in order, each with what follows it."""
    whole = file.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in whole.splitlines() if line.strip() and not line.strip().startswith("#")]
    return [(name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def docker_command(file: Path) -> list[str]:
    """What a container runs, unless it is told otherwise."""
    said = dict(instructions(file))
    return [*json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"])]


def compose(file: Path) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def compose_command(file: Path, service: str) -> list[str]:
    """What a service runs in the image of the Dockerfile."""
    return [PROGRAM, *compose(file)["services"][service]["command"]]


def engine() -> bool:
    """Whether containers can be run on this machine."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True).returncode == 0
