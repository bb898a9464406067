"""The demo's process: it ends in good order, leaves nothing behind, and says what is in its way."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.practice.browser.school import school_near
from bot.practice.browser.workspace import WorkspaceError, workspace
from tests.browser.running import PATIENCE, free_port, running

pytestmark = pytest.mark.xdist_group("browser")


def test_ctrl_c_ends_all_that_was_started_and_keeps_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        demo.ends_well(signal.SIGINT)


def test_it_says_so_when_local_slack_ends_by_itself(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        (local_slack,) = demo.children()
        os.kill(local_slack, signal.SIGKILL)
        assert demo.ended() == 1
    assert "local-slack has ended by itself (exit -9). Run this again." in demo.told
    assert "Traceback" not in demo.told


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process does not hear that its parent has ended")
def test_who_kills_the_demo_kills_local_slack_with_it(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        (local_slack,) = map(os.pidfd_open, demo.children())
        demo.process.kill()
        assert demo.ended() == -signal.SIGKILL
        assert select.select([local_slack], [], [], PATIENCE)[0]  # readable once it has ended
        os.close(local_slack)


def test_a_port_that_is_taken_is_named_with_another_to_choose() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = demo("--port", str(port), LOCAL_SLACK=sys.executable)
    assert result.exit_code == 1
    assert f"Port {port} is taken on this machine. Choose another: --port" in result.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [("#!/bin/sh\nexit 3", r"has ended by itself \(exit 3\)"), ("no program", r"cannot be run: Exec format error")],
    ids=["ends at once", "is no program"],
)
def test_what_is_not_local_slack_does_not_start(tmp_path: Path, script: str, told: str) -> None:
    other = tmp_path / "other"
    other.write_text(script)
    other.chmod(0o755)
    school = school_near(datetime.now(UTC), ("en", "es"))
    with pytest.raises(WorkspaceError, match=told), workspace(other, school, (), tmp_path, free_port()):
        pass


def test_it_is_one_demo_or_the_other() -> None:
    assert "--browser goes with neither --play nor --script." in demo("--play").stderr


def demo(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["demo", "--browser", *arguments], env=environ)
