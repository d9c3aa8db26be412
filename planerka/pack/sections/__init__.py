"""One composer a section of the pack, in the order of the meeting."""
