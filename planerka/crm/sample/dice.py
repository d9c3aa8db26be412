"""Chance without a sequence: each draw is a hash of (seed, name of the draw, number of the lead).

Any lead can therefore be drawn alone, in any order and again, with the same result; a stream of random numbers
would tie a lead to everything drawn before it. The mixing is SplitMix64 (G. L. Steele, D. Lea, C. H. Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: neighbouring numbers come out unrelated."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@cache
def key_of(seed: int, name: str) -> np.uint64:
    """One word for a seed and a name."""
    return mixed(np.array([(seed << 32) ^ crc32(name.encode())], dtype=np.uint64))[0]


class Dice:
    """Draws by name. `numbers` are the leads (or days, or weeks) that draw; one value each."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def words(self, name: str, numbers: Ints) -> NDArray[np.uint64]:
        """64 random bits each."""
        return mixed(numbers.astype(np.uint64) * GOLDEN + key_of(self.seed, name))

    def share(self, name: str, numbers: Ints) -> Floats:
        """Uniform in [0, 1)."""
        return (self.words(name, numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def hit(self, name: str, numbers: Ints, chance: ArrayLike) -> Bools:
        """True with the given chance: one for all, or one each."""
        return self.share(name, numbers) < np.asarray(chance)

    def between(self, name: str, numbers: Ints, low: ArrayLike, high: ArrayLike) -> Ints:
        """Whole numbers from `low` to `high`, both included."""
        low, high = np.asarray(low), np.asarray(high)
        return (low + self.share(name, numbers) * (high - low + 1)).astype(np.int64)

    def waited(self, name: str, numbers: Ints, mean: ArrayLike, most: float) -> Ints:
        """Exponential waiting times, cut at `most`."""
        return np.minimum(-np.asarray(mean) * np.log1p(-self.share(name, numbers)), most).astype(np.int64)

    def pick(self, name: str, numbers: Ints, weights: ArrayLike) -> Ints:
        """A position in `weights`: one row of weights for all, or a row each."""
        bounds = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
        drawn = self.share(name, numbers) * bounds[..., -1]
        if bounds.ndim == 1:
            return np.searchsorted(bounds, drawn, side="right")
        return (drawn[:, None] >= bounds).sum(axis=1)
