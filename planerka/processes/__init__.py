"""Processes that run beside the funnel: neglect now, agencies, nurturing and handover as they come."""
