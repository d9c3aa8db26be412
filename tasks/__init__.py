"""Prefect tasks, one file an arrow of the data's way: call, count, log, return."""
