"""The program local-slack (MIT, https://github.com/parvalabs/local-slack): found on this machine, or fetched by npm.

What is fetched is run, so it is held against the digest of what was published under this version: npm's
`dist.integrity`, SHA-512 over the package's archive. It is kept in the user's cache and fetched no second time.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.errors import CoachError

VERSION = "0.1.8"
NAME = "local-slack"
VARIABLE = "LOCAL_SLACK"
PUBLISHED: Mapping[str, str] = {
    "linux-x64": "sha512-2BCTKxKajjZNWCSCj66Jq5VDScUDNpGZ1lA3281I8RvpDE4/ULCwC26TlcW6/4sPbSTs02Q3KjTiltJp3ZBEvg==",
}
"""By platform: the digest of `local-slack-<platform>@VERSION`."""

FETCH_SECONDS = 600.0
_INSIDE = f"package/bin/{NAME}"
_CODE = re.compile(r"npm error code (\w+)")
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_NAME_IT = f"name the program: {VARIABLE}=/where/it/is"
_BY_HAND = f"Or install it yourself (npm install --global {NAME}@{VERSION}), or {_NAME_IT}"


class ProgramError(CoachError):
    """local-slack is not here and cannot be fetched."""


def program(environ: Mapping[str, str], told: Callable[[str], None]) -> Path:
    """Where local-slack is: LOCAL_SLACK, PATH, or the user's cache, into which it is fetched if it is nowhere.

    told: hears that it is being fetched. Raises ProgramError with the remedy.
    """
    if given := environ.get(VARIABLE, "").strip():
        return _named(Path(given))
    if found := shutil.which(NAME, path=environ.get("PATH", os.defpath)):
        return Path(found)
    here = this_platform()
    kept = cache(environ) / f"{NAME}-{here}-{VERSION}" / NAME
    return kept if os.access(kept, os.X_OK) else _fetched(here, kept, environ, told)


def this_platform() -> str:
    """What npm's packages of it are called by: "linux-x64"."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{_MACHINES.get(machine, machine)}"


def cache(environ: Mapping[str, str]) -> Path:
    """The user's folder for what can be fetched again."""
    home = Path(environ.get("HOME") or Path.home())
    usual = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(environ.get("XDG_CACHE_HOME") or usual) / "conference-coach"


def _named(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise ProgramError(
            f"{VARIABLE}: There is no program there. Name the file {NAME} {VERSION} itself, or unset it."
        )
    return path


def _fetched(here: str, kept: Path, environ: Mapping[str, str], told: Callable[[str], None]) -> Path:
    """Fetch the package, check it, and keep the program of it: whole, or not at all."""
    if here not in PUBLISHED:
        raise ProgramError(
            f"{NAME} is not here, and what is right for {here} is not known here. "
            f"Install it: npm install --global {NAME}@{VERSION}; or {_NAME_IT}"
        )
    npm = shutil.which("npm", path=environ.get("PATH", os.defpath))
    if npm is None:
        raise ProgramError(f"{NAME} is not here, nor npm to fetch it. Install Node.js, which brings npm, or {_NAME_IT}")
    told(f"Fetching {NAME} {VERSION} by npm, this once: 37 MB …")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            archive = _packed(npm, here, Path(folder), environ)
            _check(archive, PUBLISHED[here])
            _unpacked(archive, Path(folder) / NAME).replace(kept)
    except OSError as error:
        where = error.filename or kept.parent
        raise ProgramError(f"{where}: It cannot be written: {error.strerror}. Make room there. {_BY_HAND}") from None
    return kept


def _packed(npm: str, here: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """The package as npm gives it."""
    wanted = f"{NAME}-{here}@{VERSION}"
    try:
        done = subprocess.run(  # noqa: S603 - npm, with a package of ours to choose
            [npm, "pack", wanted, "--pack-destination", str(folder)],
            cwd=folder, env=dict(environ), capture_output=True, text=True, timeout=FETCH_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ProgramError(f"npm did not fetch {wanted} in {FETCH_SECONDS:.0f} s. Try again. {_BY_HAND}") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        code = _CODE.search(done.stderr)
        reason = code[1] if code else f"exit {done.returncode}"
        raise ProgramError(
            f"npm could not fetch {wanted} ({reason}). Look at this machine's connection and at npm's registry. "
            f"{_BY_HAND}"
        )
    return archives[0]


def _check(archive: Path, published: str) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != published:
        raise ProgramError(
            f"What npm gave for {NAME} {VERSION} is not what was published, so it is not run and not kept. "
            f"Try again; if it stays so, ask whoever keeps npm's registry for you. {_BY_HAND}"
        )


def _unpacked(archive: Path, to: Path) -> Path:
    try:
        with tarfile.open(archive) as package, to.open("wb") as file:
            inside = package.extractfile(_INSIDE)
            if inside is None:
                raise KeyError(_INSIDE)
            shutil.copyfileobj(inside, file)
    except (KeyError, tarfile.TarError):
        raise ProgramError(
            f"There is no program in what npm gave for {NAME} {VERSION}. Try again. {_BY_HAND}"
        ) from None
    to.chmod(0o755)
    return to
