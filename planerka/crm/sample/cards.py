"""The card of a lead at its rejection: what the manager wrote down, which is the evidence that is no event.

A lawful card has what the reason needs; an unlawful one contradicts it; an unprovable one leaves a field empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.crm.sample.company import (
    AGENT,
    BOUGHT_ELSEWHERE,
    DO_NOT_CALL,
    DUPLICATE,
    LOW_BUDGET,
    MORTGAGE_DECLINED,
    NO_FIT,
    NOT_NOW,
    OUT_OF_AREA,
    TOO_EXPENSIVE,
    WRONG_SERVICE,
)
from planerka.crm.sample.dice import Bools, Dice, Floats, Ints
from planerka.crm.sample.fates import LAWFUL, UNLAWFUL, UNPROVABLE
from planerka.crm.sample.leads import Columns, World
from planerka.crm.sample.market import cheapest
from planerka.crm.sample.text import category, event_ids, framed, lead_ids
from planerka.model import BudgetKind, Rejection

COMMENTS = (
    "Не берёт трубку",
    "Уже есть карточка этого клиента",
    "Пустая заявка, похоже на тест",
    "Хочет в другом районе",
    "Бюджет не проходит",
    "Банк отказал",
    "Нет подходящей планировки",
    "Считает, что дорого",
    "Купил у другого застройщика",
    "Отложил покупку",
    "Звонил риелтор",
    "Обращение не по продаже квартир",
    "Номер не обслуживается",
    "Просит больше не звонить",
)
AREAS = ("Центр", "Южный район", "Заречье", "Пригород", "Северный парк")
WISHES = ("Двухкомнатная с террасой", "Сдача в этом году", "Первый этаж с палисадником", "Евротрёшка до 60 м²")
OFFERS = ("Рассрочка на 12 месяцев", "Скидка 3 % при полной оплате", "Другой корпус", "Студия вместо однокомнатной")
COMPETITORS = ("Застройщик «Горизонт»", "Застройщик «Маяк»", "Вторичный рынок", "Застройщик «Новый берег»")
FULL_PRICE = 0
ROUNDED_MINOR = 100_000
DECLINED = "declined"


@dataclass(frozen=True)
class Losses(Columns):
    """One row a rejection: its event's number, its lead (number, earlier lead), why, how sound, and when."""

    number: Ints
    lead: Ints
    prior: Ints
    reason: Ints
    proof: Ints
    rejected_s: Ints


def cards_of(world: World, losses: Losses) -> pd.DataFrame:
    """Rows of `model.Rejection`, one for each of the losses."""
    columns = {"id": event_ids(losses.number), "lead_id": lead_ids(losses.lead)}
    columns |= words(world.dice, losses) | money(world, losses) | answers(losses)
    return framed(columns)[[field.name for field in fields(Rejection)]]


def words(dice: Dice, losses: Losses) -> dict[str, Any]:
    """The fields that hold text."""
    reason, is_provable = losses.reason, losses.proof != UNPROVABLE

    def chosen(name: str, choices: Sequence[str], mask: Bools) -> pd.Categorical:
        drawn = dice.between(f"card {name}", losses.number, 0, len(choices) - 1)
        return category(np.where(mask, drawn, -1), choices)

    has_comment = dice.hit("comment", losses.number, 0.7)
    return {
        "comment": category(np.where(has_comment, reason, -1), COMMENTS),
        "duplicate_of_id": duplicates(losses),
        "wanted_area": chosen("area", AREAS, reason == OUT_OF_AREA),
        "wish": chosen("wish", WISHES, reason == NO_FIT),
        "mortgage_decision": chosen("decision", (DECLINED,), (reason == MORTGAGE_DECLINED) & is_provable),
        "offer": chosen("offer", OFFERS, (reason == TOO_EXPENSIVE) & is_provable),
        "competitor": chosen("competitor", COMPETITORS, (reason == BOUGHT_ELSEWHERE) & is_provable),
    }


