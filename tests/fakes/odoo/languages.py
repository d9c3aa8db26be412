"""Words that Odoo shows in the language of whoever asks, and writes into the history in that of whoever acted."""

WORDS = {
    "en_US": {},
    "ru_RU": {
        "Won": "Выиграно",
        "Lost": "Потерян",
        "Pending": "Ожидает",
        "Opportunity": "Возможность",
        "Lead": "Лид",
        "New": "Новый",
        "Qualified": "Квалифицированный",
        "Proposition": "Предложение",
        "Too expensive": "Слишком дорого",
        "Call": "Звонок",
        "To-Do": "Задача",
        "Note": "Заметка",
        "Activities": "Активности",
        "Opportunity Created": "Возможность создана",
        "Stage Changed": "Этап изменен",
        "Opportunity Won": "Возможность выиграна",
        "Opportunity Lost": "Возможность потеряна",
        "Opportunity Restored": "Возможность восстановлена",
        "Active": "Активный",
        "Won/Lost": "Выиграно/Потеряно",
        "Lost Reason": "Причина потери",
        "Stage": "Этап",
        "Salesperson": "Менеджер по продажам",
    },
}
"""Languages that are installed, each with what it calls things; what is missing stays English."""

TRANSLATED = {"crm.stage", "crm.lost.reason", "mail.message.subtype", "mail.activity.type"}
"""Models whose names are such words; they are kept in English."""
