"""What pages show: rows of the store as texts in the reader's language, so that templates calculate nothing."""
