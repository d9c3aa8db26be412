"""Shared KPIs: measures counted, values with their intervals, plans and maturity."""
