"""Which rows of a pull may be judged, which go to quarantine, and whether the pull as a whole is believable."""
