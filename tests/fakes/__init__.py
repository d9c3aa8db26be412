"""Servers that stand in for systems which are not ours, with the quirks those were seen to have."""
