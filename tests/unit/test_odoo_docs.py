"""The manual of Odoo: its example is a mapping."""

from pathlib import Path

from planerka.crm.cards import Cards
from planerka.crm.mapping import AccountMapping
from planerka.crm.mapping_file import load
from planerka.crm.odoo.flat import KNOWN

MANUAL = Path(__file__).parents[2] / "docs/odoo.md"


def test_the_mapping_of_the_manual_is_one(tmp_path: Path):
    example = MANUAL.read_text("utf-8").split("```yaml odoo.yaml\n")[1].split("```")[0]
    path = tmp_path / "odoo.yaml"
    path.write_text(example, "utf-8")
    cards = Cards(load(path, AccountMapping), KNOWN, b"k" * 32)
    assert {"x_project_id", "x_competitor_id.name", "lost_reason_id", "date_closed"} <= cards.columns
