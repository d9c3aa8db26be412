"""What becomes of those who are still on their way: incidence under censoring."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from planerka.stats import Estimate, Interval


def incidence(
    durations_days: ArrayLike, is_event: ArrayLike, horizon_days: float, open_days: float | None = None
) -> Estimate:
    """The share, 0..1, that has had the event by `horizon_days` after its start: 1 - S(horizon).

    `durations_days`: of each subject the days from its start to the event, or, where `is_event` is false, to the last
    look at it. With `open_days` it is that of a subject which has been open so long: 1 - S(horizon) / S(open_days),
    the same estimate over the subjects that were open longer; `n` counts those. No value without subjects, or where
    nobody has been watched until the horizon; no interval before the first event and after all have had it.

    E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958); the interval
    is by Greenwood's variance of log(-log S), and so stays within 0..1.
    """
    from scipy.stats import CensoredData, ecdf  # half a second that no command should pay that estimates nothing

    durations, events = np.asarray(durations_days, float), np.asarray(is_event, bool)
    if open_days is not None:
        durations, events = durations[durations > open_days], events[durations > open_days]
    n = len(durations)
    if not n or (horizon_days > durations.max() and not events[durations == durations.max()].all()):
        return Estimate(n=n)
    survival = ecdf(CensoredData(uncensored=durations[events], right=durations[~events])).sf
    value = 1 - float(survival.evaluate(horizon_days))
    if not 0 < value < 1:
        return Estimate(n=n, value=value)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of times before the first event
        bounds = survival.confidence_interval(method="log-log")
    low, high = (1 - float(bound.evaluate(horizon_days)) for bound in (bounds.high, bounds.low))
    return Estimate(n=n, value=value, interval=Interval(low, high))
