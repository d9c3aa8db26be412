"""Three-valued tests over a frame: what provably holds, what provably fails, and the rest, unknown.

A clause of the regulation and a row test of the intake are both built from these. The two masks are kept
apart and never derived from each other: `~is_true` would turn missing evidence into a violation.
Logic: S. C. Kleene, "On notation for ordinal numbers", JSL 3 (1938), strong three-valued connectives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

HOLDS, FAILS, UNKNOWN = np.int8(0), np.int8(1), np.int8(2)


@dataclass(frozen=True)
class Ternary:
    """One answer a row. The masks have the frame's length and are disjoint; neither means unknown."""

    is_true: Mask
    is_false: Mask

    def __and__(self, other: "Ternary") -> "Ternary":
        return Ternary(self.is_true & other.is_true, self.is_false | other.is_false)

    def __or__(self, other: "Ternary") -> "Ternary":
        return Ternary(self.is_true | other.is_true, self.is_false & other.is_false)

    def __invert__(self) -> "Ternary":
        return Ternary(self.is_false, self.is_true)

    def codes(self) -> NDArray[np.int8]:
        """HOLDS, FAILS or UNKNOWN for each row."""
        return np.int8(2) - (self.is_true.view(np.int8) << 1) - self.is_false.view(np.int8)


Columns = Callable[[str], NDArray[Any]]
"""Hands out a column by name: numbers `float64` with NaN, yes/no as 1.0/0.0/NaN, instants `datetime64` with NaT,
text as category codes or objects with None."""

Test = Callable[[Columns], Ternary]


def known(mask: Mask, is_known: Mask) -> Ternary:
    """`mask` where it is known, unknown elsewhere."""
    return Ternary(mask & is_known, ~mask & is_known)


def certain(mask: Mask) -> Ternary:
    """A mask that is known for every row."""
    return Ternary(mask, ~mask)


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a frame in the form that tests read."""
    return lambda name: frame[name].to_numpy()
