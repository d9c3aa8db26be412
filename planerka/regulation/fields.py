"""The catalogue of evidence: every fact that a clause may ask about, once.

`evidence.py` computes a column for each, `clauses.py` checks an edition against it, `findings.py` speaks its
titles, and the table of docs/regulation.md is made from it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from planerka.model import BudgetKind, Enquiry


class FieldKind(StrEnum):
    """Type and unit. A `text` is known only as recorded or not: its words stay in the CRM."""

    COUNT = "count"
    MINUTES = "working minutes"
    SECONDS = "seconds"
    DAYS = "days"
    MONTHS = "months"
    MONEY = "minor units"
    YES_NO = "yes/no"
    CODE = "code"
    TEXT = "text"


NUMBERS = (
    FieldKind.COUNT,
    FieldKind.MINUTES,
    FieldKind.SECONDS,
    FieldKind.DAYS,
    FieldKind.MONTHS,
    FieldKind.MONEY,
)


@dataclass(frozen=True)
class Field:
    """One fact about a rejection as it stood at that moment.

    `needs` are names of `Crm.lacks`: a source that lacks one of them cannot be asked. `unknown_when` is said of
    a source that has them all. `codes` are the values of a code, in the order of the column's categories.
    """

    name: str
    kind: FieldKind
    ru: str
    en: str
    needs: tuple[str, ...]
    unknown_when: str
    codes: tuple[str, ...] = ()

    @property
    def is_of_card(self) -> bool:
        """Whether it is what the card of the rejection says under this name; a card does not tell since when."""
        return self.needs == (f"rejection.{self.name}",)

    def missing(self, lacks: Collection[str]) -> tuple[str, ...]:
        """What of its needs a source lacks, a noun standing for all its fields."""
        return tuple(need for need in self.needs if need in lacks or need.partition(".")[0] in lacks)


NEVER = "never: none found is zero"
BLANK = "the card does not say"
NO_ORIGINAL = "no original is given, or it is not in the CRM"
ORIGINAL_STATES = ("open", "won", "lost")
STAGES = ("enquiry", "qualified", "meeting", "booking", "contract")
CALLS = ("event.call_out", "event.call_in", "event.duration_s")


def card(name: str, kind: FieldKind, ru: str, en: str, codes: tuple[str, ...] = ()) -> Field:
    """A fact that stands on the rejected lead's card, under its own name."""
    return Field(name, kind, ru, en, (f"rejection.{name}",), BLANK, codes)


