"""What an account is set up with becomes a mapping that a person corrects."""

from dataclasses import replace
from pathlib import Path

import pytest

from planerka.crm.base import Account, FieldFact, PipelineFact, StageFact
from planerka.crm.drafting.account import account_draft
from planerka.crm.mapping import AccountMapping
from planerka.crm.mapping_file import load
from planerka.model import ReferenceKind

ACCOUNT = Account(
    kind="amocrm",
    address="romashka.amocrm.ru",
    currency="RUB",
    time_zone=None,
    pipelines=(
        PipelineFact(
            id="7",
            title="Продажи",
            stages=(
                StageFact(id="7:1", title="Неразобранное", code="new"),
                StageFact(id="7:2", title="Встреча проведена"),
                StageFact(id="7:3", title="Думает"),
                StageFact(id="7:142", title="Успешно реализовано", code="contract"),
            ),
        ),
        PipelineFact(id="8", title="Подбор персонала", stages=(StageFact(id="8:1", title="Резюме"),)),
    ),
    reasons={"11": "Недозвон", "12": "Прочее: #2"},
    fields=(
        FieldFact(id="548213", title="ЖК", values=("Север", "Юг")),
        FieldFact(id="548214", title="Любимый цвет", values=tuple("абвгдеж")),
        FieldFact(id="548215", title="Комментарий"),
        FieldFact(id="548216", title="utm_campaign"),
    ),
)


def drafted(tmp_path: Path, account: Account = ACCOUNT) -> tuple[str, AccountMapping]:
    text = account_draft(account, "Europe/Moscow")
    (tmp_path / "mapping.yaml").write_text(text, "utf-8")
    return text, load(tmp_path / "mapping.yaml", AccountMapping)


def test_a_draft_is_a_mapping_at_once(tmp_path):
    """Every guess asks a person to look, but nothing has to be written before it can be read."""
    _, mapping = drafted(tmp_path)
    columns = {name: column.column for name, column in (mapping.leads.columns | mapping.leads.rejection).items()}
    assert {"project_id": "548213", "campaign_id": "548216", "comment": "548215"} == columns
    stages = {key: name.code for key, name in mapping.references[ReferenceKind.STAGE].items()}
    assert {"7:1": "new", "7:2": "meeting", "7:3": None, "7:142": "contract"} == stages
    assert {"11": "no_answer", "12": None} == {
        key: name.code for key, name in mapping.references[ReferenceKind.REASON].items()
    }


def test_what_the_crm_says_itself_is_no_guess(tmp_path):
    lines = {line.split(":  ")[0].strip(): line for line in drafted(tmp_path)[0].splitlines()}
    found = [line for line in lines.values() if "7:142" in line or "7:2" in line]
    assert [
        '    "7:2": {code: meeting}  # ? Встреча проведена',
        '    "7:142": {code: contract}  # Успешно реализовано',
    ] == found


def test_a_pipeline_that_sells_no_flats_is_switched_off(tmp_path):
    text, mapping = drafted(tmp_path)
    assert (("7",), True) == (mapping.pipelines, '  # - "8"  # Подбор персонала' in text)


def test_where_every_pipeline_looks_like_another_trade_all_are_on_and_doubted(tmp_path):
    """Flats are sold in one of them, and a mapping without any would be refused."""
    partners = PipelineFact(id="9", title="Партнеры и продажи", stages=(StageFact(id="9:1", title="Новый"),))
    text, mapping = drafted(tmp_path, replace(ACCOUNT, pipelines=(ACCOUNT.pipelines[1], partners)))
    stages = set(mapping.references[ReferenceKind.STAGE])
    assert (("8", "9"), {"8:1", "9:1"}) == (mapping.pipelines, stages)
    assert '  - "9"  # ? Партнеры и продажи' in text


def test_stages_that_pipelines_share_are_written_once(tmp_path):
    """As those of Odoo, which belong to no team."""
    shared = (StageFact(id="1", title="Новый"), StageFact(id="4", title="Сделка", code="contract"))
    pipelines = (
        PipelineFact(id="1", title="Продажи", stages=shared),
        PipelineFact(id="2", title="Сайт", stages=(*shared, StageFact(id="5", title="Бронь"))),
    )
    _, mapping = drafted(tmp_path, replace(ACCOUNT, kind="odoo", pipelines=pipelines))
    assert ["1", "4", "5"] == list(mapping.references[ReferenceKind.STAGE])


def test_a_pipeline_without_stages_makes_no_list(tmp_path):
    empty = (PipelineFact(id="7", title="Продажи", stages=()),)
    assert {} == drafted(tmp_path, replace(ACCOUNT, pipelines=empty))[1].references[ReferenceKind.STAGE]


def test_a_currency_stays_in_its_place(tmp_path):
    text = account_draft(replace(ACCOUNT, currency="RUB\nleads: {}"), "Europe/Moscow")
    assert 'currency: "RUB\\nleads: {}"' in text.splitlines()


def test_fields_that_fit_nothing_are_told_with_what_they_hold(tmp_path):
    assert "548214 Любимый цвет (а, б, в, г, д, …)" in drafted(tmp_path)[0]


@pytest.mark.parametrize("title", ["# \n  source: other", "'\"{[", "{{ x }}", "<script>", "+7 916 123-45-67"])
def test_no_title_breaks_the_draft_out_of_its_line(tmp_path, title):
    """Nor does a phone that somebody made a stage of stand in it."""
    stages = (StageFact(id="7:1", title=title),)
    hostile = Account(
        **{
            **vars(ACCOUNT),
            "pipelines": (PipelineFact(id="7", title=title, stages=stages),),
            "reasons": {"1": title},
            "fields": (FieldFact(id="1", title=title, values=(title,)),),
        }
    )
    text, mapping = drafted(tmp_path, hostile)
    assert ("amocrm", False) == (mapping.source, "+7 916" in text)


def test_an_account_of_amocrm_is_described(tmp_path, amo_crm):
    found = amo_crm.describe()
    _, mapping = drafted(tmp_path, found)
    assert ("RUB", ["Продажи", "Ипотека", "Подбор персонала"]) == (found.currency, [p.title for p in found.pipelines])
    assert {"contract", "rejected", "new"} <= {name.code for name in mapping.references[ReferenceKind.STAGE].values()}


def test_an_odoo_is_described(tmp_path, fake):
    found = fake.crm().describe()
    _, mapping = drafted(tmp_path, found)
    assert "contract" in {name.code for name in mapping.references[ReferenceKind.STAGE].values()}
    assert found.currency == mapping.currency
