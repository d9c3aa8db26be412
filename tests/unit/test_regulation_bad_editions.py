"""Editions that an author got wrong: each refused with its line, its place in the regulation and the remedy."""

import re

import pytest

from planerka.errors import RulebookError
from planerka.regulation.editions import check, parse
from tests.builders_regulation import FIRST_EDITION

TEXT = FIRST_EDITION.read_text(encoding="utf-8")

MISTAKES = r"""
- field: attempts_n
+ field: attempt_n
! +0 clause 1.1: field 'attempt_n' is not in the catalogue: did you mean 'attempts_n'?

- at_least: 6}
+ at_lest: 6}
! +0 clause 1.1: unknown key 'at_lest': did you mean 'at_least'?

- at_least: 6}
+ at_least: six}
! +0 clause 1.1: expected a number, not six: write it as 15 or 0.2

- at_least: 6}
+ at_least: true}
! +0 clause 1.1: expected a number, not true: write it as 15 or 0.2

- at_least: 6}
+ at_least: .nan}
! +0 clause 1.1: expected a number, not .nan: write it as 15 or 0.2

- at_least: 6}
+ at_least: 6, at_most: 9}
! +0 clause 1.1: a test asks one thing: give `field` one of at_least, at_most, more_than, less_than, between,
! is, one_of, not_one_of, present, join by `all`

- at_least: 6}
+ between: [9, 6]}
! +0 clause 1.1: between has two ends, the lower first: write it as [3, 12]

- at_least: 6}
+ matches: '6+'}
! +0 clause 1.1: unknown key 'matches': use one of field, at_least, at_most, more_than, less_than, between, is,
! one_of, not_one_of, present

- number: "1.1"
+ number: 1.1
! +0 clause 1.1: number it as "1.1", in quotes

- number: "1.1"
+ number: "first"
! +0 clause first: number it as "1.1", in quotes

- number: "1.2"
+ number: "1.1"
! +0 clause 1.1: the number is taken: number on within the reason

- number: "2.1"
+ number: "1.9"
! +0 clause 1.9: the number is taken: number on within the reason

- consequence: fault
+ consequence: fine
! +0 clause 1.5: 'fine' is not one of void, fault: write one of them

- code: duplicate
+ code: no_answer
! +0 reason no_answer stands here twice: give each its own code

- legal: true
+ legal: maybe
! +0 reason no_answer: expected true or false, not maybe: write one of them

- legal: true
+ legal: false
! -3 reason no_answer: a legal reason has clauses and no other has: correct `legal`

- effective_on: 2024-01-01
+ effective_on: 01.01.2024
! +0 effective_on: '01.01.2024' is not a date: write it as 2024-01-31

- effective_on: 2024-01-01
+ effective_on: 2024-02-30
! +0 effective_on: there is no day 2024-02-30: look at the calendar

- effective_on: 2024-01-01
+ effective_on: "2023-13-01"
! +0 effective_on: there is no day 2023-13-01: look at the calendar

- edition: "2024-01-01"
+ edition: 2024-02-30
! +0 edition: expected a text, not 2024-02-30: put it in quotes

- edition: "2024-01-01"
+ edition: "2024\u202e-01-01"
! +0 edition: '2024\u202e-01-01' holds U+202E RIGHT-TO-LEFT OVERRIDE, which nobody sees who signs it: remove it

- en: No answer
+ en: "No \e[8m answer"
! +0 reason no_answer: 'No \x1b[8m answer' holds U+001B, which nobody sees who signs it: remove it

- at_least: 6}
+ at_least: "\e[31m6"}
! +0 clause 1.1: expected a number, not '\x1b[31m6': write it as 15 or 0.2

- edition: "2024-01-01"
+ edition: 2024-01-01
! +0 edition: expected a text, not 2024-01-01: put it in quotes

- en: Rejection regulation
+ en: Rejection regulation
+ title: Rejection regulation
! +1 unknown key 'title': use one of edition, effective_on, ru, en, norms, qualified, reasons

- first_response_min: 15
+ first_response_min: {missed_call: 5, form: 15, chat: 2}
! +0 norms: first_response_min: 'other' is missing: add it

- first_response_min: 15
+ first_response_min: {missed_call: 5, form: 15, chat: 2, others: 9}
! +0 norms: first_response_min: unknown key 'others': did you mean 'other'?

- first_response_min: 15
+ first_response_min: 15 minutes
! +0 norms: first_response_min: expected a number, not 15 minutes: write it as 15 or 0.2

- neglect_days: 5
+ neglect_days: 0
! +0 norms: neglect_days: expected a whole number from 1, not 0: correct it

- settling_hours: 24
+ settling_hours: 2000000000
! +0 norms: settling_hours: expected a whole number up to 10000, not 2000000000: correct it

- neglect_days: 5
+ neglect_days: 2.5
! +0 norms: neglect_days: expected a whole number from 1, not 2.5: correct it

-   neglect_days: 5
+   # neglect_days: 5
! -1 norms: 'neglect_days' is missing: add it

- returns_max: 2 
+ returns_max: 2
+   returns_max: 9 
! +1 the key 'returns_max' stands here twice or is no word: remove it

- appeal_hours: 16
+ appeal_hours: 0
! +0 norms: appeal_hours: expected a whole number from 1, not 0: correct it

- on_expiry: uphold
+ on_expiry: request_evidence
! +0 norms: on_expiry: 'request_evidence' is not one of uphold, return_to_work: write one of them

- blind_sample_percent: 5
+ blind_sample_percent: 101
! +0 norms: blind_sample_percent: expected a whole number up to 100, not 101: correct it

- is: open}
+ is: opened}
! +0 clause 2.4: original_state cannot be 'opened': did you mean 'open'?

- is: open}
+ not_one_of: [lost, gone]}
! +0 clause 2.4: original_state cannot be 'gone': use one of open, won, lost

- original_exists, is: true
+ original_exists, is: open
! +0 clause 2.2: original_exists is yes/no and cannot be 'open': use true or false

- has_met, is: false
+ has_met, at_least: 1
! +0 clause 3.2: has_met is yes/no, not a number: ask it with `is` or `present`

- has_met, is: false
+ has_met, between: [0, 1]
! +0 clause 3.2: has_met is yes/no, not a number: ask it with `is` or `present`

- wanted_area, present: true
+ wanted_area, is: true
! +0 clause 4.1: wanted_area is text: ask it with `present`

- wanted_area, present: true
+ wanted_area, present: false
! +0 clause 4.1: what nobody recorded cannot be asked for: write `present: true`

- wanted_area, present: true
+ wanted_area, absent: true
! +0 clause 4.1: unknown key 'absent': did you mean 'present'?

- less_than: {field: cheapest_payment_minor}
+ less_than: {field: longest_talk_s}
! +0 clause 5.2: budget_minor (minor units) cannot be compared with longest_talk_s (seconds): match the units

- field: has_met, is: true
+ field: has_meet, is: true
! +0 qualified: field 'has_meet' is not in the catalogue: did you mean 'has_met'?

- test: {field: attempts_n, at_least: 6}
+ test: 6
! +0 clause 1.1: expected the keys field: write them one a line

- test: {field: attempts_n, at_least: 6}
+ test: {all: []}
! +0 clause 1.1: expected a list of one or more: begin each line with a dash

- test: {field: attempts_n, at_least: 6}
+ test: {when: {field: has_met, is: true}}
! +0 clause 1.1: 'then' is missing: add it

- en: At least 6 outgoing call attempts were made before the rejection
! -2 clause 1.1: 'en' is missing: add it

- ru: Недозвон
+ ru:
! +0 reason no_answer: expected a text, not nothing: put it in quotes

- ru: Недозвон
+ ru: !!python/name:os.system
! +0 the tag tag:yaml.org,2002:python/name:os.system is not plain data: remove it

- reasons:
+ reasons: [
! +1 not YAML: did not find expected node content: correct the line or the indent above it
"""
"""What is written (-), what an author makes of it (+), how many lines away it is told, and what is said (!)."""


