"""What a mapping makes of an export, before anything is stored: a pull into a store that is thrown away."""
