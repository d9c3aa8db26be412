"""Personal data: erasure, retention, the key of the hashes."""
