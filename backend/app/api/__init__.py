"""HTTP, by noun. Routes parse, call a verb or a query, and return a schema; no rule and no SQL lives here."""
