"""Prices in: what a venue shows, judged for soundness, frozen and hashed. Places no orders and keeps no books."""
