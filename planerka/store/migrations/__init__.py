"""The way of a database to the schema of `tables.py`, step by step."""
