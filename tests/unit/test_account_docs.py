"""The manuals of CRMs: the files of spend and plan beside their mappings are read as they say."""

import re
from pathlib import Path

import pytest

from planerka.crm.cards import Cards
from planerka.crm.mapping import AccountMapping
from planerka.crm.mapping_file import load
from planerka.crm.money_files import MoneyFiles
from planerka.model import Plan, Spend

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("kind, channel_id", [("amocrm", "Авито"), ("odoo", "3")])
def test_spend_and_plan_of_the_manual_are_read(tmp_path, kind, channel_id):
    for name, text in re.findall(r"```\w+ (\S+\.(?:yaml|csv))\n(.*?)```", (DOCS / f"{kind}.md").read_text(), re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    mapping = load(tmp_path / f"{kind}.yaml", AccountMapping)
    cards = Cards(mapping, {}, b"k" * 32)
    spend, plan = MoneyFiles(mapping, tmp_path, cards.convert).batches()
    expected = [(Spend, channel_id, 1_250_050), (Plan, "contracts_n", 12.0)]
    assert expected == [
        (spend.noun, *spend.rows.loc[0, ["channel_id", "amount_minor"]]),
        (plan.noun, *plan.rows.loc[0, ["kpi", "value"]]),
    ]
