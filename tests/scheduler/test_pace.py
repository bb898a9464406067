from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.pace import NO_WAIT, UNLIMITED, Limits, Pace
from tests.scheduler.fakes import NOON

SECOND = timedelta(seconds=1)


def calls_in(pace: Pace, minutes: int) -> int:
    """How many calls go out if one is always waiting."""
    now, count = NOON, 0
    while now < NOON + timedelta(minutes=minutes):
        wait = pace.ask("T", "post", f"C{count}", now)
        count += wait == NO_WAIT
        now += wait
    return count


def test_a_flood_goes_at_the_share_of_the_cap() -> None:
    assert calls_in(Pace(Limits(per_minute=300, share=0.95, burst=1)), 10) in (2850, 2851)


def test_time_lost_between_calls_is_made_up_for() -> None:
    """A caller that comes a little late each time loses nothing, within the burst."""
    pace, now, count = Pace(Limits(per_minute=60, share=1, burst=4)), NOON, 0
    while now < NOON + timedelta(minutes=10):
        wait = pace.ask("T", "post", f"C{count}", now)
        count += wait == NO_WAIT
        now += wait + timedelta(milliseconds=300 if wait else 0)
    assert count >= 600 - 1


def test_a_channel_takes_one_a_second_after_its_burst() -> None:
    pace = Pace(Limits(channel_burst=3))
    asked = [pace.ask("T", "post", "C", NOON) for _ in range(4)]
    assert asked == [NO_WAIT, NO_WAIT, NO_WAIT, SECOND]
    assert pace.ask("T", "post", "other", NOON) == NO_WAIT


def test_a_call_that_must_wait_is_not_counted() -> None:
    pace = Pace(Limits(channel_burst=1))
    pace.ask("T", "post", "C", NOON)
    for _ in range(10):
        pace.ask("T", "post", "C", NOON)
    assert pace.ask("T", "post", "C", NOON + SECOND) == NO_WAIT


def test_what_is_urgent_goes_ahead_of_a_flood_and_the_flood_makes_up_for_it() -> None:
    pace = Pace(Limits(per_minute=60, share=1, burst=1, urgent=5))
    pace.ask("T", "post", "C", NOON)
    assert pace.ask("T", "post", "D1", NOON) == SECOND
    assert pace.ask("T", "post", "D1", NOON, urgent=True) == NO_WAIT
    assert pace.ask("T", "post", "D2", NOON) == 2 * SECOND


def test_one_workspace_does_not_use_up_anothers() -> None:
    pace = Pace(Limits(per_minute=60, share=1, burst=1))
    pace.ask("T", "post", "C", NOON)
    assert pace.ask("T2", "post", "C", NOON) == NO_WAIT


def test_a_rate_limit_stops_one_method_of_one_workspace_exactly_so_long() -> None:
    pace = Pace(UNLIMITED)
    pace.block("T", "post", NOON + 30 * SECOND)
    assert pace.ask("T", "post", "C", NOON + 10 * SECOND, urgent=True) == 20 * SECOND
    assert pace.ask("T", "pin", "C", NOON) == pace.ask("T2", "post", "C", NOON) == NO_WAIT
    assert pace.ask("T", "post", "C", NOON + 30 * SECOND) == NO_WAIT


def test_a_method_with_a_limit_of_its_own_keeps_to_it() -> None:
    pace = Pace(Limits(methods=(("find", 30),)))
    assert pace.ask("T", "find", "C1", NOON) == NO_WAIT
    assert pace.ask("T", "find", "C2", NOON) == 2 * SECOND


@given(st.lists(st.tuples(st.integers(0, 2000), st.sampled_from("AB"), st.booleans()), max_size=60))
def test_no_second_ever_sees_more_of_a_channel_than_its_burst_and_one(asks: list[tuple[int, str, bool]]) -> None:
    pace, now, went = Pace(Limits(channel_burst=2)), NOON, []
    for wait, channel, urgent in asks:
        now += timedelta(milliseconds=wait)
        if pace.ask("T", "post", channel, now, urgent=urgent) == NO_WAIT:
            went.append((now, channel))
    for at, channel in went:
        within = [each for each, other in went if other == channel and at <= each < at + SECOND]
        assert len(within) <= 2 + 1
