"""Frames in and out of the database, a column at a time: no Python object per value where it can be avoided."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from numpy.typing import NDArray

from planerka.store.database import in_words
from planerka.store.tables import Instant

FETCHED_ROWS_N = 5_000
"""Rows taken at once when a frame is read: tuples of more rows than that only feed the garbage collector."""

READ_AS: dict[type, pa.DataType] = {
    sa.String: pa.string(),
    sa.Integer: pa.int64(),
    sa.Float: pa.float64(),
    sa.Boolean: pa.bool_(),
    sa.Date: pa.timestamp("us"),
    Instant: pa.timestamp("us", tz="UTC"),
}


def local_day(instants: pd.Series, zone: ZoneInfo) -> pd.Series:
    """The local day of each instant as `datetime64[us]` without a zone; NaT stays NaT.

    The zone is dropped before the time is: in some zones there are days that have no midnight.
    """
    return instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def values_of(series: pd.Series, column_type: sa.types.TypeEngine[Any]) -> list[Any]:
    """What the drivers of both databases take for a column of that type: int, float, bool, str or None."""
    if isinstance(column_type, Instant):
        instants = series.to_numpy(dtype="datetime64[us]")
        return _with_none(instants.view("int64"), np.isnat(instants))
    if isinstance(column_type, sa.Date):
        return _iso_days(series)
    if isinstance(column_type, sa.Integer):
        return _with_none(series.to_numpy(dtype="int64", na_value=0), series.isna().to_numpy())
    if isinstance(column_type, sa.Boolean):
        return _with_none(series.to_numpy(dtype="bool", na_value=False), series.isna().to_numpy())
    if isinstance(column_type, sa.Float):
        return _with_none(series.to_numpy(dtype="float64", na_value=np.nan), series.isna().to_numpy())
    return _texts(series)


def read_frame(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """The rows of a query with the dtypes of `crm.base.Batch`; what may be missing is `float64` and `boolean`."""
    schema = pa.schema([(column.name, _arrow_type(column.type)) for column in query.selected_columns])
    cursor = connection.execute(query).cursor
    batches = []
    while rows := _fetched(connection, cursor):
        columns = zip(*rows, strict=True)
        # Recognised first and cast then: SQLite hands out yes/no as 0 and 1 and days as text.
        arrays = [pa.array(values).cast(field.type) for values, field in zip(columns, schema, strict=True)]
        batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema=schema).to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)


def _fetched(connection: sa.Connection, cursor: Any) -> list[Any]:
    with in_words(connection.engine):
        return cursor.fetchmany(FETCHED_ROWS_N)


def _arrow_type(column_type: sa.types.TypeEngine[Any]) -> pa.DataType:
    return next(READ_AS[kind] for kind in type(column_type).__mro__ if kind in READ_AS)


def _with_none(values: NDArray[Any], is_missing: NDArray[np.bool_]) -> list[Any]:
    if not is_missing.any():
        return values.tolist()
    objects = values.astype(object)
    objects[is_missing] = None
    return objects.tolist()


def _iso_days(series: pd.Series) -> list[Any]:
    codes, days = pd.factorize(series)
    texts = np.datetime_as_string(pd.DatetimeIndex(days).to_numpy(), unit="D").astype(object)
    return _picked(texts, codes)


def _texts(series: pd.Series | pd.Index) -> list[Any]:
    """Text without NUL characters, which PostgreSQL cannot hold; a category costs one text, not one a row."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _picked(_texts(series.cat.categories), series.cat.codes.to_numpy())
    # By Arrow itself: most frames are small, and the same through pandas takes ten times as long there.
    texts = pa.array(series, pa.string(), from_pandas=True)
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        texts = pc.replace_substring(texts, "\0", "")
    return texts.to_numpy(zero_copy_only=False).tolist()


def _picked(values: Iterable[Any], codes: NDArray[np.integer[Any]]) -> list[Any]:
    """The values that the codes name; -1 is a missing one."""
    return np.array([*values, None], dtype=object)[codes].tolist()
