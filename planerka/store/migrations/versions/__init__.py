"""One file a step, `NNNN_what_it_does.py`; a step that has been released is never edited."""
