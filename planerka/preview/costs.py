"""What an export cannot tell, and the KPIs and clauses that this costs."""

from collections.abc import Collection
from dataclasses import dataclass

from planerka.pack.field_names import named
from planerka.regulation.judge import not_checkable
from planerka.rulebook.kpis import Catalogue
from planerka.rulebook.regulation import Edition
from planerka.words import Words


@dataclass(frozen=True, kw_only=True)
class Cost:
    """`missing` in words; the titles of the KPIs and the numbers of the clauses that need it."""

    missing: str
    kpis: tuple[str, ...]
    clauses: tuple[str, ...]


def costs_of(lacks: Collection[str], catalogue: Catalogue, edition: Edition | None, words: Words) -> tuple[Cost, ...]:
    """What is missing, the dearest first; things of one price together. A KPI that lacks two things is under both."""
    kpis: dict[str, list[str]] = {}
    clauses: dict[str, list[str]] = {}
    for kpi in catalogue.values():
        for need in kpi.missing(lacks):
            kpis.setdefault(named((need,), words), []).append(kpi.ru if words.language == "ru" else kpi.en)
    for number, needs in not_checkable(edition, lacks).items() if edition else ():
        for need in needs:
            clauses.setdefault(named((need,), words), []).append(number)
    by_price: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for missing in {**kpis, **clauses}:
        price = tuple(tuple(dict.fromkeys(found.get(missing, ()))) for found in (kpis, clauses))
        by_price.setdefault((price[0], price[1]), []).append(missing)
    costs = [Cost(missing=", ".join(names), kpis=kpis, clauses=clauses) for (kpis, clauses), names in by_price.items()]
    return tuple(sorted(costs, key=lambda cost: -len(cost.kpis) - len(cost.clauses)))
