"""An edition of the regulation as a suite: one expectation a clause, with its number and words.

The answers are those of `planerka.regulation.judge`, from which the verdicts are made. A broken clause is a finding
about a rejection, not about the data: it warns, and never closes the gate.
"""

from collections.abc import Iterable

import pandas as pd

from planerka.intake.spec import Spec, Tallies, Tally, merged
from planerka.model import CheckSeverity, GateReport
from planerka.regulation.judge import GENERAL_WORDS, clause_results
from planerka.rulebook.regulation import Edition

SUITE = "regulation"


def regulation_gate(edition: Edition, evidence: pd.DataFrame) -> GateReport:
    """Every clause over the rejections it concerns. `evidence`: one row a rejection (`regulation.evidence`).

    Of a clause, `rows_n` are the rejections for its reason, `failed_n` break it, `unknown_n` cannot be proved.
    """
    from expectations.gate import run_suite

    def results_of(frame: pd.DataFrame) -> Tallies:
        results = clause_results(edition, frame)
        return {number: Tally.of_codes(column.codes) for number, column in results.items()}

    return run_suite(SUITE, evidence, clause_specs(edition), results_of)


def merge(edition: Edition, reports: Iterable[GateReport]) -> GateReport:
    """One report of many runs under an edition; clauses that it does not have are left out."""
    specs = {spec.key: spec for spec in clause_specs(edition)}
    known = (GateReport(suite=SUITE, checks=tuple(c for c in r.checks if c.key in specs)) for r in reports)
    return merged(SUITE, known, specs)


def clause_specs(edition: Edition) -> list[Spec]:
    """The two clauses that hold for every reason, then those of the edition in its order."""
    general = [clause_spec(number, ru, en) for number, (ru, en) in GENERAL_WORDS.items()]
    return general + [clause_spec(clause.number, clause.ru, clause.en) for clause in edition.clauses]


def clause_spec(number: str, ru: str, en: str) -> Spec:
    return Spec(key=number, ru=ru, en=en, severity=CheckSeverity.WARN)
