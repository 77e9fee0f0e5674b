"""Equity series to metrics, intervals and standings. Pure statistics: knows nothing of trading."""
