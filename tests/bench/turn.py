"""What a turn costs: an event in, answer, state and outbox committed, acked, the next question posted, settled.

Beside a floor: a Bolt listener that only posts a fixed reply. Both are driven in this process through `App.dispatch`
against the same stub in its own process, in turns of rounds; figures are medians over rounds. CPU is that of this
process, all threads, less what making up the students' requests took.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

import pytest

from bot.store.session import Store
from bot.words import Words
from tests.bench import school
from tests.bench.bots import Class, floor, floor_turns, running
from tests.bench.figures import Figure, compared, missing
from tests.bench.stub import stub, trusted
from tests.bench.students import LAST_FLOW, SCRIPT, Student, Tap
from tests.databases import create_tables, postgresql_url

SECTION = "turn"
BARE = "Bolt, bare"
ROUNDS = 5
ALONE = 20
TOGETHER = 8
CROWD = 40
SMALL, LARGE = 500, 5_000
SLOW = 0.1
FLOOR_TURNS = 400
FLOOR_TURNS_TLS = 30


def measure(folder: Path, words: Words) -> Iterator[Figure]:
    """All figures of the turn, as they come."""
    databases = {size: _database(folder / f"{size}.db", size) for size in (SMALL, LARGE)}
    with stub(folder) as plain:
        yield from _plain(plain.url, databases[SMALL], words)
        yield from _growth(plain.url, databases, words)
        yield from _together(plain.url, databases[SMALL], words, "SQLite")
        yield from _together_on_postgresql(plain.url, words)
    yield from _tls(folder, databases[SMALL], words)
    with stub(folder, delay=SLOW) as slow:
        yield from _crowd(slow.url, databases[SMALL], words)


def _plain(api: str, database: str, words: Words) -> Iterator[Figure]:
    app = floor(api)
    floor_turns(app, 50)
    with running(api, database, words, students=ALONE) as there:
        there.turns()
        assert school.flows(there.bot.house.store) == {LAST_FLOW}
        rounds = [(floor_turns(app, FLOOR_TURNS), there.turns()) for _ in range(ROUNDS)]
        ours, theirs = median(one for _, one in rounds), median(one for one, _ in rounds)
        yield compared(SECTION, "a turn on SQLite, CPU", 1000 * ours, "ms", BARE, 1000 * theirs, most=2.5)
        yield _button(there)


def _button(there: Class) -> Figure:
    """Buttons and messages in the same conversations, by the time until the next question stands there."""
    seconds: dict[type, list[float]] = {str: [], Tap: []}
    for _ in range(3):
        there.restart()
        for _ in SCRIPT:
            for student in there.students:
                seconds[type(student.next)].append(_timed(student))
    there.settle()
    tapped, typed = 1000 * median(seconds[Tap]), 1000 * median(seconds[str])
    return compared(SECTION, "a tap, until the next question stands there", tapped, "ms", "typed", typed, most=2)


def _growth(api: str, databases: dict[int, str], words: Words) -> Iterator[Figure]:
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(running(api, databases[size], words, students=ALONE, step=size // ALONE))
            for size in (SMALL, LARGE)
        )
        few.turns(), many.turns()
        rounds = [(few.turns(), many.turns()) for _ in range(ROUNDS)]
    more, less = 1000 * median(more for _, more in rounds), 1000 * median(less for less, _ in rounds)
    yield compared(SECTION, f"a turn among {LARGE:,} students, CPU", more, "ms", f"among {SMALL}", less, most=1.1)


def _together(api: str, database: str, words: Words, name: str) -> Iterator[Figure]:
    with running(api, database, words, students=TOGETHER) as there:
        runs = []
        for _ in range(ROUNDS + 1):
            there.restart()
            runs.append([seconds for turns in _at_once(there) for seconds in turns])
            there.settle()
    tails = [(one[98], one[49]) for one in (quantiles(run, n=100) for run in runs[1:])]
    p99, p50 = 1000 * median(high for high, _ in tails), 1000 * median(middle for _, middle in tails)
    yield compared(SECTION, f"eight at once on {name}, p99", p99, "ms", "p50", p50, most=3)


def _together_on_postgresql(api: str, words: Words) -> Iterator[Figure]:
    try:
        with postgresql_url(lasting=True) as url:
            _fill(url, SMALL)
            yield from _together(api, url, words, "PostgreSQL")
    except pytest.skip.Exception as reason:
        print(reason)
        yield missing(SECTION, "eight at once on PostgreSQL, p99")


def _crowd(api: str, database: str, words: Words) -> Iterator[Figure]:
    with running(api, database, words, students=CROWD) as there:
        there.restart()
        _at_once(there)
        there.restart()
        turns = _at_once(there, spread=SLOW)
        there.settle()
    rate, ideal = sum(len(SCRIPT) / sum(seconds) for seconds in turns), CROWD / SLOW
    what = f"forty at once, Slack taking {1000 * SLOW:g} ms a call"
    yield compared(SECTION, what, rate, "turns/s", "nothing but Slack", ideal, least=0.9)


def _tls(folder: Path, database: str, words: Words) -> Iterator[Figure]:
    with stub(folder, tls=True) as encrypted, _trusting(folder, encrypted.certificate):
        app = floor(encrypted.url)
        with running(encrypted.url, database, words, students=ALONE) as there:
            there.turns()
            rounds = [(floor_turns(app, FLOOR_TURNS_TLS), there.turns()) for _ in range(ROUNDS)]
    ours, theirs = median(one for _, one in rounds), median(one for one, _ in rounds)
    what = "a turn on SQLite, Slack over TLS, CPU"
    yield compared(SECTION, what, 1000 * ours, "ms", BARE, 1000 * theirs, most=0.15)


def _at_once(there: Class, spread: float = 0.0) -> list[list[float]]:
    """Everybody through the whole script as fast as they can: for each student, the seconds each turn took.

    spread: seconds over which they begin; people do not all type in the same instant.
    """
    seconds: list[list[float]] = [[] for _ in there.students]

    def play(place: int, student: Student) -> None:
        time.sleep(spread * place / len(there.students))
        for _ in SCRIPT:
            seconds[place].append(_timed(student))

    threads = [threading.Thread(target=play, args=one) for one in enumerate(there.students)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(turns) == len(SCRIPT) for turns in seconds), "a student was left without a question"
    return seconds


def _timed(student: Student) -> float:
    request = student.prepare()
    begun = time.perf_counter()
    student.turn(request)
    return time.perf_counter() - begun


def _database(path: Path, students: int) -> str:
    url = f"sqlite:///{path}"
    _fill(url, students)
    return url


def _fill(url: str, students: int) -> None:
    store = Store(url)
    create_tables(store)
    school.fill(store, students)
    store.close()


@contextmanager
def _trusting(folder: Path, certificate: Path | None) -> Iterator[None]:
    """Clients of this process trust the stub's certificate beside those they trust anyway."""
    assert certificate is not None
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(trusted(folder, certificate))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before
