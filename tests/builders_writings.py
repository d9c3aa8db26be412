"""One small company's export, written in many ways: the same facts as other bytes, with a mapping for each."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from openpyxl import Workbook

LEADS_N = 150
FIRST_AT = datetime(2026, 1, 12, 9)
MANAGERS = ("Иванова", "Петров", "Ли")
CHANNELS = ("Сайт", "ЦИАН", "Наружная реклама")


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How an export is written. `kind`: csv, xlsx, parquet or sql; what does not concern a kind is passed over."""

    kind: str = "csv"
    formats: tuple[str, str] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    decimal_mark: str = "."
    group: str = ""
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"
    is_reversed: bool = False
    quotes_all: bool = False


Table = list[dict[str, Any]]


def company() -> dict[str, Table]:
    """Rows with values, times without a zone: Moscow's."""
    dice = random.Random(4)
    leads, contracts, calls = [], [], []
    for n in range(LEADS_N):
        at = FIRST_AT + timedelta(minutes=980 * n)
        stage = dice.choices(("Новый", "Встреча", "Отказ", "Договор"), (3, 2, 4, 1))[0]
        lost_at = at + timedelta(minutes=dice.randrange(30, 6000)) if stage == "Отказ" else None
        lead_id = 5_800_000_000_000_000_001 + 7 * n
        leads.append(
            {
                "ID": lead_id,
                "Создан": at,
                "Телефон": f"+7 912 345-{dice.randrange(100):02}-{dice.randrange(100):02}",
                "Источник": dice.choice(CHANNELS),
                "ЖК": dice.choice(("Северный", "Южный")),
                "Ответственный": dice.choice(MANAGERS),
                "Этап": stage,
                "Причина": dice.choice(("Недозвон", "Спам")) if lost_at else None,
                "Отказ": lost_at,
                "Встреча": at + timedelta(days=2) if stage in ("Встреча", "Договор") else None,
                "Бюджет": dice.randrange(500_000_000, 2_000_000_000) / 100 if lost_at else None,
                "Комментарий": dice.choice((None, 'сказал: "дорого"; подумает', "перезвонить,\nпосле обеда")),
            }
        )
        for call in range(dice.randrange(3)):
            called_at = at + timedelta(minutes=dice.randrange(1, 90) + 60 * call)
            direction, outcome = dice.choice(("исходящий", "входящий")), dice.choice(("отвечен", "нет ответа"))
            calls.append(
                {"ID": f"c{n}-{call}", "Лид": lead_id, "Время": called_at, "Направление": direction,
                 "Секунд": dice.randrange(400), "Итог": outcome, "Кто": dice.choice(MANAGERS)}
            )  # fmt: skip
        if stage == "Договор":
            contracts.append(
                {"Договор": f"ДДУ-{n}", "Лид": lead_id, "Подписан": (at + timedelta(days=dice.randrange(3, 20))).date(),
                 "Цена": dice.randrange(400_000_000, 3_000_000_000) / 100, "Площадь": dice.randrange(200, 1200) / 8,
                 "Тип": dice.choice(("Квартира", "Машиноместо"))}
            )  # fmt: skip
    days = [FIRST_AT.date() + timedelta(days=n) for n in range(100)]
    spend = [{"День": day, "Источник": c, "Расход": dice.randrange(9_000_000) / 100} for day in days for c in CHANNELS]
    plan = [{"Год": 2026, "Месяц": month, "Договоров": 5 + month, "Выручка": 9e7 + month / 4} for month in range(1, 6)]
    return {"leads": leads, "contracts": contracts, "calls": calls, "spend": spend, "plan": plan}


