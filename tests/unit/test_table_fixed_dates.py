"""Dates that are cut out by their places are those that pandas reads."""

import string
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planerka.crm.cells import parsed_by_pandas
from planerka.crm.fixed_dates import cut

FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y%m%d")
SPOILERS = string.digits + string.punctuation + " -:.T٣é\0"

formats = st.sampled_from(FORMATS)
times = st.datetimes(datetime(1850, 1, 1), datetime(2250, 1, 1))
fields = st.integers(0, 99).map("{:02}".format)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A format, and a text that is a time by it or nearly one: of fields out of range, or with one sign for another."""
    text_format = draw(formats)
    text = draw(times).strftime(text_format)
    if draw(st.booleans()):
        text = text_format.replace("%Y", draw(st.sampled_from(["1899", "1900", "2024", "2100", "2199", "2200"])))
        for name in ("%m", "%d", "%H", "%M", "%S"):
            text = text.replace(name, draw(fields))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(["", *SPOILERS])) + text[place + draw(st.integers(0, 1)) :]
    return text_format, text


@given(written())
def test_what_is_cut_is_what_pandas_reads(case: tuple[str, str]) -> None:
    text_format, text = case
    texts = np.array([text], dtype=object)
    at = cut(texts, text_format)[0]
    assert np.isnat(at) or at == parsed_by_pandas(texts, text_format)[0]


@given(formats, st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_a_time_written_by_its_format_is_cut(text_format: str, at: datetime) -> None:
    text = at.strftime(text_format)
    assert pd.Timestamp(cut(np.array([text], dtype=object), text_format)[0]) == datetime.strptime(text, text_format)


@pytest.mark.parametrize("text_format", ["%d.%m.%y", "%d %b %Y", "%Y-%m-%dT%H:%M:%S%z", "%Y", "%Y-%m-%d %Y"])
def test_a_format_of_other_fields_is_left_to_pandas(text_format: str) -> None:
    assert np.isnat(cut(np.array(["01.03.2026", "2026"], dtype=object), text_format)).all()
