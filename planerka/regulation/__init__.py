"""The signed regulation: evidence as of a rejection, clauses over it, verdicts in words."""
