"""Prefect flows, one file a deployment, and the command line: order and schedule, no decision about a lead."""
