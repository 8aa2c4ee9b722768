"""Real processes that trade over HTTP, killed by the system at any moment, and what they leave behind."""
