"""Each form of deployment, from an empty database to the first nudge, by the commands its own files name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.forms import compose_command, docker_command, engine, procfile, unit_command
from tests.running.town import ROOT, Town

ALONE = (
    unit_command(ROOT / "docs/deploy/conference-coach.service"),
    docker_command(ROOT / "Dockerfile"),
    compose_command(ROOT / "docs/deploy/compose.run.yaml", "run"),
)
"""The forms in which one process does it all."""


def test_the_procfile_boots_from_nothing_to_the_first_nudge_and_answers_what_comes_by_http(
    on_postgresql: Town,
) -> None:
    town, commands = on_postgresql, procfile(ROOT / "Procfile")
    assert "Migrated: 0001" in town.do(commands["release"])
    town.load()
    with town.started(commands["worker"]) as worker, town.started(commands["web"]) as web:
        worker.until(town.nudged)
        web.until_ready()
        town.workspace.attach(f"http://127.0.0.1:{town.port}/slack/events")
        noor = town.workspace.people["UNOOR"]
        before = len(noor.sees())
        noor.dm("hi")
        assert town.workspace.events.log[-1].ack.ok
        worker.until(lambda: any(message.app for message in noor.sees()[before:]))
        assert (web.end(), worker.end()) == (0, 0)


def test_one_process_on_one_machine_boots_from_nothing_to_the_first_nudge(on_sqlite: Town) -> None:
    assert [command for command in ALONE if command != ALONE[0]] == []  # else boot each
    on_sqlite.load()
    with on_sqlite.started(ALONE[0]) as run:
        run.until(on_sqlite.nudged)
        run.until_ready()
        noor = on_sqlite.workspace.people["UNOOR"]
        before = len(noor.sees())
        noor.dm("hi")
        run.until(lambda: any(message.app for message in noor.sees()[before:]))
        assert run.end() == 0


def test_what_compose_starts_are_the_commands_of_the_procfile() -> None:
    for name, command in procfile(ROOT / "Procfile").items():
        service = "migrate" if name == "release" else name
        assert compose_command(ROOT / "compose.yaml", service) == command.split()


@pytest.fixture
def image(tmp_path: Path) -> Iterator[str]:
    """The image, built from this checkout."""
    if not engine():
        pytest.skip("no container engine on this machine: docker info does not work")
    mark = tmp_path / "image"
    subprocess.run(["docker", "build", "--quiet", "--iidfile", str(mark), str(ROOT)], check=True)
    yield mark.read_text()
    subprocess.run(["docker", "image", "rm", "--force", mark.read_text()], capture_output=True)


def test_the_image_boots_from_nothing_to_the_first_nudge_and_is_not_root(on_sqlite: Town, image: str) -> None:
    on_sqlite.folder.chmod(0o777)  # the user of the image is nobody of this machine's
    on_sqlite.do(_contained(on_sqlite, image, "load"))
    on_sqlite.load()
    for file in on_sqlite.folder.glob("coach.db*"):
        file.chmod(0o666)
    with on_sqlite.started(_contained(on_sqlite, image, *docker_command(ROOT / "Dockerfile")[1:])) as run:
        run.until(on_sqlite.nudged)
        assert run.end() == 0
    who = ["docker", "run", "--rm", "--entrypoint", "id", image, "-u"]
    assert subprocess.run(who, capture_output=True, text=True, check=True).stdout.strip() == "10001"


def _contained(town: Town, image: str, *words: str) -> list[str]:
    """A command in a container that reaches the town's Slack."""
    own = {"DATABASE_URL": "sqlite:////data/coach.db", "SCHOOL_DIR": "/data/school", "DISK_KEPT": "yes"}
    environ = town.workspace.environment | own
    settings = [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
    volume = ["--volume", f"{town.folder}:/data"]
    return ["docker", "run", "--rm", "--init", "--network", "host", *volume, *settings, image, *words]
