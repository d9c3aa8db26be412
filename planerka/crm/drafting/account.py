"""A mapping of an account, drafted from what its CRM says of itself."""

from collections.abc import Iterator, Mapping, Sequence

from planerka.crm.base import Account, FieldFact, PipelineFact
from planerka.crm.drafting.lines import BLANK, braces, line, remark, scalar, switched_off, told
from planerka.crm.drafting.matching import HALF, code_of, fit
from planerka.crm.drafting.vocabulary import LEADS, REASON_CODES, STAGE_CODES

OTHER_TRADES = "подбор|ваканс|hr|кандидат|recruit|закуп|аренд|сервис|партнер|поставщик"
"""Words of pipelines that sell no flats."""

CARD = tuple(name for name in LEADS if name.endswith("_id") and name not in ("client_id", "stage_id", "manager_id"))
CARD = (*CARD, "enquiry", "promo_code")
REJECTION = tuple(name for name in LEADS if name.startswith("rejection."))


def account_draft(account: Account, time_zone: str | None) -> str:
    """The text of a mapping file, every guess marked with a question mark; `time_zone` is that of the settings."""
    zone = time_zone or account.time_zone
    lines = [
        *remark(0, f"Drafted from {account.address}. A remark that begins with a question mark asks you to look."),
        line(0, "source", account.kind, "part of every key in the store: choose it now, and do not change it later"),
        line(
            0,
            "currency",
            scalar(account.currency) if account.currency else BLANK,
            "" if account.currency else "? write it as RUB",
        ),
        line(0, "time_zone", scalar(zone) if zone else BLANK, "" if zone else "? write it as Europe/Moscow"),
        *pipeline_lines(account.pipelines, of_sales(account.pipelines)),
        *card_lines(account.fields),
        *contract_lines(),
        *reference_lines(account),
    ]
    return "\n".join([*lines, ""])


def of_sales(pipelines: Sequence[PipelineFact]) -> Sequence[PipelineFact]:
    """Those whose titles tell of no other trade; all of them where every title does, for flats are sold somewhere."""
    return [pipeline for pipeline in pipelines if not is_of_another_trade(pipeline)] or pipelines


def is_of_another_trade(pipeline: PipelineFact) -> bool:
    return code_of(pipeline.title, {"other": OTHER_TRADES}) is not None


def pipeline_lines(pipelines: Sequence[PipelineFact], sales: Sequence[PipelineFact]) -> Iterator[str]:
    numbered = [pipeline for pipeline in pipelines if pipeline.id]
    if not numbered:
        return
    yield from ("", *remark(0, "? The pipelines in which flats are sold: leads of the others are passed over."))
    yield "pipelines:"
    for pipeline in numbered:
        doubt = "? " if is_of_another_trade(pipeline) and pipeline in sales else ""
        entry = f"  - {scalar(pipeline.id or '')}  # {doubt}{' '.join(told(pipeline.title))}"
        yield entry if pipeline in sales else f"  # {entry.strip()}"


def card_lines(fields: tuple[FieldFact, ...]) -> Iterator[str]:
    """What the company's own fields may hold, and those that fit nothing."""
    found = guessed(fields)
    yield from ("", "leads:")
    yield from part_lines("columns", {name: found[name] for name in CARD if name in found})
    yield from part_lines("rejection", {name.partition(".")[2]: found[name] for name in REJECTION if name in found})
    left = [field for field in fields if field not in found.values()]
    if left:
        yield from remark(1, f"Of other fields nothing is known: {', '.join(map(shown, left))}.")


def part_lines(part: str, found: Mapping[str, FieldFact]) -> Iterator[str]:
    yield line(1, part, "" if found else "{}", "" if found else "? no field of the cards was recognized")
    yield from (line(2, name, scalar(field.id), f"? {field.title}") for name, field in found.items())


def guessed(fields: tuple[FieldFact, ...]) -> Mapping[str, FieldFact]:
    """The field that fits each name best, each for one name at most."""
    fits = [
        (score, -place, name)
        for place, field in enumerate(fields)
        for name in (*CARD, *REJECTION)
        if (score := fit(field.title, LEADS[name])) >= HALF
    ]
    found: dict[str, FieldFact] = {}
    for _, place, name in sorted(fits, reverse=True):
        field = fields[-place]
        if name not in found and field not in found.values():
            found[name] = field
    return found


def shown(field: FieldFact) -> str:
    values = f" ({', '.join(field.values[:5])}{', …' if len(field.values) > 5 else ''})" if field.values else ""
    return f"{field.id} {field.title}{values}"


def contract_lines() -> list[str]:
    """Which cards are contracts, to be switched on: the unit kind, for one, no CRM knows by itself."""
    return [
        "",
        *remark(0, "Contracts (ДДУ): the cards that are won, with the sum of the deal. Correct it, and switch it on."),
        *switched_off(
            [
                "contracts:",
                "  when: {column: status, in: [won]}",
                "  columns:",
                "    signed_at: closed_at",
                "    price_minor: price",
                "    unit_kind: {constant: flat}",
            ]
        ),
    ]


def reference_lines(account: Account) -> Iterator[str]:
    yield from ("", *remark(0, "What the stages and reasons mean. Codes that the CRM does not tell are guesses."))
    yield "references:"
    sales = of_sales(account.pipelines)
    yield line(1, "stage", "" if any(pipeline.stages for pipeline in sales) else "{}")
    yield from stage_lines(sales)
    nothing = "" if account.reasons else "? none is set up, and planerka judges a rejection by its reason: make a list"
    yield line(1, "reason", "" if account.reasons else "{}", nothing)
    for id_, title in account.reasons.items():
        yield coded_line(id_, title, None, code_of(title, REASON_CODES))


def stage_lines(pipelines: Sequence[PipelineFact]) -> Iterator[str]:
    """Each stage once, with the first pipeline that has it: the teams of Odoo share theirs."""
    seen: set[str] = set()
    for pipeline in pipelines:
        yield from remark(2, pipeline.title)
        for stage in pipeline.stages:
            if stage.id not in seen:
                yield coded_line(stage.id, stage.title, stage.code, code_of(stage.title, STAGE_CODES))
        seen |= {stage.id for stage in pipeline.stages}


def coded_line(id_: str, title: str, code: str | None, guess: str | None) -> str:
    said = title if code else f"? {title}" if guess else f"? {title}: no guess, write {{code: …}}"
    return line(2, id_, braces({"code": found}) if (found := code or guess) else "{}", said)
