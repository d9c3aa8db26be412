"""Run a suite of checks over a frame with Great Expectations: the only place that has a context of it.

Every check of a suite reads its own tally out of one table metric, which is computed once: the masks behind it are
those that the station itself uses, so the gate and the work cannot disagree
(docs/decisions/0005-one-metric-a-suite.md). Importing this module costs two to five seconds: a suite imports it when
it is run, and flows that run none, or find nothing new to check, start without.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, ClassVar

import great_expectations as gx
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults
from great_expectations.execution_engine import PandasExecutionEngine, pandas_execution_engine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from planerka.intake.spec import Spec, Tallies, Tally
from planerka.model import Check, CheckSeverity, GateReport
from planerka.phones import masked

TalliesOf = Callable[[pd.DataFrame], Tallies]

SEVERITY = {CheckSeverity.BLOCK: "critical", CheckSeverity.WARN: "warning"}

tallies_of: ContextVar[TalliesOf] = ContextVar("tallies_of")
"""The masks of the suite that is running: a metric is registered once for all, and takes plain values only."""

one_at_a_time = threading.Lock()
"""All runs share one batch definition, and it holds one frame at a time."""


class CheckTallies(TableMetricProvider):
    """The tally of every check of the running suite."""

    metric_name = "table.planerka_check_tallies"
    # Without the row condition that is there by default: a check picks its own rows.
    domain_keys = ("batch_id", "table")
    value_keys = ()

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> Tallies:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return tallies_of.get()(frame)


class ExpectCheckToHold(BatchExpectation):
    """Expect the rows of one check to hold, unknown ones apart."""

    check: str
    mostly: float
    tolerated_n: int

    metric_dependencies: ClassVar[tuple[str, ...]] = (CheckTallies.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("check", "mostly", "tolerated_n")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: PandasExecutionEngine | None = None,
    ) -> dict[str, Any]:
        tally: Tally = metrics[CheckTallies.metric_name][self.check]
        counts = {
            "element_count": tally.rows_n,
            "unexpected_count": tally.failed_n,
            "missing_count": tally.unknown_n,
        }
        return {"success": tally.keeps(self.mostly, self.tolerated_n), "result": counts}


def run_suite(name: str, frame: pd.DataFrame, specs: Sequence[Spec], results_of: TalliesOf) -> GateReport:
    """Check `frame` by every spec; `results_of(frame)` gives the tally of each, by its key.

    A check that could not be run is reported with its error and closes the gate; it is never counted as broken.
    """
    suite = suite_of(name, tuple(specs))
    token = tallies_of.set(results_of)
    try:
        with one_at_a_time:
            batch = whole_frame().get_batch(batch_parameters={"dataframe": frame})
            validation = batch.validate(suite, result_format="SUMMARY")
    finally:
        tallies_of.reset(token)
    # Results come back in an order of their own.
    result_of = {result.expectation_config.meta["check"]: result for result in validation.results}
    return GateReport(suite=name, checks=tuple(check_of(spec, result_of[spec.key]) for spec in specs))


@cache
def whole_frame() -> BatchDefinition[Any]:
    """A quiet context that writes no file, and in it the one batch definition: any frame, all of it."""
    pandas_execution_engine.HASH_THRESHOLD = -1  # a fingerprint of every frame that nobody reads: 65 ms for 50,000 rows
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False), analytics_enabled=False
        ),
    )
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("planerka").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


@lru_cache(maxsize=64)
def suite_of(name: str, specs: tuple[Spec, ...]) -> gx.ExpectationSuite:
    expectations = [
        ExpectCheckToHold(
            check=spec.key,
            mostly=spec.mostly,
            tolerated_n=spec.tolerated_n,
            severity=SEVERITY[spec.severity],
            description=spec.en,
            meta={"check": spec.key, "ru": spec.ru, "en": spec.en},
        )
        for spec in specs
    ]
    return gx.ExpectationSuite(name, expectations=expectations)


def check_of(spec: Spec, result: ExpectationValidationResult) -> Check:
    """A line of the report from a result, or from the error in its place."""
    if error := error_of(result.exception_info):
        return replace(spec.check(Tally()), is_passed=False, error=masked(error))
    counts = result.result
    tally = Tally(
        rows_n=counts["element_count"], failed_n=counts["unexpected_count"], unknown_n=counts["missing_count"]
    )
    return replace(spec.check(tally), is_passed=result.success)


def error_of(info: dict[str, Any]) -> str | None:
    """The message of an exception: flat where there was none, keyed by metric where there was one."""
    if info.get("raised_exception") is False:
        return None
    nested: Iterable[Any] = info.values()
    messages = [i["exception_message"] for i in nested if isinstance(i, dict)] or [info.get("exception_message")]
    return str(messages[0])
