"""How a pack reaches people."""
