"""The sample company: a simulated developer, deterministic, of any size, with a story to be found."""
