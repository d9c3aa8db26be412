"""What CRMs and spreadsheets call things, in Russian and English: amoCRM, Bitrix24, Odoo, 1C, Excel.

A phrase is made of the beginnings of words, in any order: "дат созд" is found in `Дата создания сделки`. A word of
two letters or less must be whole. Among phrases that fit, the one that leaves fewest words of the header over wins.
"""

LEADS = {
    "id": "id|№|lead id|id лид|id сделк|id заявк|номер лид|номер заявк|номер|lead number|mql id|deal id|external id|"
    "код",
    "created_at": "created|create date|created at|created on|дат созд|дат обращ|дат заявк|дат лид|дат поступл|"
    "first contact date|lead date|date|дат",
    "updated_at": "updated|modified|last update|дат измен|дат редактир|дат обновл|modified on",
    "client_id": "client id|contact id|customer id|partner id|id контакт|id клиент|код клиент",
    "phone": "phone|mobile|телефон|рабоч телефон|мобильн телефон|номер телефон|основн телефон|контактн телефон|тел",
    "enquiry": "тип обращ|вид обращ|enquiry type|lead type|тип лид|тип заявк",
    "channel_id": "source|lead source|origin|источник|источник сделк|источник лид|канал|рекламн канал|channel|"
    "utm source",
    "campaign_id": "campaign|кампани|utm campaign|рекламн кампани|landing page|лендинг",
    "promo_code": "promo|промокод|promo code|промо код",
    "project_id": "project|проект|жк|жил комплекс|объект|residential complex",
    "manager_id": "manager|менеджер|ответствен|owner|salesperson|responsible|assigned|sdr id|owner employee",
    "agency_id": "agency|агентств|партнер",
    "stage_id": "stage|этап|этап сделк|стади|статус|status|статус лид|воронк этап",
    "reason_id": "причин отказ|причин провал|lost reason|reject reason|reason|disqualif reason|причин закрыт|причин",
    "url": "url|link|ссылк",
    "dates.qualified": "дат квалиф|qualified date|qualified at|qualified on",
    "dates.rejected": "дат отказ|reject date|rejected at|rejected on|rejected|disqualif date|disqualified at|lost date|"
    "lost at|lost on|lost|closed lost date|дат провал|дат проигрыш|отказ от",
    "dates.closed": "дат закрыт|дат заверш|закрыт|close date|closed at|closed on|date closed|closed|close time",
    "dates.meeting_held": "дат встреч|дат показ|meeting date|meeting held",
    "dates.booked": "дат брон|booking date|booked at|booked on|бронь с",
    "contract.signed_at": "contract at|contract on|contract date|contracted at|signed at|signed on|signing date|"
    "sold at|won at|won on|won date|дат договор|дат дду|дат подписан|дат продаж|дат заключ|дат сделк",
    "rejection.comment": "комментар|примечан|comment|note|remark",
    "rejection.duplicate_of_id": "дубль лид|duplicate of|id дубл",
    "rejection.budget_minor": "бюджет клиент|client budget",
    "rejection.competitor": "конкурент|competitor",
    "rejection.wanted_area": "желаем район|wanted area|район",
}

CONTRACTS = {
    "id": "договор|номер договор|дду|номер дду|contract|contract number|contract id|opportunity id|deal id|id|номер",
    "lead_id": "lead id|id лид|лид|id заявк|mql id|номер лид",
    "deal_id": "id сделк|номер сделк",
    "accepted": "is accepted|is won|accepted|won|подписан|is signed",
    "signed_at": "дат подписан|дат договор|дат дду|signed|signed at|signed on|contract date|won date|accepted date|"
    "accepted decision date|дат продаж|дат заключ|closed date|closed at|дат закрыт|contract at|won at|sold at",
    "terminated_at": "расторж|дат расторж|terminated|termination date|cancelled",
    "price_minor": "price|amount|цена|цен|сумм|стоимост|сумм договор|цен договор|contract amount|total|"
    "expected revenue",
    "area_m2": "area|площад|м2|sqm|area m2",
    "unit_kind": "тип|вид|тип помещен|unit kind|unit type|тип объект|вид объект",
    "flat_type": "комнат|количеств комнат|rooms|flat type|bedrooms",
    "project_id": "project|проект|жк|жил комплекс",
}

CALLS = {
    "id": "звонок|id звонк|call id|id|номер звонк",
    "lead_id": "id лид|lead id|лид|lead|id сделк|deal id|сделк",
    "at": "время|дат|дат звонк|time|date|start|started at|called at|дат врем|врем звонк|начал",
    "kind": "направлен|тип звонк|тип|direction|call type|type",
    "duration_s": "длительн|секунд|duration|talk time|врем разговор|длительн разговор|seconds",
    "outcome": "итог|результат|статус|outcome|result|status|disposition",
    "actor_id": "сотрудник|менеджер|оператор|ответствен|agent|employee|user|manager",
}

MESSAGES = {
    "id": "id|message id|id сообщен",
    "lead_id": "id лид|lead id|лид|lead|id сделк|deal id|сделк",
    "at": "время|дат|дат отправ|time|date|sent at|дат врем",
    "kind": "направлен|direction|type|тип",
    "actor_id": "сотрудник|менеджер|автор|author|employee|user|manager",
}

STAGES = {
    "id": "id|id записи",
    "lead_id": "id лид|lead id|лид|lead|id сделк|deal id|сделк",
    "at": "время|дат|дат измен|changed at|time|date|дат врем|moved at",
    "from_stage_id": "было|из этап|предыдущ|с этап|from|from stage|old stage|old status|было этап|previous stage",
    "to_stage_id": "стало|в этап|нов этап|на этап|to|to stage|new stage|new status|стало этап|этап|stage",
    "actor_id": "сотрудник|менеджер|кто|автор|changed by|user|employee|manager",
}

