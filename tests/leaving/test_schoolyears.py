from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.leaving.schoolyears import Year, over, years

AUTUMN, WINTER = (date(2026, 9, 8), date(2026, 12, 18)), (date(2027, 1, 4), date(2027, 3, 26))
SPRING, NEXT = (date(2027, 4, 6), date(2027, 6, 18)), (date(2027, 9, 7), date(2027, 12, 17))
YEAR = (AUTUMN, WINTER, SPRING)


def test_the_winter_holidays_do_not_end_a_year_and_the_summer_does() -> None:
    assert years([*YEAR, NEXT]) == [Year(AUTUMN[0], SPRING[1]), Year(*NEXT)]


@pytest.mark.parametrize(("gap", "count"), [(44, 1), (45, 2)])
def test_forty_five_days_lie_between_two_years(gap: int, count: int) -> None:
    later = date.fromordinal(AUTUMN[1].toordinal() + gap)
    assert len(years([AUTUMN, (later, later)])) == count


@pytest.mark.parametrize(
    ("today", "found"),
    [
        (date(2027, 6, 19), None),
        (date(2027, 9, 16), None),  # the ninetieth day
        (date(2027, 9, 17), date(2027, 6, 18)),
        (date(2028, 1, 1), date(2027, 6, 18)),
    ],
)
def test_a_year_is_over_the_day_after_its_words_were_kept_for_so_long(today: date, found: date | None) -> None:
    assert over([*YEAR, NEXT], 90, today) == found


def test_of_several_years_that_are_over_the_newest_counts() -> None:
    assert over([AUTUMN, NEXT], 1, date(2028, 1, 1)) == NEXT[1]


def test_a_school_without_terms_has_no_year() -> None:
    assert over([], 90, date(2027, 1, 1)) is None


@given(st.lists(st.tuples(st.dates(), st.integers(0, 200)), max_size=8))
def test_the_order_of_the_terms_does_not_matter_and_no_day_is_lost(spans: list[tuple[date, int]]) -> None:
    terms = [(start, date.fromordinal(min(start.toordinal() + days, date.max.toordinal()))) for start, days in spans]
    shuffled = sorted(terms, key=lambda term: (term[1], term[0]), reverse=True)
    found = years(terms)
    assert found == years(shuffled)
    assert all(any(year.starts <= starts and ends <= year.ends for year in found) for starts, ends in terms)
