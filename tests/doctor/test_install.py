"""The README's way from nothing to the first message, followed command by command in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.practice import PracticeWorkspace
from bot.school import read_school
from bot.settings import Name
from bot.slack.manifest import manifest

ROOT = Path(__file__).parents[2]
STUDENT, COUNSELOR = "one@accounts.example", "two@accounts.example"
PYTHON = re.compile(r"python3 -m venv|\.venv/bin/pip install|export PATH=")
"""What sets Python up: that needs a package registry, and is done here already."""
BEGIN, CHECK, RUN = "conference-coach example our-school", "conference-coach load --check", "conference-coach run"


def blocks() -> list[list[str]]:
    """The commands of the README's section, a list for each block."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Install it into Slack\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^       \S.*\n)+", section, re.MULTILINE)
    return [[line.strip() for line in block.splitlines()] for block in found]


@pytest.fixture
def workspace() -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(manifest()) as made:
        made.person("Noor Haddad", "U0NOOR", STUDENT)
        made.person("Ms. Bell", "U0BELL", COUNSELOR)
        yield made


def shell(script: str, folder: Path, workspace: PracticeWorkspace) -> subprocess.Popen[str]:
    """A shell in which these lines are run, in this folder, up to the first that fails."""
    environ = {name: value for name, value in os.environ.items() if name not in set(Name)}
    environ |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SLACK_API_URL": workspace.api_url,
        "DISK_KEPT": "yes",
    }
    return subprocess.Popen(
        ["sh", "-e", "-c", script], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def done(script: str, folder: Path, workspace: PracticeWorkspace) -> str:
    """What these lines print; all of them go well."""
    process = shell(script, folder, workspace)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return printed


def put_in_own_accounts(folder: Path) -> None:
    """As the README says."""
    roster = folder / "roster.csv"
    text = roster.read_text(encoding="utf-8")
    text = text.replace("noor@school.example", STUDENT).replace("bell@school.example", COUNSELOR)
    roster.write_text(text, encoding="utf-8")


def test_the_readme_s_commands_lead_from_nothing_to_the_first_message(
    tmp_path: Path, workspace: PracticeWorkspace
) -> None:
    setup, printing, variables, taking, school, looking, running = blocks()
    assert all(PYTHON.match(line) for line in setup)
    assert '"Conference Coach"' in done("\n".join(printing), tmp_path, workspace)
    tokens = "\n".join(variables).replace("xoxb-…", workspace.bot_token).replace("xapp-…", workspace.app_token)
    (tmp_path / ".env").write_text(f"{tokens}\n", encoding="utf-8")
    assert (school[0], school[1], running) == (BEGIN, CHECK, [RUN])

    done("\n".join([*taking, school[0]]), tmp_path, workspace)
    put_in_own_accounts(tmp_path / "our-school")
    loaded = done("\n".join([*taking, *school[1:]]), tmp_path, workspace)
    assert "Hillside Middle School is in order" in loaded
    assert "Found in Slack by their e-mail: 2." in loaded
    assert "✓ counselors" not in done("\n".join([*taking, *looking]), tmp_path, workspace)  # there is only one

    bot = shell("\n".join([*taking, f"exec {running[0]}"]), tmp_path, workspace)
    try:
        assert workspace.wait_until(lambda: workspace.sockets.count == 1, timeout=60)
        noor = workspace.people["U0NOOR"]
        noor.dm("hi")
        assert workspace.wait_until(lambda: any(message.app for message in noor.sees()), timeout=60)
    finally:
        bot.send_signal(signal.SIGTERM)
        log, _ = bot.communicate()
    assert bot.returncode == 0, log
    assert "Hi Noor, I'm Conference Coach." in next(message.text for message in noor.sees() if message.app)


def test_an_example_is_written_into_a_new_folder_only(tmp_path: Path) -> None:
    kept = tmp_path / "our-school" / "roster.csv"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, ["example", str(kept.parent)])
    assert (result.exit_code, kept.read_text(encoding="utf-8")) == (1, "mine")
    assert "our-school: There is something already. Name a folder that is not there yet." in result.stderr


def test_an_example_can_be_loaded_as_it_is(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["example", str(tmp_path / "new" / "school")]).exit_code == 0
    assert read_school(tmp_path / "new" / "school", ("en", "es")).name == "Hillside Middle School"