def mistakes() -> list[tuple[str, str, int, str]]:
    """The table: what is written, the whole text with the mistake, the line it is told for, and what is said."""
    found = []
    for block in MISTAKES.strip().split("\n\n"):
        lines = block.splitlines()
        written, mistake = ("\n".join(line[2:] for line in lines if line[0] == sign) for sign in "-+")
        away, _, said = " ".join(line[2:] for line in lines if line[0] == "!").partition(" ")
        line = TEXT[: TEXT.index(written)].count("\n") + 1 + int(away)
        found.append((written, TEXT.replace(written, mistake, 1), line, said))
    return found


@pytest.mark.parametrize("written, text, line, said", mistakes())
def test_a_mistake_in_an_edition_is_refused_with_its_line_and_the_remedy(
    written: str, text: str, line: int, said: str
) -> None:
    """The author of a rule is no programmer: the message must say where, what and what to do."""
    assert [f"draft.yaml:{line}: {said}"] == list(check(text, "draft.yaml"))


def test_there_are_more_than_thirty_such_mistakes() -> None:
    """No two of them are told in the same words at the same place."""
    assert 30 < len({(line, said) for _, _, line, said in mistakes()})


TOGETHER = {
    "reasons and tests": (
        {"at_least: 6}": "at_least: six}", "is: open}": "is: opened}", "legal: true": "legal: 1"},
        [
            "reason no_answer: expected true or false, not 1: write one of them",
            "clause 1.1: expected a number, not six: write it as 15 or 0.2",
            "clause 2.4: original_state cannot be 'opened': did you mean 'open'?",
        ],
    ),
    "the head, and what stands below it": (
        {
            "effective_on: 2024-01-01": "effective_on: soon",
            "en: Rejection regulation": "title: Rejection regulation",
            "neglect_days: 5": "neglect_days: 0",
            "settling_hours: 24": "settling_hour: 24",
            "returns_max: 2": "returns_max: many",
            "field: has_met, is: true": "field: has_meet, is: true",
            "{field: attempts_n, at_least: 6}": "{field: attempt_n, at_least: 6}",
        },
        [
            "'en' is missing: add it",
            "effective_on: 'soon' is not a date: write it as 2024-01-31",
            "unknown key 'title': use one of edition, effective_on, ru, en, norms, qualified, reasons",
            "norms: neglect_days: expected a whole number from 1, not 0: correct it",
            "norms: unknown key 'settling_hour': did you mean 'settling_hours'?",
            "norms: returns_max: expected a number, not many: write it as 15 or 0.2",
            "qualified: field 'has_meet' is not in the catalogue: did you mean 'has_met'?",
            "clause 1.1: field 'attempt_n' is not in the catalogue: did you mean 'attempts_n'?",
        ],
    ),
    "one clause": (
        {
            '"1.2"': '"1.1"',
            "ru: Попытки сделаны не менее чем в 3 разных дня": "ru: 3",
            "en: The attempts were made on at least 3 different days": "consequence: fine",
            "{field: attempt_days_n, at_least: 3}": "{all: [{field: x, at_least: y}, {field: z, present: true}]}",
        },
        [
            "clause 1.1: the number is taken: number on within the reason",
            "clause 1.1: 'en' is missing: add it",
            "clause 1.1: expected a text, not 3: put it in quotes",
            "clause 1.1: 'fine' is not one of void, fault: write one of them",
            "clause 1.1: expected a number, not y: write it as 15 or 0.2",
            "clause 1.1: field 'z' is not in the catalogue: use one of",
        ],
    ),
    "what is no plain data, and all else": (
        {
            "ru: Недозвон": "ru: &name Недозвон",
            "ru: Дубль": "ru: *name",
            "returns_max: 2 ": "returns_max: 2\n  returns_max: 9 ",
            "{field: original_state, is: open}": "{field: original_state, not_one_of: [lst, won, wn]}",
        },
        [
            "the key 'returns_max' stands here twice or is no word: remove it",
            "a YAML alias hides what is signed: write the value out",
            "clause 2.4: original_state cannot be 'lst': did you mean 'lost'?",
            "clause 2.4: original_state cannot be 'wn': did you mean 'won'?",
        ],
    ),
}


