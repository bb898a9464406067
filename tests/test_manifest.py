"""`conference-coach manifest`, and what Slack's own command line is told about this project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from bot.app import EVENTS_PATH
from bot.cli.main import main
from bot.practice import PracticeWorkspace
from bot.practice.manifest import Manifest
from bot.slack.manifest import EVENTS

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "tests/practice/manifest.schema.2.0.0.json").read_text(encoding="utf-8"))
HOOKS = json.loads((ROOT / ".slack/hooks.json").read_text(encoding="utf-8"))
URL = "https://coach.school.example"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["manifest", *arguments])


def printed(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(run(*arguments).stdout)
    return made


def test_for_socket_mode_it_is_the_file_of_the_project() -> None:
    assert printed() == json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"  {URL}"])
def test_over_http_everything_comes_to_one_address_and_no_socket_is_asked_for(url: str) -> None:
    made = printed("--http", url)
    jsonschema.validate(made, SCHEMA)
    settings = made["settings"]
    assert settings["event_subscriptions"]["request_url"] == f"{URL}/slack/events"
    assert settings["interactivity"] == {"is_enabled": True, "request_url": f"{URL}/slack/events"}
    assert [one["url"] for one in made["features"]["slash_commands"]] == [f"{URL}/slack/events"]
    assert made["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]
    assert settings["socket_mode_enabled"] is False


def test_over_http_the_app_may_do_and_hears_the_same() -> None:
    socket, http = Manifest.parse(printed()), Manifest.parse(printed("--http", URL))
    assert (http.scopes, http.events, http.commands) == (socket.scopes, socket.events, socket.commands)
    with PracticeWorkspace(printed("--http", f"{URL}:8443")) as workspace:
        assert not workspace.manifest.socket_mode


def test_the_bot_listens_where_the_manifest_says() -> None:
    assert EVENTS == EVENTS_PATH


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://coach.school.example", "begins with https://"),
        ("coach.school.example", "begins with https://"),
        ("", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://[coach", "This is not an address"),
        ("https://coach.school.example:port", "This is not an address"),
        ("https://coach:secret@coach.school.example", "Only the host, and a port"),
        ("https://localhost", "Slack cannot reach localhost"),
        ("https://coach", "Slack cannot reach coach"),
        ("https://coach.local", "Slack cannot reach coach.local"),
        ("https://192.168.1.10", "Slack cannot reach 192.168.1.10"),
        ("https://coach.school.example/slack/events", "Leave out /slack/events"),
        ("https://coach.school.example/?a=b", "behind ? or #"),
        ("https://coach.school.example/#top", "behind ? or #"),
    ],
)
def test_an_address_slack_could_not_come_to_is_refused_with_what_to_write(url: str, told: str) -> None:
    result = run("--http", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert "Write it like this: https://coach.school.example" in result.stderr


# --- Slack's command line ----------------------------------------------------------------------------------------


def hook(name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a hook as Slack's command line does: its words joined by single blanks, its own arguments behind, in a shell,
    from the project's folder (slackapi/slack-cli, internal/hooks)."""
    script = " ".join([*HOOKS["hooks"][name].split(), *arguments])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    whole = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")} | environ
    return subprocess.run(["sh", "-c", script], cwd=ROOT, env={**whole, "PATH": path}, capture_output=True, text=True,
                          check=False)  # fmt: skip


def test_get_manifest_prints_the_manifest_and_nothing_else() -> None:
    done = hook("get-manifest", f"--source={ROOT}")
    assert (done.returncode, done.stderr) == (0, "")
    jsonschema.validate(json.loads(done.stdout), SCHEMA)


def test_get_hooks_prints_the_hooks_by_a_protocol_that_takes_them_as_they_are() -> None:
    answered = json.loads(hook("get-hooks").stdout)
    assert answered == HOOKS
    assert answered["config"]["protocol-version"] == ["default"]
    assert answered["config"]["sdk-managed-connection-enabled"] is True


def test_start_runs_the_bot_with_the_tokens_slacks_command_line_gives() -> None:
    """It reads them, and says only what else is wrong."""
    given = hook("start", SLACK_CLI_XOXB="xoxb-1", SLACK_CLI_XAPP="xapp-2", DATABASE_URL="none")
    bare = hook("start", DATABASE_URL="none")
    assert (given.returncode, bare.returncode) == (1, 1)
    assert [line.split(":")[0] for line in given.stderr.splitlines()] == ["DATABASE_URL"]
    assert [line.split(":")[0] for line in bare.stderr.splitlines()] == [
        "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DATABASE_URL"
    ]  # fmt: skip


def test_slacks_command_line_keeps_what_is_of_one_machine_out_of_the_project() -> None:
    ignored = (ROOT / ".slack/.gitignore").read_text(encoding="utf-8").split()
    assert ignored == ["apps.dev.json", "cache/"]
    assert json.loads((ROOT / ".slack/config.json").read_text(encoding="utf-8")) == {"manifest": {"source": "local"}}
