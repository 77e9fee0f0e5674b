"""Tables and queries, one file per noun. Queries take the connection first and never commit; no rule of the game lives here."""
