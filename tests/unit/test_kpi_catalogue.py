"""The catalogue of KPIs: what is refused, and what a source cannot supply."""

from pathlib import Path

import pytest

from planerka.errors import RulebookError
from planerka.rulebook.kpis import Basis, load_catalogue

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "rulebook/kpis.yaml")

GOOD = """\
kpis:
  - key: qualified_share
    ru: Доля квалифицированных
    en: Qualified share
    definition: {ru: Доля., en: Share.}
    unit: share
    numerator: qualified_in_7d_n
    denominator: leads_n
    basis: cohort
    maturity_days: 7
    smallest_n: 30
    direction: up
    owners: [marketing]
"""


def load(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "kpis.yaml"
    path.write_text(text, "utf-8")
    return list(load_catalogue(path))


def test_a_good_catalogue_is_loaded_by_key(tmp_path):
    """The order of the file is kept."""
    assert ["qualified_share"] == load(tmp_path, GOOD)


BAD = [
    ("numerator: qualified_in_7d_n", "numerator: qualified_in_8d_n", "did you mean 'qualified_in_7d_n'"),
    ("denominator: leads_n", "denominator: rejected_n", "must contain its numerator.*is a part of leads_n"),
    ("    denominator: leads_n\n", "", "over nothing is a count: write unit: count"),
    ("unit: share", "unit: percent", "'percent' is not one of count, share"),
    ("unit: share", "unit: money_minor", "is a share: write unit: share"),
    ("unit: share", "unit: minutes", "is a share: write unit: share"),
    ("maturity_days: 7", "maturity_days: 6", "qualified_share: .*for 7 days: set maturity_days"),
    ("maturity_days: 7", "maturity_days: -1", "expected a whole number from 0"),
    ("maturity_days: 7", "maturity_days: .nan", "expected a number"),
    ("smallest_n: 30", "smallest_n: 0", "expected a whole number from 1"),
    ("owners: [marketing]", "owners: [finance]", "'finance' is not one of marketing, sales, quality"),
    ("owners: [marketing]", "owners: []", "expected a list of one or more"),
    ("direction: up", "direction: sideways", "is not one of up, down, neither"),
    ("    en: Qualified share\n", "", "qualified_share: 'en' is missing: add it"),
    ("basis: cohort", "basis: cohort\n    colour: red", "unknown key 'colour'"),
    ("kpis:", "kpi:", "unknown key 'kpi'"),
    ("ru: Доля квалифицированных", "ru: ''", "expected a text"),
]


@pytest.mark.parametrize("good, bad, message", BAD)
def test_a_wrong_kpi_is_refused_with_file_line_key_and_remedy(tmp_path, good, bad, message):
    """Whoever edits the rulebook reads what to do."""
    assert good in GOOD
    with pytest.raises(RulebookError, match=rf"(?s)kpis.yaml:\d+: .*{message}"):
        load(tmp_path, GOOD.replace(good, bad))


def test_every_wrong_kpi_is_named_at_once(tmp_path):
    """Two mistakes are mended in one go; a key that stands twice is one of them."""
    second = GOOD.removeprefix("kpis:\n").replace("unit: share", "unit: percent").replace("qualified_share", "other")
    with pytest.raises(RulebookError, match=r"(?s)other: .*percent.*qualified_share: this key stands .* twice"):
        load(tmp_path, GOOD + second + GOOD.removeprefix("kpis:\n"))


@pytest.mark.parametrize("content", [b"", b"kpis: [", b"\xff\xfe", b"kpis: []", b"- 1", b"kpis: [1]"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path, content):
    """Empty, broken, not text, or something else: an error of the rulebook, never a traceback."""
    path = tmp_path / "kpis.yaml"
    path.write_bytes(content)
    with pytest.raises(RulebookError, match=r"kpis.yaml"):
        load_catalogue(path)


def test_a_catalogue_that_is_not_there_is_refused(tmp_path):
    """With the path that was tried."""
    with pytest.raises(RulebookError, match=r"nowhere.yaml cannot be read"):
        load_catalogue(tmp_path / "nowhere.yaml")


LACKING = [
    ("unlawful_share", {"event.call_out"}, ("event.call_out",)),
    ("qualified_share", {"event.call_out"}, ()),
    ("revenue", {"contract.price_minor"}, ("contract.price_minor",)),
    ("revenue", {"contract"}, ("contract.price_minor",)),
    ("lead_to_contract_share", {"event.contract_signed"}, ()),
    ("lead_to_contract_share", {"contract"}, ()),
    ("lead_to_contract_share", {"contract", "event.contract_signed"}, ("event.contract_signed or contract",)),
    ("booking_fall_share", {"event.booking_expired"}, ()),
    ("cost_per_lead", {"spend", "spend.amount_minor"}, ("spend",)),
    ("plan_fulfilment", {"plan"}, ("plan",)),
    ("first_response_min", {"lead.enquiry"}, ("lead.enquiry",)),
]


@pytest.mark.parametrize("key, lacks, expected", LACKING)
def test_a_kpi_names_what_the_source_lacks_for_it(key, lacks, expected):
    """A noun stands for all its fields; where one of two is enough, both must be lacking."""
    assert expected == CATALOGUE[key].missing(lacks)


def test_a_definition_that_changes_gets_another_version(tmp_path):
    """A figure says by which definition it was counted."""
    load(tmp_path, GOOD)
    one = load_catalogue(tmp_path / "kpis.yaml")["qualified_share"].version
    load(tmp_path, GOOD.replace("smallest_n: 30", "smallest_n: 20"))
    assert one != load_catalogue(tmp_path / "kpis.yaml")["qualified_share"].version


BEGINS = {
    "booking_fall_share": "booking",
    "termination_share": "contract",
    "returned_to_contract_share": "return",
    "returned_revenue": "return",
}


def test_a_cohort_says_what_it_begins_with():
    """Most begin with the enquiry; of the others the definition says "in the period", and the pack by which day."""
    cohorts = [kpi for kpi in CATALOGUE.values() if kpi.basis == Basis.COHORT]
    assert {kpi.key: BEGINS.get(kpi.key, "enquiry") for kpi in cohorts} == {kpi.key: kpi.begin for kpi in cohorts}
