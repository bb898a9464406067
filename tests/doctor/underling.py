"""The program as a real process that is kept out where a file's mode says so, even where the tests are root's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.settings import Name

_NO_MASTER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


def run(environ: Mapping[str, str], *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`conference-coach …`, with no variables of ours but these."""
    others = {name: value for name, value in os.environ.items() if name not in set(Name)}
    kept_out = _NO_MASTER if os.getuid() == 0 else ()
    command = [*kept_out, str(Path(sys.executable).with_name("conference-coach")), *arguments]
    return subprocess.run(command, cwd=cwd, env={**others, **environ}, capture_output=True, text=True, check=False)


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """A file or folder with other permissions, for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)
