"""When, not what: a timer that calls verbs on the market's clock. Knows nothing of prices, models or money."""
