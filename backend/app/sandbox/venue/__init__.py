"""Bitget's v2 public market data over HTTP, as ccxt reads it. Knows prices only through a Feed and writes nothing down."""
