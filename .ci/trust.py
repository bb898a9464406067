"""What CI asks of what we ship: known vulnerabilities, secrets that slipped in, and a list of what is in it.

python .ci/trust.py advisories      pip-audit over requirements.txt; 1 where something is known to be vulnerable
python .ci/trust.py secrets [DIR]   detect-secrets over the files of a git checkout; 1 where it finds one
python .ci/trust.py sbom FILE       a CycloneDX list of the dependencies, the same for the same requirements
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
REQUIRED = "TRUST_REQUIRED"
"""Set to anything where the advisories can be reached: not reaching them fails then too."""

EXAMPLES = r"//(user|coach):(password|secret[-%0-9A-F]*)@"
"""An address with a made-up user and password in it, as documents and tests show."""

NAMES = r"^(SLACK_[A-Z_]+|SMTP_URL|sha512-[A-Za-z0-9+/]{86}==)$"
"""Variables' names, not their values; and digests of what is fetched."""


def advisories() -> int:
    """Ask for known vulnerabilities of every pinned version."""
    command = ["pip-audit", "--requirement", "requirements.txt", "--require-hashes", "--disable-pip",
               "--progress-spinner=off", "--timeout=10", "--format=json"]  # fmt: skip
    ran = _run(command, cwd=HERE)
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        report = {"dependencies": []}
    lines, code = verdict(report, required=bool(os.environ.get(REQUIRED)))
    print("\n".join(lines))
    return code


def verdict(report: Mapping[str, Any], *, required: bool) -> tuple[list[str], int]:
    """What pip-audit's report comes to: what to print, and the exit code. What it was not told of is no good news."""
    found = [one for one in report["dependencies"] if one.get("vulns")]
    asked = [one for one in report["dependencies"] if "skip_reason" not in one]
    lines = [f"{one['name']} {one['version']}: {known}" for one in found for known in _known(one)]
    if lines:
        return [*lines, "Take a version that is mended (make lock), or say in docs/SECURITY.md why it does no harm."], 1
    if not asked:
        return ["No advisory service was reached: nothing is known of any dependency."], int(required)
    unknown = len(report["dependencies"]) - len(asked)
    return [f"No known vulnerability in {len(asked)} dependencies" + (f"; {unknown} unknown." if unknown else ".")], 0


def _known(dependency: Mapping[str, Any]) -> Iterator[str]:
    for known in dependency["vulns"]:
        mended = ", ".join(known.get("fix_versions") or ()) or "no version yet"
        yield f"{known['id']}, mended in {mended}"


def secrets(folder: Path) -> int:
    """Look for tokens, keys and passwords in what git has. Tests may set made-up passwords, but no token's shape."""
    listed = _run(["git", "ls-files", "-z"], cwd=folder).stdout.split("\0")
    kept = [name for name in listed if name and not name.startswith("requirements")]  # those are full of hashes
    ours = [name for name in kept if not name.startswith("tests/")]
    tests = [name for name in kept if name.startswith("tests/")]
    found = [*_scan(folder, ours), *_scan(folder, tests, "--disable-plugin", "KeywordDetector")]
    print("\n".join(found) or f"No secret in {len(kept)} files.")
    return int(bool(found))


def _scan(folder: Path, names: Sequence[str], *options: str) -> list[str]:
    if not names:
        return []
    command = ["detect-secrets", "scan", "--no-verify", "--exclude-lines", EXAMPLES, "--exclude-secrets", NAMES]
    ran = _run([*command, *options, *names], cwd=folder)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    results = json.loads(ran.stdout)["results"]
    return [f"{name}:{one['line_number']}: {one['type']}" for name, all_ in results.items() for one in all_]


def sbom(file: Path) -> int:
    """List what is shipped, for whoever must know."""
    file.parent.mkdir(parents=True, exist_ok=True)
    command = ["cyclonedx-py", "requirements", "requirements.txt", "--output-reproducible", "--of=JSON"]
    ran = _run([*command, f"--output-file={file.resolve()}"], cwd=HERE)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    print(f"{len(json.loads(file.read_text(encoding='utf-8'))['components'])} components in {file}")
    return 0


def _run(command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    program, *rest = command
    own = BIN / program
    return subprocess.run(
        [str(own) if own.exists() else program, *rest], cwd=cwd, capture_output=True, text=True, check=False
    )


def main(arguments: Sequence[str]) -> int:
    """Run one of the three."""
    match arguments:
        case ["advisories"]:
            return advisories()
        case ["secrets", *where]:
            return secrets(Path(where[0]) if where else HERE)
        case ["sbom", file]:
            return sbom(Path(file))
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
