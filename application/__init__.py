"""What the core does: it carries facts to the domain and decisions to the ports."""
