"""The exchange, as pure functions over frozen values. No I/O, no clock, no chance: the same input gives the same books on any day."""
