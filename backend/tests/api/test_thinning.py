"""A long equity series is thinned without losing an extreme."""

from hypothesis import given
from hypothesis import strategies as st

from app.api.models import thin

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=2_000)


@given(values, st.integers(10, 500))
def test_thinning_keeps_the_ends_the_highest_the_lowest_and_the_order(found, points):
    outline = list(enumerate(found))
    kept = thin(outline, points)
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (outline[0], outline[-1])
    assert {min(found), max(found)} <= {value for _, value in kept}
    assert len(kept) <= points + 4 or len(kept) == len(outline)


def test_a_short_series_is_left_alone():
    assert thin([(1, 5.0), (2, 3.0)], 10) == [(1, 5.0), (2, 3.0)]