def duplicates(losses: Losses) -> NDArray[np.object_]:
    """The lead that is named as the original: the client's own, a stranger's, or none."""
    is_named = (losses.reason == DUPLICATE) & (losses.proof != UNPROVABLE)
    original = np.where(losses.proof == LAWFUL, losses.prior, losses.lead - 3)
    ids = np.full(len(original), None, dtype=object)
    ids[is_named] = lead_ids(original[is_named])
    return ids


def money(world: World, losses: Losses) -> dict[str, Any]:
    """Budget and its kind. A low one is well below the cheapest lot of the company, on whichever footing."""
    dice, number, is_low = world.dice, losses.number, losses.reason == LOW_BUDGET
    kind = dice.pick("budget kind", number, (60, 15, 25))
    is_enough = is_low & (losses.proof == UNLAWFUL) & is_first_way(losses)
    kind = np.where(is_enough | ~is_low, FULL_PRICE, kind)
    price, payment = cheapest(world.timeline, losses.rejected_s)
    floor = np.choose(kind, (price, price * 0.05, payment))
    level = np.where(is_low & ~is_enough, 0.5, 2.5) + 0.4 * dice.share("budget", number)
    is_known = is_low | dice.hit("budget known", number, 0.35)
    is_kind_known = is_known & ~(is_low & (losses.proof == UNPROVABLE))
    return {
        "budget_minor": np.where(is_known, np.floor(floor * level / ROUNDED_MINOR) * ROUNDED_MINOR, np.nan),
        "budget_kind": category(np.where(is_kind_known, kind, -1), tuple(BudgetKind)),
        "lots_matching_n": lots_matching(dice, losses),
        "horizon_months": horizon_months(dice, losses),
    }


def lots_matching(dice: Dice, losses: Losses) -> Floats:
    """Lots that fitted the wish on that day: none where the rejection is lawful."""
    is_asked = (losses.reason == NO_FIT) & (losses.proof != UNPROVABLE)
    has_lots = (losses.proof == UNLAWFUL) & is_first_way(losses)
    found_n = np.where(has_lots, dice.between("lots", losses.number, 1, 6), 0)
    return np.where(is_asked, found_n, np.nan)


def horizon_months(dice: Dice, losses: Losses) -> Floats:
    """When the client means to buy: within a year belongs to nurturing."""
    far, near = dice.between("far", losses.number, 13, 36), dice.between("near", losses.number, 1, 12)
    is_known = (losses.reason == NOT_NOW) & (losses.proof != UNPROVABLE)
    return np.where(is_known, np.where(losses.proof == LAWFUL, far, near), np.nan)


def answers(losses: Losses) -> dict[str, Any]:
    """The yes-or-no fields."""
    reason, lawful, unlawful = losses.reason, losses.proof == LAWFUL, losses.proof == UNLAWFUL
    unprovable, other_way = losses.proof == UNPROVABLE, unlawful & ~is_first_way(losses)
    is_low, is_declined, is_unfit = reason == LOW_BUDGET, reason == MORTGAGE_DECLINED, reason == NO_FIT
    return {
        "wanted_area_is_ours": yes_no((reason == OUT_OF_AREA) & ~unprovable, unlawful),
        "instalments_discussed": yes_no(is_low | is_declined, is_low & ~other_way),
        "mortgage_applied": yes_no(is_low | is_declined, is_declined),
        "other_banks_offered": yes_no(is_declined, ~unlawful),
        "nurture_listed": yes_no(is_unfit, ~other_way),
        "passed_to_agency_desk": yes_no((reason == AGENT) & ~unprovable, lawful),
        "asked_not_to_call": yes_no((reason == DO_NOT_CALL) & ~unprovable, lawful),
        "wrong_service_said": yes_no((reason == WRONG_SERVICE) & ~unprovable, lawful),
    }


def yes_no(is_known: Bools, is_yes: Bools) -> pd.api.extensions.ExtensionArray:
    """Yes or no where it was written down, missing elsewhere."""
    return pd.arrays.BooleanArray(is_yes.copy(), ~is_known)


def is_first_way(losses: Losses) -> Bools:
    """Which of two ways an unlawful card goes wrong."""
    return losses.number // 10_000 % 2 == 0
