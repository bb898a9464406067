"""Where local-slack comes from: found, or fetched once and checked. Its npm is made by the test."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from bot.practice.browser import program as module
from bot.practice.browser.program import NAME, VERSION, ProgramError, cache, program, this_platform

PROGRAM = b"#!/bin/sh\necho hello\n"


class Npm:
    """A folder on PATH with an npm in it that gives `archive`, and notes what it was asked for."""

    def __init__(self, folder: Path, archive: bytes = b"", error: str = "") -> None:
        self.folder, self.asked = folder / "bin", folder / "asked"
        self.folder.mkdir()
        (folder / "package").write_bytes(archive)
        script = self.folder / "npm"
        does = f"echo '{error}' >&2; exit 1" if error else f'cp "{folder}/package" "$4/fetched.tgz"'
        script.write_text(f'#!/bin/sh\necho "$@" >> "{self.asked}"\n{does}\n')
        script.chmod(0o755)
        self.environ = {"PATH": f"{self.folder}:/usr/bin:/bin", "XDG_CACHE_HOME": str(folder / "cache")}

    def times(self) -> int:
        return len(self.asked.read_text().splitlines()) if self.asked.exists() else 0

    def kept(self) -> list[Path]:
        return [one for one in cache(self.environ).rglob("*") if one.is_file()]


def archive(inside: str = f"package/bin/{NAME}") -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as package:
        entry = tarfile.TarInfo(inside)
        entry.size = len(PROGRAM)
        package.addfile(entry, io.BytesIO(PROGRAM))
    return found.getvalue()


def published(monkeypatch: pytest.MonkeyPatch, what: bytes) -> None:
    digest = base64.b64encode(hashlib.sha512(what).digest()).decode()
    monkeypatch.setattr(module, "PUBLISHED", {this_platform(): f"sha512-{digest}"})


def find(npm: Npm, told: list[str] | None = None) -> Path:
    return program(npm.environ, (told if told is not None else []).append)


def executable(path: Path) -> Path:
    path.write_bytes(PROGRAM)
    path.chmod(0o755)
    return path


def test_one_that_is_named_is_taken_before_all_others(tmp_path: Path) -> None:
    npm = Npm(tmp_path)
    executable(npm.folder / NAME)
    npm.environ["LOCAL_SLACK"] = str(executable(tmp_path / "mine"))
    assert find(npm) == tmp_path / "mine"


def test_one_on_the_path_is_taken_before_any_is_fetched(tmp_path: Path) -> None:
    npm = Npm(tmp_path)
    executable(npm.folder / NAME)
    assert find(npm) == npm.folder / NAME
    assert npm.times() == 0


def test_it_is_fetched_once_and_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm, told = Npm(tmp_path, archive()), list[str]()
    published(monkeypatch, archive())
    first, second = find(npm, told), find(npm, told)
    assert first == second
    assert first.read_bytes() == PROGRAM
    assert first.stat().st_mode & 0o111
    assert npm.asked.read_text().startswith(f"pack {NAME}-{this_platform()}@{VERSION} ")
    assert npm.times() == len(told) == 1


def test_another_archive_than_the_published_one_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = Npm(tmp_path, archive()[:-9])
    published(monkeypatch, archive())
    with pytest.raises(ProgramError, match="is not what was published, so it is not run and not kept"):
        find(npm)
    assert npm.kept() == []


def test_an_archive_without_the_program_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = Npm(tmp_path, archive("package/README.md"))
    published(monkeypatch, archive("package/README.md"))
    with pytest.raises(ProgramError, match="There is no program in what npm gave"):
        find(npm)
    assert npm.kept() == []


def test_without_npm_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, b"")
    npm = Npm(tmp_path)
    npm.environ["PATH"] = str(tmp_path)
    with pytest.raises(ProgramError, match=r"nor npm to fetch it\. Install Node\.js, .*LOCAL_SLACK="):
        find(npm)


def test_what_npm_says_is_told_by_its_code_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, b"")
    npm = Npm(tmp_path, error="npm error code E404\nnpm error https://registry.example/secret")
    with pytest.raises(ProgramError, match=r"npm could not fetch local-slack-\S+ \(E404\)\.") as caught:
        find(npm)
    assert "example" not in str(caught.value)


def test_where_no_digest_is_known_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUBLISHED", {})
    npm = Npm(tmp_path, archive())
    with pytest.raises(ProgramError, match=r"not known here\. Install it: npm install --global local-slack@0\.1\.8"):
        find(npm)
    assert npm.times() == 0


def test_a_name_behind_which_there_is_no_program_is_told(tmp_path: Path) -> None:
    npm = Npm(tmp_path)
    npm.environ["LOCAL_SLACK"] = str(tmp_path / "nowhere")
    with pytest.raises(ProgramError, match="LOCAL_SLACK: There is no program there"):
        find(npm)
