"""Messages in, text and usage out: chat-completion hosts behind one client. Knows nothing of trading."""
