"""Disputes: opening, rulings, and the commands that return a lead to work."""
