"""The pack: one frozen set of facts, worded and laid out for people."""
