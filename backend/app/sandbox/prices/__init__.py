"""Where the sandbox's prices come from: a synthetic market or a recorded tape, both in whole ticks. Knows nothing of HTTP."""