FIELDS = (
    Field(
        "attempts_n",
        FieldKind.COUNT,
        "Попыток дозвона",
        "Outgoing call attempts",
        ("event.call_out",),
        NEVER,
    ),
    Field(
        "attempt_days_n",
        FieldKind.COUNT,
        "Дней с попытками дозвона",
        "Days with a call attempt",
        ("event.call_out",),
        NEVER,
    ),
    Field(
        "attempt_hours_n",
        FieldKind.COUNT,
        "Разных часов дня, в которые звонили",
        "Different hours of the day with a call attempt",
        ("event.call_out",),
        NEVER,
    ),
    Field(
        "messages_n",
        FieldKind.COUNT,
        "Отправлено сообщений",
        "Messages sent",
        ("event.message_out",),
        NEVER,
    ),
    Field(
        "first_attempt_min",
        FieldKind.MINUTES,
        "Первая попытка дозвона после обращения",
        "First call attempt after the enquiry",
        ("lead.created_at", "event.call_out"),
        "the lead has no creation time",
    ),
    Field(
        "first_response_min",
        FieldKind.MINUTES,
        "Первый ответ клиенту после обращения",
        "First response to the client after the enquiry",
        ("lead.created_at", "event.call_out", "event.message_out"),
        "the lead has no creation time",
    ),
    Field(
        "enquiry",
        FieldKind.CODE,
        "Вид обращения",
        "Kind of enquiry",
        ("lead.enquiry",),
        "the source does not tell how the client came",
        tuple(Enquiry),
    ),
    Field(
        "longest_talk_s",
        FieldKind.SECONDS,
        "Самый долгий разговор",
        "Longest talk",
        CALLS,
        "a call that may have been answered has no length",
    ),
    Field(
        "not_in_service_n",
        FieldKind.COUNT,
        "Попыток с ответом «номер не обслуживается»",
        "Attempts that ended “not in service”",
        ("event.call_out", "event.outcome"),
        "an attempt has no outcome",
    ),
    Field(
        "stage_reached",
        FieldKind.CODE,
        "Самая дальняя ступень воронки",
        "Furthest step of the funnel",
        ("event.qualified", "event.meeting_held", "event.booked", "event.contract_signed"),
        "never: without a step it is an enquiry",
        STAGES,
    ),
    Field(
        "has_met",
        FieldKind.YES_NO,
        "Лид доходил до встречи",
        "The lead reached a meeting",
        ("event.meeting_held",),
        NEVER,
    ),
    Field(
        "reopened_n",
        FieldKind.COUNT,
        "Сколько раз лид возвращали в работу",
        "Times the lead was returned to work",
        ("event.reopened",),
        NEVER,
    ),
    Field(
        "has_next_task",
        FieldKind.YES_NO,
        "По лиду поставлена задача, срок которой ещё не наступил",
        "The lead has a task that is not due yet",
        ("event.task_set", "event.due_at"),
        "no task is known to be due later, and one has no due time",
    ),
    Field(
        "phone_is_valid",
        FieldKind.YES_NO,
        "Номер существует по плану нумерации",
        "The phone number fits the numbering plan",
        ("lead.phone_is_valid",),
        "the lead has no phone",
    ),
    card("comment", FieldKind.TEXT, "Комментарий к отказу", "Comment on the rejection"),
    card("duplicate_of_id", FieldKind.TEXT, "Номер исходного лида", "Id of the original lead"),
    Field(
        "original_exists",
        FieldKind.YES_NO,
        "Исходный лид есть в CRM",
        "The original lead is in the CRM",
        ("rejection.duplicate_of_id",),
        "no original is given",
    ),
    Field(
        "original_is_same_client",
        FieldKind.YES_NO,
        "Исходный лид того же клиента",
        "The original lead is the same client's",
        ("rejection.duplicate_of_id", "lead.client_id"),
        NO_ORIGINAL + ", or a client is not known",
    ),
    Field(
        "original_is_older",
        FieldKind.YES_NO,
        "Исходный лид создан раньше",
        "The original lead is older",
        ("rejection.duplicate_of_id", "lead.created_at"),
        NO_ORIGINAL + ", or a creation time is not known",
    ),
    Field(
        "original_state",
        FieldKind.CODE,
        "Состояние исходного лида",
        "State of the original lead",
        ("rejection.duplicate_of_id", "event.rejected", "event.contract_signed"),
        NO_ORIGINAL,
        ORIGINAL_STATES,
    ),
    Field(
        "original_won_days",
        FieldKind.DAYS,
        "Дней от договора по исходному лиду",
        "Days since the original lead's contract",
        ("rejection.duplicate_of_id", "event.contract_signed"),
        NO_ORIGINAL + ", or it is not won",
    ),
    card("wanted_area", FieldKind.TEXT, "Желаемый район или проект", "Wanted area or project"),
    card("wanted_area_is_ours", FieldKind.YES_NO, "Там есть наши проекты", "One of our projects is there"),
    card("wish", FieldKind.TEXT, "Пожелания клиента", "The client's wish"),
    card("lots_matching_n", FieldKind.COUNT, "Подходящих лотов в продаже", "Matching lots for sale"),
    card("budget_minor", FieldKind.MONEY, "Бюджет клиента", "The client's budget"),
    card(
        "budget_kind",
        FieldKind.CODE,
        "Вид бюджета",
        "What the budget means",
        tuple(BudgetKind),
    ),
    Field(
        "cheapest_price_minor",
        FieldKind.MONEY,
        "Самая низкая цена лота в продаже",
        "Lowest price of a lot for sale",
        ("stock.min_price_minor",),
        "no price list by that day, a price is missing from it, or it has several currencies",
    ),
    Field(
        "cheapest_payment_minor",
        FieldKind.MONEY,
        "Самый низкий ежемесячный платёж по лоту в продаже",
        "Lowest monthly payment for a lot for sale",
        ("stock.min_payment_minor",),
        "no price list by that day, a payment is missing from it, or it has several currencies",
    ),
    card(
        "instalments_discussed",
        FieldKind.YES_NO,
        "Рассрочка или ипотека обсуждались",
        "Instalments or a mortgage were discussed",
    ),
    card("mortgage_applied", FieldKind.YES_NO, "Заявка на ипотеку подана", "A mortgage was applied for"),
    card("mortgage_decision", FieldKind.TEXT, "Решение банка", "The bank's decision"),
    card(
        "other_banks_offered",
        FieldKind.YES_NO,
        "Предложены другие банки или рассрочка",
        "Other banks or instalments were offered",
    ),
    card("nurture_listed", FieldKind.YES_NO, "Клиент в списке нагрева", "The client is on the nurture list"),
    card("offer", FieldKind.TEXT, "Сделанное предложение", "The offer that was made"),
    card("competitor", FieldKind.TEXT, "Застройщик, у которого купил клиент", "The competitor the client bought from"),
    card("horizon_months", FieldKind.MONTHS, "Срок, на который отложена покупка", "Months until the client may buy"),
    card("passed_to_agency_desk", FieldKind.YES_NO, "Передан в отдел агентств", "Passed to the agency desk"),
    card(
        "wrong_service_said",
        FieldKind.YES_NO,
        "Из текста обращения ясно, что нужна не покупка",
        "The enquiry itself asks for another service",
    ),
    Field(
        "asked_not_to_call",
        FieldKind.YES_NO,
        "Клиент просил не звонить",
        "The client asked not to be called",
        ("rejection.asked_not_to_call",),
        BLANK + " and consent was not withdrawn",
    ),
)

CATALOGUE = {field.name: field for field in FIELDS}
