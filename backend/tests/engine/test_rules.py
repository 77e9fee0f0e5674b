"""What a contest allows, by name."""

import pytest

from app.engine.rules import MarginMode, Rules, TriggerPrice


def test_options_may_be_given_by_name_and_a_name_that_is_none_is_refused():
    rules = Rules(margin_mode="cross", trigger_price="last")
    assert rules.margin_mode is MarginMode.CROSS
    assert rules.trigger_price is TriggerPrice.LAST
    for wrong in ({"margin_mode": "portfolio"}, {"trigger_price": "index"}):
        with pytest.raises(ValueError, match="is not a valid"):
            Rules(**wrong)
