"""What the core needs from outside, as protocols with their promise in the docstring."""
