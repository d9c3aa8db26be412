"""The published schema of an edition is the one in the code, and agrees with what `planerka regulation check` says."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from planerka.errors import RulebookError
from planerka.regulation.editions import check
from planerka.regulation.schema import edition_schema
from planerka.rulebook.document import read_document
from planerka.rulebook.edition_reader import canonical
from planerka.rulebook.regulation import OPERATORS
from tests.builders_regulation import EDITION, FIRST_EDITION
from tests.unit.test_regulation_bad_editions import TEXT, mistakes

PUBLISHED = FIRST_EDITION.with_name("edition.schema.json")
VALIDATOR = Draft7Validator(edition_schema(), format_checker=FormatChecker())

ELSEWHERE = ("is taken", "stands here twice", "the lower first", "not .nan", "not 2024-01-01", "nobody sees")
"""What no schema can tell: it sees one place at a time, no repeated key, values as JSON has them, any sign."""


def is_valid(text: str) -> bool:
    return VALIDATOR.is_valid(json.loads(canonical(read_document(text))))


def test_the_published_schema_is_the_one_in_the_code() -> None:
    """`planerka regulation schema > rulebook/regulation/edition.schema.json` writes it anew."""
    Draft7Validator.check_schema(edition_schema())
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == edition_schema()


def test_an_editor_finds_the_schema_of_the_example() -> None:
    """By a line that the YAML language server knows; the file lies beside the edition."""
    first = FIRST_EDITION.read_text(encoding="utf-8").partition("\n")[0]
    assert f"# yaml-language-server: $schema={PUBLISHED.name}" == first


def test_the_example_is_valid() -> None:
    assert [] == list(VALIDATOR.iter_errors(json.loads(EDITION.content)))


@pytest.mark.parametrize("text, said", [(text, said) for _, text, _, said in mistakes()])
def test_the_schema_refuses_what_the_check_refuses(text: str, said: str) -> None:
    """An author sees it while writing; the few that no schema can tell are told by the check."""
    try:
        is_seen = not is_valid(text)
    except RulebookError:
        return  # no YAML: every editor says so
    assert is_seen != any(words in said for words in ELSEWHERE)


ASKED: dict[str, Any] = {
    "at_least": "{field: attempts_n, at_least: 0.5}",
    "at_most": "{field: attempts_n, at_most: {field: messages_n}}",
    "more_than": "{field: budget_minor, more_than: {field: cheapest_price_minor, times: 0.2}}",
    "less_than": "{field: longest_talk_s, less_than: 30}",
    "between": "{field: horizon_months, between: [3, 12]}",
    "is": "{field: budget_kind, is: full_price}",
    "one_of": "{field: original_state, one_of: [open]}",
    "not_one_of": "{field: original_state, not_one_of: [open, lost]}",
    "present": "{field: attempts_n, present: true}",
    "when": "{when: {field: has_met, is: true}, then: {any: [{all: [{field: wish, present: true}]}]}}",
}


REASONS = """reasons:
  - {code: whim, ru: Каприз, en: Whim, legal: false}
  - code: no_answer
    ru: Недозвон
    en: No answer
    legal: true
    clauses:
      - {number: "1.1", ru: Пункт, en: Clause, consequence: fault, test:"""


@pytest.mark.parametrize("test", ASKED.values(), ids=ASKED)
def test_the_schema_allows_what_the_check_allows(test: str) -> None:
    """An editor that paints a good rule red would be switched off."""
    text = f"{TEXT.partition('reasons:')[0]}{REASONS} {test}}}"
    assert ((), True) == (check(text, "draft.yaml"), is_valid(text))


def test_every_operator_is_tried() -> None:
    assert set(OPERATORS) <= set(ASKED)