SPEND = {
    "spent_on": "ден|дат|date|day|дат расход",
    "channel_id": "source|источник|канал|channel|рекламн канал|площадк|utm source|platform",
    "campaign_id": "campaign|кампани|utm campaign",
    "project_id": "project|проект|жк",
    "amount_minor": "расход|затрат|spend|cost|потрачен|сумм|amount|бюджет|стоимост|spent",
}

PLAN = {
    "year": "год|year",
    "quarter": "квартал|quarter",
    "month": "месяц|month",
    "from_on": "с|from|начал|начал период|period start|дат начал",
    "to_on": "по|to|конец|конец период|period end|дат оконч",
    "project_id": "project|проект|жк",
    "revenue_minor": "выручк|revenue|сумм|amount|quota amount|план выручк|sales amount",
    "contracts_n": "договор|contracts|дду|сделок|план договор|deals|продаж",
    "qualified_n": "квалиф|qualified|quota|qualified leads",
    "leads_n": "лидов|лид|leads|план лид",
    "meetings_n": "встреч|meetings|показ",
    "bookings_n": "брон|bookings",
}

ROLES = {
    "leads": LEADS,
    "contracts": CONTRACTS,
    "calls": CALLS,
    "messages": MESSAGES,
    "stages": STAGES,
    "spend": SPEND,
    "plan": PLAN,
}

FILE_NAMES = {
    "leads": "lead|leads|лид|лиды|заявк|обращен|mql|enquir|crm",
    "contracts": "contract|договор|дду|deals|opportunit|сделк|продаж|closed|sales",
    "calls": "call|calls|звон|телефон",
    "messages": "message|сообщен|chat|чат",
    "stages": "stage|history|истори|этап|stages|transition",
    "spend": "spend|cost|расход|затрат|ads|рекл",
    "plan": "plan|план|quota|target",
}

TELLING = {
    "leads": ("stage_id", "reason_id", "phone", "created_at", "channel_id", "manager_id"),
    "contracts": ("signed_at", "price_minor", "area_m2", "unit_kind", "terminated_at", "lead_id"),
    "calls": ("duration_s", "kind", "outcome", "at"),
    "messages": ("kind", "at"),
    "stages": ("from_stage_id", "to_stage_id", "at"),
    "spend": ("spent_on", "channel_id", "amount_minor"),
    "plan": ("year", "quarter", "month", "from_on", "to_on", "revenue_minor", "contracts_n", "qualified_n"),
}
"""Columns that tell what a file is."""

PERSONAL = (
    "фио|имя|фамил|отчеств|клиент|контакт|покупател|name|first name|last name|full name|client name|contact|"
    "contact name|customer|email|mail|почт|адрес|address|паспорт|passport|дат рожд|birth|telegram|whatsapp|инн|снилс"
)

STAGE_CODES = {
    "rejected": "отказ|не реализован|reject|lost|disqualif|провал|некачеств|брак|проигр|junk|неквал|закрыт не",
    "contract": "договор|дду|won|выигр|успеш|signed|contract|продан",
    "booking": "брон|booking|reserv|задат",
    "meeting": "встреч|показ|meeting held|visit|визит|демо",
    "qualified": "квалиф|qualified|целев",
    "contact": "контакт|contact|в работ|working|связ|дозвон|перезвон|переговор|in progress|scheduled|назнач",
    "new": "нов|new|неразобр|необраб|incoming|открыт|open",
}
"""Asked in this order: `Disqualified` is not `qualified`."""

REASON_CODES = {
    "do_not_call": "не звон|do not call|unsubscrib",
    "bad_number": "неверн номер|неправильн номер|номер не|bad number|wrong number|wrong contact|bad email|invalid|"
    "номер",
    "no_answer": "недозвон|не отвеч|дозвон|no answer|unreach|abandon|не берет|не берёт|не выход",
    "duplicate": "дубл|duplicat|повтор",
    "spam": "спам|spam|реклам|бот|тест|test",
    "mortgage_declined": "ипотек|mortgage|отказ банк",
    "too_expensive": "дорог|expensive|цен",
    "low_budget": "бюджет|budget|нет денег|no money|не хват",
    "bought_elsewhere": "конкурент|competitor|купил|bought|elsewhere",
    "out_of_area": "район|локац|город|регион|area|location|region",
    "agent": "агент|риелт|риэлт|agent|broker|realtor",
    "wrong_service": "вакан|аренд|работ|не по адрес|wrong service|no need|vacanc|rent",
    "no_fit": "не подош|подходящ|планиров|no fit|не устро|лот|вариант",
    "not_now": "передум|отлож|неактуал|не актуал|позже|timing|later|not interest|не интерес|postpon|not now",
}
"""Codes of the example regulation."""

CALL_KINDS = {"call_out": "исход|outgo|outbound|out", "call_in": "вход|incom|inbound|in"}
MESSAGE_KINDS = {"message_out": "исход|outgo|outbound|out", "message_in": "вход|incom|inbound|in"}
OUTCOMES = {
    "not_in_service": "не обслуж|not in service|invalid",
    "no_answer": "нет ответ|не отвеч|no answer|пропущ|missed|занят|busy|не дозвон|cancel|failed",
    "answered": "отвеч|answered|успеш|состоял|success|completed",
}
UNIT_KINDS = {
    "parking": "машиномест|парк|parking|гараж",
    "storage": "кладов|storage|келл",
    "flat": "кварт|flat|apart|студи",
}
ENQUIRIES = {
    "missed_call": "пропущ|missed",
    "answered_call": "звон|call|телефон",
    "form": "форм|form|заявк|сайт|web",
    "chat": "чат|chat|мессендж|messenger",
}
