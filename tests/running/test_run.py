"""`run` as one process: what it says of its socket, and what a second Ctrl-C does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.practice import Fault, PracticeWorkspace
from bot.services.speech import Kind, Saying
from bot.slack.manifest import manifest
from bot.store.session import Store
from scheduler.outbox import Draft, Outbox
from tests.running.test_ends import enrolled
from tests.running.town import Process, Town, town

pytestmark = pytest.mark.xdist_group("run")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("run")
    with PracticeWorkspace(manifest()) as workspace, town(workspace, folder, f"sqlite:///{folder}/coach.db") as made:
        enrolled(made).close()
        yield made


@pytest.fixture(scope="module")
def run(there: Town) -> Iterator[Process]:
    with there.started("conference-coach run") as process:
        yield process.until_ready()


def connected(run: Process) -> str:
    lines = run.get("/metrics")[1].splitlines()
    return next(line.partition(" ")[2] for line in lines if line.startswith("coach_socket_connected"))


def test_socket_mode_turned_off_shows_in_readiness_figures_and_log(there: Town, run: Process) -> None:
    assert connected(run) == "1.0"
    there.workspace.sockets.disable()
    run.until(lambda: run.reasons() == ["socket: link_disabled"])
    assert connected(run) == "0.0"
    assert run.get("/livez")[0] == 200
    assert [line["code"] for line in run.lines("socket_refused")] == ["link_disabled"]


def test_a_second_ctrl_c_ends_it_at_once(there: Town, run: Process) -> None:
    """It would wait for an answer that does not come."""
    workspace, now = there.workspace, datetime.now(UTC)
    workspace.fault("chat.postMessage", Fault.TIMEOUT_BEFORE, None)
    draft = Draft(
        workspace.team_id, Kind.SAY, "UTAN", "about", Saying("paused", {"student": "Noor"}).payload("en"), "k", now
    )
    store = Store(there.settings["DATABASE_URL"])
    with store.write() as connection:
        Outbox("test").put(connection, [draft], now)
    store.close()
    run.until(lambda: any(call.method == "chat.postMessage" for call in list(workspace.calls)))
    run.popen.send_signal(signal.SIGINT)
    run.until(lambda: run.lines("stopping"))
    assert run.end(signal.SIGINT) == 130
