"""Great Expectations: the gates on the way of the data. Nothing but tasks imports it."""
