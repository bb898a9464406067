"""`web` as it is asked over HTTP: two processes of it, at one address, beside a worker that is not there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import urllib3
from click.testing import CliRunner

from bot.cli.main import main
from bot.errors import CoachError
from bot.practice import PracticeWorkspace
from bot.practice.targets import Delivery, Sort, signed
from bot.serve import web as serve_web
from bot.settings import Settings
from bot.slack.guard import MAX_BODY
from bot.slack.manifest import manifest
from bot.words import Words
from tests.databases import postgresql_url
from tests.running.test_ends import enrolled
from tests.running.town import ROOT, Process, Town, town

PATH = "/slack/events"

pytestmark = pytest.mark.xdist_group("web")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with (
        PracticeWorkspace(manifest()) as workspace,
        postgresql_url() as url,
        town(workspace, tmp_path_factory.mktemp("web"), url, WEB_CONCURRENCY="2", WEB_THREADS="4") as made,
    ):
        enrolled(made).close()
        yield made


@pytest.fixture(scope="module")
def web(there: Town) -> Iterator[Process]:
    with there.started("conference-coach web") as process:
        process.until_ready()
        there.workspace.attach(f"http://127.0.0.1:{there.port}{PATH}")
        yield process


def test_only_what_slack_signed_is_taken_in(there: Town, web: Process) -> None:
    noor = there.workspace.people["UNOOR"]
    noor.dm("hi")
    assert there.workspace.events.log[-1].ack.ok
    url = f"http://127.0.0.1:{there.port}{PATH}"
    body, headers = signed(Delivery(Sort.EVENT, {"type": "event_callback"}), "another secret")
    assert urllib3.request("POST", url, body=body, headers=headers).status == 401
    large = urllib3.request("POST", url, body=b"x" * (MAX_BODY + 1), headers={"Content-Type": "application/json"})
    assert large.status == 413


def test_the_figures_are_at_the_operators_address_only(there: Town, web: Process) -> None:
    assert web.get("/livez", there.port)[0] == 200
    assert json.loads(web.get("/readyz", there.port)[1]) == {"ready": True, "reasons": []}
    assert web.get("/metrics", there.port)[0] == 404
    host = f"127.0.0.1:{web.health}"
    url = f"http://127.0.0.1:{there.port}/metrics"
    pretending = urllib3.request("GET", url, headers={"Host": host, "X-Forwarded-Port": str(web.health)})
    assert pretending.status == 404
    assert web.get("/metrics")[0] == 200
    assert web.get(PATH)[0] == 404


def test_all_processes_share_their_figures(there: Town, web: Process) -> None:
    def turns() -> float:
        text = web.get("/metrics")[1]
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("coach_turn_seconds_count"))

    before = turns()
    url = f"http://127.0.0.1:{there.port}{PATH}"
    for number in range(10):
        payload = {"type": "event_callback", "team_id": there.workspace.team_id, "event_id": f"Ev{number}"}
        body, headers = signed(Delivery(Sort.EVENT, payload), there.workspace.signing_secret)
        assert urllib3.request("POST", url, body=body, headers=headers | {"Connection": "close"}).status == 200
    assert {turns() for _ in range(10)} == {before + 10}


def test_what_no_client_of_slack_sends_is_refused_and_leaves_no_trace_of_who_asked(there: Town, web: Process) -> None:
    for request in (
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(80)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"b" * 9_000 + b"\r\n\r\n",
        b"nonsense marigold\r\n\r\n",
        b"GET /slack/install?code=marigold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", there.port), timeout=10) as line:
            line.sendall(request)
            answer = line.recv(200)
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer
    log = web.log.read_text()
    assert "marigold" not in log
    assert "127.0.0.1" not in log
    assert "/slack" not in log


def test_clients_that_say_nothing_more_do_not_keep_others_waiting(there: Town, web: Process) -> None:
    """Eight threads there are, and ten such clients; whoever comes after them is answered by either process."""
    silent = [socket.create_connection(("127.0.0.1", there.port), timeout=20) for _ in range(10)]
    for line in silent:
        line.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n")
    assert [web.get("/livez", there.port)[0] for _ in range(6)] == [200] * 6
    for line in silent:
        line.close()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DATABASE_URL": "sqlite:///coach.db"}, "web needs PostgreSQL: on SQLite, conference-coach run does it all."),
        ({"HEALTH_ADDRESS": "127.0.0.1:8000", "PORT": "8000"}, "HEALTH_ADDRESS: It has the port that web itself has."),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_served(
    there: Town, words: Words, environ: dict[str, str], told: str
) -> None:
    with pytest.raises(CoachError) as caught:
        serve_web(Settings.read(there.environ | environ), lambda _workspace: words)
    assert str(caught.value).startswith(told)


def test_a_port_that_is_taken_is_told_with_the_variables_name(there: Town, words: Words) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CoachError) as caught:
        serve_web(Settings.read(there.environ | {"PORT": str(taken.getsockname()[1])}), lambda _workspace: words)
    assert str(caught.value).startswith("PORT: web cannot listen at 127.0.0.1:")


def test_what_reads_the_environment_at_its_import_is_brought_in_only_once_that_is_checked() -> None:
    ask = "import sys, bot.cli.main; print({'gunicorn', 'prometheus_client'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "set()\n"


def test_without_the_signing_secret_nobody_can_be_told_from_slack(there: Town) -> None:
    result = CliRunner().invoke(main, ["web"], env=there.environ | {"SLACK_SIGNING_SECRET": ""})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("SLACK_SIGNING_SECRET: It is missing.")


def test_it_says_first_that_it_is_not_ready_still_takes_in_for_a_moment_and_is_gone(there: Town, web: Process) -> None:
    noor = there.workspace.people["UNOOR"]
    web.popen.terminate()
    web.until(lambda: web.get("/readyz", there.port)[0] == 503)
    assert web.reasons() == ["stopping"]
    assert web.get("/livez", there.port)[0] == 200
    noor.dm("hi")
    assert there.workspace.events.log[-1].ack.ok
    assert web.popen.wait(60) == 0
    assert web.get("/livez", there.port)[0] == 0
