"""Plants faults, one at a time, in a copy of the tree, and runs the tests that should notice: `make mutants`.

Each fault is an entry of mutants.toml: the file, the words that are replaced, those that replace them, and the tests.
A fault that no test notices is a hole in the suite; one whose words are no longer there is an entry to be mended.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parents[2]
AT_ONCE = 2
LONGEST = 300
"""Seconds a mutant's tests may take: a fault that makes them hang is noticed, too."""


@dataclass(frozen=True)
class Mutant:
    """A fault: what it is, where, and the tests that must fail with it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @classmethod
    def listed(cls) -> list[Mutant]:
        """All of mutants.toml."""
        data = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text(encoding="utf-8"))
        return [cls(**{**one, "tests": tuple(one["tests"])}) for one in data["mutant"]]


def outcome(mutant: Mutant, tree: Path) -> str:
    """What became of it in a copy of the tree: "" where its tests noticed it, else what is wrong."""
    file = tree / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return f"its words stand {text.count(mutant.old)} times in {mutant.file}: mend the entry"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code = _tested(mutant.tests, tree)
    except subprocess.TimeoutExpired:
        return ""
    finally:
        file.write_text(text, encoding="utf-8")
    if code == 0:
        return f"nobody noticed ({' '.join(mutant.tests)})"
    return "" if code == 1 else f"its tests could not be run (pytest ended with {code})"


def _tested(tests: Sequence[str], tree: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-n0", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LONGEST, check=False)
    return ran.returncode


def copy(into: Path) -> Path:
    """The tree as git has it, with what was changed since."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HERE, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (HERE / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / name, into / name)
    return into


def main(chosen: Sequence[str]) -> int:
    """Plant all, or those whose names hold one of the words; 1 if any was not noticed."""
    mutants = [one for one in Mutant.listed() if not chosen or any(word in one.name for word in chosen)]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            trees.put(copy(Path(folder) / str(number)))

        def run(mutant: Mutant) -> str:
            tree = trees.get()
            try:
                found = outcome(mutant, tree)
            finally:
                trees.put(tree)
            print(f"{'SURVIVED' if found else 'caught'}  {mutant.name}{': ' if found else ''}{found}", flush=True)
            return found

        survived = [found for found in pool.map(run, mutants) if found]
    print(f"{len(mutants) - len(survived)} of {len(mutants)} faults were caught")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
