"""planerka: one set of rules and one set of numbers for marketing and sales."""
