"""Real servers and a real browser."""
