"""What a contestant is shown and what it may answer. Pure: text and values in, text and values out."""
