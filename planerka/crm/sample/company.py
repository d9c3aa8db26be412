"""Who and what the sample company consists of, and how often each thing happens to it.

All names are invented. Tables are tuples in a fixed order: their positions are the codes of the simulation.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planerka.crm.sample import story
from planerka.model import ReferenceKind

ENQUIRIES = ("answered_call", "missed_call", "form", "chat", "other")
ANSWERED_CALL, MISSED_CALL, FORM, CHAT, OTHER = range(5)

STAGES = (
    ("S1", "Новый лид", "new"),
    ("S2", "Контакт установлен", "contact"),
    ("S3", "Квалифицирован", "qualified"),
    ("S4", "Встреча состоялась", "meeting"),
    ("S5", "Бронь", "booking"),
    ("S6", "ДДУ подписан", "contract"),
)
NEW, CONTACT, QUALIFIED, MEETING, BOOKING, CONTRACT = range(6)

REASONS = (
    ("R01", "Недозвон", "no_answer"),
    ("R02", "Дубль", "duplicate"),
    ("R03", "Спам, тест", "spam"),
    ("R04", "Не наш регион или проект", "out_of_area"),
    ("R05", "Бюджет ниже минимального", "low_budget"),
    ("R06", "Отказ в ипотеке", "mortgage_declined"),
    ("R07", "Нет подходящего лота или срока", "no_fit"),
    ("R08", "Дорого", "too_expensive"),
    ("R09", "Уже купил у другого", "bought_elsewhere"),
    ("R10", "Передумал, не сейчас", "not_now"),
    ("R11", "Риелтор, агент", "agent"),
    ("R12", "Ищет аренду, вакансию или подряд", "wrong_service"),
    ("R13", "Ошибка номера", "bad_number"),
    ("R14", "Просит не звонить", "do_not_call"),
)
(
    NO_ANSWER,
    DUPLICATE,
    SPAM,
    OUT_OF_AREA,
    LOW_BUDGET,
    MORTGAGE_DECLINED,
    NO_FIT,
    TOO_EXPENSIVE,
    BOUGHT_ELSEWHERE,
    NOT_NOW,
    AGENT,
    WRONG_SERVICE,
    BAD_NUMBER,
    DO_NOT_CALL,
) = range(14)

REASON_WEIGHTS = np.array(
    [
        [30, 0, 7, 7, 11, 2, 6, 9, 6, 12, 4, 5, 6, 2.5],
        [24, 0, 0, 0, 10, 6, 14, 18, 14, 20, 0, 0, 0, 1],
        [12, 0, 0, 0, 4, 12, 14, 30, 20, 18, 0, 0, 0, 0.5],
        [0, 0, 0, 0, 0, 45, 0, 20, 20, 15, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 20, 20, 15, 0, 0, 0, 0],
        [14, 0, 32, 4, 4, 0, 1, 3, 1, 3, 3, 20, 20, 1],
    ]
)
"""Reasons by the furthest step that was reached (none, qualified, meeting, booking, contract); last row: junk."""
JUNK_WEIGHTS_ROW = 5


@dataclass(frozen=True)
class Channel:
    """`weight` of all leads; `quality` multiplies the chance to qualify; `lead_cost` in roubles, None unknown.

    `enquiries` are the weights of `ENQUIRIES`.
    """

    id: str
    title: str
    weight: float
    quality: float
    lead_cost: int | None
    enquiries: tuple[float, float, float, float, float]


CHANNELS = (
    Channel("site", "Сайт", 17, 1.15, None, (25, 5, 45, 25, 0)),
    Channel("direct", "Яндекс Директ", 20, 1.0, 4_600, (30, 8, 47, 15, 0)),
    Channel("cian", "Циан", 14, 1.15, 3_900, (55, 15, 15, 15, 0)),
    Channel("avito", "Авито Недвижимость", 11, 0.8, 2_700, (40, 12, 3, 45, 0)),
    Channel("domclick", "Домклик", 8, 1.2, 3_100, (50, 12, 33, 5, 0)),
    Channel("vk", "VK Реклама", 10, 0.75, 2_900, (0, 0, 70, 30, 0)),
    Channel(story.JUNK_CHANNEL_ID, "Лидогенераторы (CPA)", 8, 0.3, 1_300, (3, 5, 90, 2, 0)),
    Channel("agencies", "Агентства недвижимости", 7, 1.6, None, (30, 3, 27, 0, 40)),
    Channel("referral", "Рекомендации клиентов", 5, 1.7, None, (65, 8, 22, 5, 0)),
)
CHANNEL_CODES = {channel.id: code for code, channel in enumerate(CHANNELS)}


@dataclass(frozen=True)
class Campaign:
    """A campaign takes `taken` of its channel's leads between two weeks, counted back from the anchor.

    `until_weeks_back` None means that it runs on. A promo code is known for `PROMO_CHANCE` of its leads.
    """

    id: str
    title: str
    channel_id: str
    from_weeks_back: int
    until_weeks_back: int | None
    taken: float
    promo_code: str | None = None


CAMPAIGNS = (
    Campaign("brand", "Брендовый поиск", "direct", 130, None, 0.3),
    Campaign("family", "Семейная ипотека", "vk", 78, None, 0.4),
    Campaign("start3", "Старт продаж: корпус 3", "cian", 30, 16, 0.5),
    Campaign("spring", "Весенняя скидка", "avito", 34, 24, 0.5, "VESNA"),
    Campaign("friend", "Приведи друга", "referral", 100, None, 0.6, "DRUG"),
    Campaign("studio", "Студии от застройщика", story.JUNK_CHANNEL_ID, 60, None, 0.7),
    Campaign("remarketing", "Ремаркетинг", "direct", 52, None, 0.15),
    Campaign(
        story.EARLY_CAMPAIGN_ID,
        "Паркинг в подарок",
        "direct",
        story.EARLY_CAMPAIGN_WEEKS_BACK,
        None,
        0.35,
        story.EARLY_PROMO_CODE,
    ),
)
PROMO_CHANCE = 0.75

MANAGERS = (
    ("M1", "Анна Ковалёва"),
    ("M2", "Дмитрий Орлов"),
    ("M3", "Сергей Тихонов"),
    ("M4", "Марина Белова"),
    ("M5", "Екатерина Жукова"),
    ("M6", "Павел Ершов"),
    ("M7", "Ольга Назарова"),
    ("M8", "Илья Громов"),
)
MANAGER_CODES = {id_: code for code, (id_, _) in enumerate(MANAGERS)}
RESPONSE_MEAN_MIN = np.array([6, 8, 9, 5, 7, 16, 6, 11])
"""Mean minutes to a first call, by manager."""

ACTOR_IDS = (*MANAGER_CODES, story.ANALYST_ID)
ANALYST = len(MANAGERS)

AGENCIES = (("AG1", "Новый адрес"), ("AG2", "Квартирный вопрос"), ("AG3", "Ключи и двери"), ("AG4", "Городской маклер"))
AGENCY_WEIGHTS = (35, 30, 20, 15)


@dataclass(frozen=True)
class Project:
    """`price_m2` roubles for a square metre of a two-room flat in the first week of the history."""

    id: str
    title: str
    weight: float
    price_m2: int


PROJECTS = (
    Project("P1", "ЖК «Северный парк»", 45, 158_000),
    Project("P2", "ЖК «Речные кварталы»", 35, 196_000),
    Project("P3", "Дом на Садовой", 20, 305_000),
)
PROJECT_UNKNOWN_CHANCE = 0.02


@dataclass(frozen=True)
class FlatType:
    """Areas in m²; `factor` multiplies the price of a square metre; `weight` of flats sold; `released_n` at once."""

    id: str
    least_m2: float
    most_m2: float
    factor: float
    weight: float
    released_n: int


FLAT_TYPES = (
    FlatType("studio", 21, 31, 1.16, 22, 70),
    FlatType("1", 33, 47, 1.06, 38, 110),
    FlatType("2", 50, 70, 1.0, 28, 80),
    FlatType("3", 74, 104, 0.95, 12, 40),
)

CURRENCY = "RUB"


def references() -> pd.DataFrame:
    """Rows of `model.Reference`: everything that an id of the sample may name."""
    kind = ReferenceKind
    rows = [
        *((kind.PROJECT, project.id, project.title, None) for project in PROJECTS),
        *((kind.CHANNEL, channel.id, channel.title, None) for channel in CHANNELS),
        *((kind.CAMPAIGN, campaign.id, campaign.title, None) for campaign in CAMPAIGNS),
        *((kind.MANAGER, *manager, None) for manager in MANAGERS),
        *((kind.AGENCY, *agency, None) for agency in AGENCIES),
        *((kind.STAGE, *stage) for stage in STAGES),
        *((kind.REASON, *reason) for reason in REASONS),
    ]
    return pd.DataFrame(
        [(str(kind), *rest) for kind, *rest in rows], columns=["kind", "id", "title", "code"], dtype=object
    )