MAPPING = """
source: company
currency: RUB
time_zone: Europe/Moscow
leads:
  <leads>
  columns: {id: ID, created_at: Создан, phone: Телефон, channel_id: Источник, project_id: ЖК, manager_id: Ответственный,
            stage_id: Этап, reason_id: Причина}
  rejected: {column: Этап, in: [Отказ]}
  won: {column: Этап, in: [Договор]}
  dates: {rejected: {at: Отказ, manager_id: Ответственный}, meeting_held: Встреча}
  rejection: {comment: Комментарий, budget_minor: Бюджет, budget_kind: {constant: full_price}}
contracts:
  <contracts>
  columns: {id: Договор, lead_id: Лид, signed_at: Подписан, price_minor: Цена, area_m2: Площадь,
            unit_kind: {column: Тип, values: {Квартира: flat, Машиноместо: parking}}}
events:
  calls:
    <calls>
    columns: {id: ID, lead_id: Лид, at: Время, duration_s: Секунд, actor_id: Кто,
              kind: {column: Направление, values: {исходящий: call_out, входящий: call_in}},
              outcome: {column: Итог, values: {отвечен: answered, нет ответа: no_answer}}}
spend:
  <spend>
  columns: {spent_on: День, channel_id: Источник, amount_minor: Расход}
plan:
  <plan>
  period: {year: Год, month: Месяц}
  kpis: {contracts_n: Договоров, revenue_minor: Выручка}
references:
  stage: {Новый: {code: new}, Встреча: {code: meeting}, Договор: {code: contract}, Отказ: {code: rejected}}
  reason: {Недозвон: {code: no_answer}, Спам: {code: spam}}
"""


def write_export(folder: Path, writing: Writing, database: str | None) -> Path:
    """The files, or the tables of the database, and the mapping, whose path is returned."""
    mapping = MAPPING
    for name, rows in company().items():
        names = list(rows[0])[:: -1 if writing.is_reversed else 1]
        WRITERS[writing.kind](folder, name, [{n: row[n] for n in names} for row in rows], writing, database)
        mapping = mapping.replace(f"<{name}>", layout_in(mapping, name, writing))
    path = folder / "mapping.yaml"
    path.write_text(mapping, "utf-8")
    return path


def layout_in(mapping: str, name: str, writing: Writing) -> str:
    place = f"query: SELECT * FROM {name}" if writing.kind == "sql" else f"file: {name}.{writing.kind}"
    formats = ", ".join(f'"{text}"' for text in writing.formats)
    keys = [place, f'delimiter: "{writing.delimiter}"', f"encoding: {writing.encoding}", f"formats: [{formats}]"]
    keys += [f'decimal_mark: "{writing.decimal_mark}"']
    indent = next(line for line in mapping.splitlines() if f"<{name}>" in line).partition("<")[0]
    return f"\n{indent}".join(key.replace("\t", "\\t") for key in keys)


def text_of(value: Any, writing: Writing) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(writing.formats[0 if isinstance(value, datetime) else 1])
    if isinstance(value, float):
        whole, _, part = f"{value:,.4f}".partition(".")
        return f"{whole.replace(',', writing.group)}{writing.decimal_mark}{part}"
    return str(value)


def write_csv(folder: Path, name: str, rows: Table, writing: Writing, _: str | None) -> None:
    def quoted(cell: str) -> str:
        needs_quotes = writing.quotes_all or set(cell) & set(f'"\r\n{writing.delimiter}')
        return f'"{cell.replace(chr(34), chr(34) * 2)}"' if needs_quotes else cell

    lines = [list(rows[0]), *([text_of(value, writing) for value in row.values()] for row in rows)]
    content = "".join(writing.delimiter.join(map(quoted, line)) + writing.line_end for line in lines)
    (folder / f"{name}.csv").write_bytes(content.encode(writing.encoding))


def write_xlsx(folder: Path, name: str, rows: Table, _: Writing, __: str | None) -> None:
    """Ids as text, for Excel has no numbers of 19 digits."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    for row in (list(rows[0]), *(row.values() for row in rows)):
        sheet.append([str(value) if isinstance(value, int) and value > 1e15 else value for value in row])
    book.save(folder / f"{name}.xlsx")


def write_parquet(folder: Path, name: str, rows: Table, _: Writing, __: str | None) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet", row_group_size=100)


def write_sql(_: Path, name: str, rows: Table, writing: Writing, database: str | None) -> None:
    """With the types of the database; SQLite has none for dates, which are texts there."""
    engine = sa.create_engine(str(database), poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        rows = [{n: text_of(v, writing) if isinstance(v, date) else v for n, v in row.items()} for row in rows]
    columns: dict[str, Sequence[Any]] = {n: [row[n] for row in rows] for n in rows[0]}
    pd.DataFrame({n: pd.Series(values, dtype=object) for n, values in columns.items()}).infer_objects().to_sql(
        name, engine, index=False, dtype={"Цена": sa.Numeric(14, 2), "Расход": sa.Numeric(14, 2)}
    )


WRITERS = {"csv": write_csv, "xlsx": write_xlsx, "parquet": write_parquet, "sql": write_sql}