@pytest.mark.parametrize("changes, said", TOGETHER.values(), ids=TOGETHER)
def test_every_problem_is_reported_at_once(changes: dict[str, str], said: list[str]) -> None:
    """Otherwise an author mends a file one run at a time."""
    text = TEXT
    for written, mistake in changes.items():
        assert written in text
        text = text.replace(written, mistake, 1)
    found = check(text, "draft.yaml")
    assert said == [line.split(": ", 1)[1][: len(expected)] for line, expected in zip(found, said, strict=True)]
    with pytest.raises(RulebookError, match=re.escape(found[-1])):
        parse(text, "draft.yaml")


@pytest.mark.parametrize(
    "text", ["", "# nothing", "[]", "just words", "{{{", "\x00", "- &a [*a]", "[" * 100_000, "\ud800"]
)
def test_a_file_that_is_no_edition_is_refused(text: str) -> None:
    """Whatever is uploaded, the answer is a sentence, not a traceback."""
    assert {"draft.yaml"} == {problem.split(":")[0] for problem in check(text, "draft.yaml")}


def test_an_alias_is_refused() -> None:
    """A reader of the signed text must see every word of it where it counts."""
    text = TEXT.replace("ru: Недозвон", "ru: &name Недозвон", 1).replace("ru: Дубль", "ru: *name", 1)
    assert ["draft.yaml"] == [problem.split(":")[0] for problem in check(text, "draft.yaml") if "alias" in problem]
