"""The verbs of the arena: run a cycle, take a turn, look at the market, recover. The only place where the pure rings meet I/O and where a
writing transaction opens. No network call happens inside a transaction.
"""
