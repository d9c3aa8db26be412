"""The facts of a pack, read from the store section by section."""
