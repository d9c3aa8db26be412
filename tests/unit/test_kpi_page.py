"""docs/kpis.md is made from rulebook/kpis.yaml; `python tests/unit/test_kpi_page.py` writes it anew."""

from pathlib import Path

from planerka.rulebook.kpis import Basis, Catalogue, Kpi, load_catalogue
from planerka.rulebook.measures import MEASURES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/kpis.md"

HEAD = """\
# KPIs

Made from `rulebook/kpis.yaml` and `planerka/rulebook/measures.py` by `python tests/unit/test_kpi_page.py`; a test keeps
them equal. Days are local days, "within n days" is n times 24 hours from the enquiry, and working time is that of the
sales office. Reaching a later step implies the earlier ones. A share carries its counts and a 95 % Wilson interval; an
empty denominator is "no data"; a KPI whose fields the source lacks is "not computable" and names them; below the
smallest n nobody is compared; before its maturity a cohort is not compared with a mature one. A KPI is counted by the
day of the event (period), or by the day on which each member of its cohort began: the enquiry, the booking, the
contract or the return to work.

A change from the four weeks before is *beyond noise* where the 95 % interval of the difference leaves out zero: more
than the chance of small numbers explains. Intervals are Wilson's for shares and scores of Poisson for counts, put
together by Newcombe's method; medians and sums of money have none, and are said to be neither. Of twenty figures that
did not change, about one is called so all the same.

A rejection, a neglected lead, a booking or a meeting counts for who owned the lead at that moment; a lead, its cohort
and its contract for who owns it now; a response for the owner when it was given. Channel, campaign, project and agency
are the lead's, and the project of a contract its own. Spend counts for its channel, and for a campaign or a project
where it was split so far; costs are computed over the channels whose spend is known in the same days, and for no
manager or agency. Money of a channel that no lead has is in the cost of the company all the same, and the pack names
the channel and the amount beside it. Amounts in several currencies are never added: the KPI is "not computable" for
`contract.currency` or `spend.currency`. A plan is a plan of whole days: a month is not guessed from its quarter.
"""


def page(catalogue: Catalogue) -> str:
    return "\n".join([HEAD, *(section(kpi) for kpi in catalogue.values())])


def section(kpi: Kpi) -> str:
    ratio = f"`{kpi.numerator}`" + (f" / `{kpi.denominator}`" if kpi.denominator else "")
    maturity = f", mature after {kpi.maturity_days} days" if kpi.maturity_days else ""
    smallest = f", from n = {kpi.smallest_n}" if kpi.smallest_n > 1 else ""
    needs = dict.fromkeys(f"`{need}`" for name in kpi.measures for need in MEASURES[name].needs)
    basis = f"{kpi.basis} by the day of the {kpi.begin}" if kpi.basis == Basis.COHORT else kpi.basis
    facts = f"{ratio}; {kpi.unit}, {basis}{maturity}{smallest}; good: {kpi.direction}; {', '.join(kpi.owners)}."
    words = f"{kpi.definition_en}\n\n{kpi.definition_ru}"
    return f"## `{kpi.key}`: {kpi.en} / {kpi.ru}\n\n{words}\n\n{facts} Needs {', '.join(needs)}.\n"


def test_the_page_says_what_the_catalogue_says():
    """Nobody argues with a definition that is out of date."""
    assert page(load_catalogue(ROOT / "rulebook/kpis.yaml")) == PAGE.read_text("utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(load_catalogue(ROOT / "rulebook/kpis.yaml")), "utf-8")
