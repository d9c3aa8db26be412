"""Reads and checks the rules that the two departments write."""
