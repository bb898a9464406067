"""Whether a process may be given work, and by which name it says why not."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from sqlalchemy import delete

from bot.errors import CoachError
from bot.practice.stage import Stage
from bot.running import health as room
from bot.running.aside import served
from bot.running.health import Health
from bot.running.router import Router
from bot.store import migrate as schema
from bot.store import room as disk
from bot.store.models import School
from bot.store.session import Store
from tests.running.town import free_port


@pytest.fixture
def health(stage: Stage) -> Health:
    return Health(stage.bot.house.store, stage.bot)


def test_a_bot_that_has_all_it_needs_is_ready(health: Health) -> None:
    assert health.reasons() == []


def test_each_thing_that_is_wanting_has_its_name(stage: Stage, health: Health) -> None:
    store = stage.bot.house.store
    health.stopping = True
    assert health.reasons() == ["stopping"]
    health.stopping = False
    with store.write() as connection:
        connection.execute(delete(School).where(School.workspace == stage.workspace.team_id))
    assert health.reasons() == ["school"]
    schema.downgrade(store, "0001")
    assert health.reasons() == ["schema"]


def test_a_full_disk_under_a_sqlite_file_is_named_and_of_postgresql_nobody_asks(
    stage: Stage, health: Health, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(disk, "LEAST", 1 << 62)  # more than there is
    sqlite = stage.bot.house.store.sqlite
    assert health.reasons() == (["disk"] if sqlite else [])
    assert caplog.messages == (["disk_full"] if sqlite else [])


@pytest.mark.parametrize("trouble", ["", "link_disabled"])
def test_a_socket_that_is_not_connected_says_why(stage: Stage, trouble: str) -> None:
    there = SimpleNamespace(connected=not trouble, trouble=trouble)
    found = Health(stage.bot.house.store, stage.bot, there)  # type: ignore[arg-type]
    assert found.reasons() == ([f"socket: {trouble}"] if trouble else [])


def test_a_database_nobody_answers_at_is_named(stage: Stage) -> None:
    store = Store(f"postgresql://coach:hidden@127.0.0.1:{free_port()}/coach")
    found = Health(store, stage.bot)
    assert found.reasons() == ["database"]
    store.close()


def test_a_database_that_keeps_silent_is_waited_for_in_one_thread_and_not_for_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"postgresql://coach@127.0.0.1:{silent.getsockname()[1]}/coach")
        found = Health(store, stage.bot)
        assert [found.reasons() for _ in range(4)] == [["database"]] * 4
        assert [thread.name for thread in threading.enumerate()].count("ready") == 1


# --- over HTTP ---------------------------------------------------------------------------------------------------


def asked(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_routes_answer_at_the_operators_address(health: Health) -> None:
    port = free_port()
    with served(f"127.0.0.1:{port}", Router(health.routes())):
        assert asked(port, "/livez") == (200, "alive\n")
        assert asked(port, "/readyz") == (200, '{"ready": true, "reasons": []}\n')
        assert asked(port, "/readyz", "HEAD") == (200, "")
        assert asked(port, "/readyz", "POST")[0] == 405
        assert asked(port, "/readyz/")[0] == 404
        health.stopping = True
        code, text = asked(port, "/readyz")
        assert (code, json.loads(text)) == (503, {"ready": False, "reasons": ["stopping"]})
        assert asked(port, "/livez")[0] == 200


def test_an_address_that_cannot_be_had_is_told_with_the_variables_name(health: Health) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CoachError) as caught, served(address, Router({})):
            pass
    assert str(caught.value).startswith("HEALTH_ADDRESS: nothing can be served there")


def test_without_an_address_nothing_is_served() -> None:
    with served("", Router({})):
        assert [thread for thread in threading.enumerate() if thread.name == "health"] == []
