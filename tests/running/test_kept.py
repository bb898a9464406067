"""Which disks are kept, by what a machine says of itself."""

from __future__ import annotations

import threading
from pathlib import Path, PurePath

import pytest

from bot.errors import StoreError
from bot.serve import serve
from bot.settings import Settings
from bot.store import kept
from bot.words import Words

ROOT_DISK = "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw"
LAYERS = "20 1 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/a:/b"
MEMORY = "33 20 0:60 / /tmp rw - tmpfs tmpfs rw"
VOLUME = "34 20 8:2 /volumes/coach /data rw,relatime - ext4 /dev/sdb rw"
BLANK = r"35 20 8:2 /volumes /our\040data rw,relatime master:1 - xfs /dev/sdb rw"


def mounts(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("environ", "contained", "mounted", "folder", "lost"),
    [
        ({}, False, mounts(LAYERS), "/srv", False),  # a live system: its owner knows
        ({}, True, mounts(LAYERS), "/srv", True),
        ({}, True, mounts(ROOT_DISK), "/srv", False),  # a machine that only looks like a container
        ({}, True, mounts(ROOT_DISK, MEMORY), "/tmp/school", True),
        ({}, True, mounts(LAYERS, VOLUME), "/data", False),
        ({}, True, mounts(LAYERS, VOLUME), "/database", True),
        ({}, True, mounts(LAYERS, BLANK), "/our data/school", False),
        ({}, True, mounts(VOLUME, "36 34 0:70 / /data rw - tmpfs tmpfs rw"), "/data", True),  # mounted over it
        ({}, True, "", "/srv", True),
        ({"DYNO": "web.1"}, False, mounts(ROOT_DISK), "/app", True),
        ({"FLY_APP_NAME": "coach"}, False, mounts(ROOT_DISK, VOLUME), "/data", False),
        ({"RAILWAY_SERVICE_ID": "1"}, False, mounts(LAYERS), "/app", True),
        ({"RENDER": "true"}, False, mounts(LAYERS, VOLUME), "/data", False),
        ({"K_SERVICE": "coach"}, False, "", "/app", True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True, mounts(LAYERS), "/app", True),
        ({"DYNO": "web.1", "DISK_KEPT": "yes"}, True, mounts(LAYERS), "/app", False),
        ({"DISK_KEPT": "no"}, True, mounts(LAYERS), "/app", True),
        ({}, True, "nonsense\n20 1 - \n", "/app", True),
    ],
)
def test_a_disk_is_kept_or_not(environ: dict[str, str], contained: bool, mounted: str, folder: str, lost: bool) -> None:
    assert kept.lost(environ, contained, mounted, PurePath(folder)) is lost


def test_run_refuses_a_database_that_would_be_lost_and_says_what_to_do(
    tmp_path: Path, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = tmp_path / "mountinfo"
    layers.write_text(mounts(LAYERS), encoding="utf-8")
    monkeypatch.setattr(kept, "MOUNTS", layers)
    monkeypatch.setenv("DISK_KEPT", "")
    monkeypatch.setenv("DYNO", "run.1")
    settings = Settings.read({"DATABASE_URL": f"sqlite:///{tmp_path / 'coach.db'}"})
    with pytest.raises(StoreError) as caught:
        serve(settings, lambda _workspace: words, threading.Event())
    told = str(caught.value)
    assert told.startswith("The database coach.db is on a disk that is not kept")
    assert [part for part in ("Mount a volume", "PostgreSQL", "DISK_KEPT=yes") if part not in told] == []
    assert not (tmp_path / "coach.db").exists()


def test_what_is_no_file_has_no_disk() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "postgresql://nowhere/coach"):
        assert kept.fault(url, {"DYNO": "web.1"}) == ""
