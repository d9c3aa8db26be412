"""What the log of a run says of its counts."""

import pytest

from tasks.counts import listed


@pytest.mark.parametrize("counts, said", [({}, ""), ({"unlawful": 1, "lawful": 2}, " (2 lawful, 1 unlawful)")])
def test_counts_are_listed_in_words(counts: dict[str, int], said: str) -> None:
    """{} is Python's word for nothing, and nobody else's."""
    assert said == listed(counts)
