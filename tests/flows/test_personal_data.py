"""A company whose export is full of its clients' names, phones and e-mails: none of them is to be found in anything
that planerka or Prefect keeps or sends.

Names in columns that nobody maps, phones as ids and in titles, a whole address book in the remarks. What cannot be
told from other words, a name within a remark, is not part of it (docs/personal-data.md).
"""

import csv
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from planerka.phones import masked
from tests import services
from tests.builders_cycle import PROJECT, environment
from tests.flows.conftest import Answer, planerka

LEADS_N = 30
MAPPING = """
source: crm
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  columns:
    {id: Номер, created_at: Создан, phone: Телефон, channel_id: Источник, campaign_id: Кампания, promo_code: Промокод,
     manager_id: Ответственный, stage_id: Этап, reason_id: Причина, url: Ссылка}
  rejected: {column: Этап, in: [Отказ]}
  won: {column: Этап, in: [Договор]}
  dates: {rejected: Отказ}
  rejection:
    {comment: Комментарий, wish: Пожелание, competitor: Конкурент, mortgage_decision: Банк, duplicate_of_id: Дубль}
events:
  calls:
    file: calls.csv
    columns: {id: Звонок, lead_id: Лид, kind: {constant: call_out}, at: Время, duration_s: Секунд}
references:
  stage: {Отказ: {code: rejected}, Новый: {code: new}, Договор: {code: contract}}
  reason: {Недозвон: {code: no_answer}, Передумал: {code: not_now}}
"""
NAMES = ("Ярополк", "Изяслав", "Святополк", "Всеволод", "Мстислав")
SURNAMES = ("Подберёзовиков", "Задунайский", "Крапивницкий", "Расторгуев", "Недопюскин", "Чертопханов")


@dataclass(frozen=True)
class Client:
    number: int

    @property
    def name(self) -> str:
        return f"{SURNAMES[self.number % len(SURNAMES)]} {NAMES[self.number % len(NAMES)]}"

    @property
    def digits(self) -> str:
        return f"91612{self.number:05d}"

    @property
    def email(self) -> str:
        return f"client{self.number}@pochta-{self.number}.ru"

    @property
    def spellings(self) -> list[str]:
        a, b, c, d = self.digits[:3], self.digits[3:6], self.digits[6:8], self.digits[8:]
        return [f"+7{self.digits}", f"8{self.digits}", self.digits, f"8 ({a}) {b}-{c}-{d}", f"+7 {a} {b} {c} {d}"]

    @property
    def remark(self) -> str:
        return f"не берёт {', '.join(self.spellings)}; писать на {self.email} или https://wa.me/7{self.digits}"

    @property
    def secrets(self) -> set[str]:
        return {self.digits, *self.spellings, self.email, *self.name.split()}


CLIENTS = [Client(number) for number in range(LEADS_N)]
SECRETS = sorted(set().union(*(client.secrets for client in CLIENTS)))


def lead_row(client: Client, monday: datetime) -> dict[str, str]:
    """Every third lead is in work; one has a phone for a number, one a date that cannot be read, and a phone there."""
    n, created_at = client.number, monday + timedelta(hours=5 * client.number + 9)
    is_rejected = n % 3 > 0
    return {
        "Номер": f"7{client.digits}" if n == 4 else str(1000 + n),
        "Создан": client.spellings[0] if n == 5 else f"{created_at:%Y-%m-%d %H:%M:%S}",
        "Имя": client.name,
        "Почта": client.email,
        "Телефон": client.spellings[n % len(client.spellings)],
        "Источник": f"Рекомендация {client.spellings[3]}" if n == 7 else "Сайт",
        "Кампания": client.email if n == 8 else "осень",
        "Промокод": client.spellings[1] if n == 10 else "",
        "Ответственный": "ivanova@company.example",
        "Этап": "Отказ" if is_rejected else "Новый",
        "Причина": "Недозвон" if n % 2 else "Передумал",
        "Отказ": f"{created_at + timedelta(hours=2):%Y-%m-%d %H:%M:%S}" if is_rejected else "",
        "Ссылка": f"https://crm.company.example/leads/{1000 + n}",
        **dict.fromkeys(("Комментарий", "Пожелание", "Конкурент", "Банк"), client.remark),
        "Дубль": client.spellings[0] if n % 2 else str(1000 + n - 1),
    }


def call_row(client: Client, monday: datetime) -> dict[str, str]:
    at = monday + timedelta(hours=5 * client.number + 10)
    return {
        "Звонок": f"call-7{client.digits}-{client.number}" if client.number == 11 else f"c{client.number}",
        "Лид": client.spellings[1] if client.number == 13 else str(1000 + client.number),
        "Время": f"{at:%Y-%m-%d %H:%M:%S}",
        "Секунд": client.digits if client.number == 12 else "0",
    }


def write_export(folder: Path, monday: datetime) -> None:
    folder.mkdir()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    (folder / "mapping.yaml").write_text(f"{MAPPING}data_until: {yesterday:%Y-%m-%d}\n", "utf-8")
    for name, row_of in {"leads": lead_row, "calls": call_row}.items():
        rows = [row_of(client, monday) for client in CLIENTS]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@dataclass(frozen=True)
class Company:
    """What is kept lies under `var` and `out`; `said` is all that commands printed."""

    folder: Path
    env: dict[str, str]
    said: list[str]

    def weekly(self, code: int = 0) -> None:
        """The cycle in a process of its own, with the Prefect server that it starts."""
        command = [str(Path(sys.executable).with_name("planerka")), "weekly"]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        self.keep(Answer(done.returncode, done.stdout, done.stderr), code)

    def run(self, *arguments: str) -> str:
        """What another verb prints."""
        answer = planerka(self.folder, self.env, *arguments)
        self.keep(answer, 0)
        return answer.out

    def keep(self, answer: Answer, code: int) -> None:
        self.said.append(answer.out + answer.err)
        assert code == answer.code, self.said[-1]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A week of the company: the cycle, a ruling that quotes a client, a worklist, a cycle that fails."""
    folder = tmp_path_factory.mktemp("company")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    write_export(folder / "export", today - timedelta(days=today.weekday() + 7))
    settings = {
        "PLANERKA_SOURCE__KIND": "table",
        "PLANERKA_SOURCE__MAPPING": str(folder / "export" / "mapping.yaml"),
        "PLANERKA_PHONE_KEY": "a key",
    }
    services.prefect_home(folder / "var" / "prefect")
    company = Company(folder, environment(folder, **settings), [])
    edition = str(PROJECT / "rulebook" / "regulation" / "2024-01-01.yaml")
    for role, name in {"marketing": "Елена", "sales": "Андрей"}.items():
        company.run("regulation", "sign", edition, "--role", role, "--name", name)
    company.weekly()
    queue = json.loads(company.run("disputes", "list", "--json"))
    ruled = ("--decision", "return_to_work", "--author", "Анна", "--comment", f"Звоните: {CLIENTS[1].remark}")
    company.run("disputes", "rule", str(queue[0]["number"]), *ruled)
    company.run("apply")
    company.run("disputes", "show", str(queue[0]["number"]))
    company.run("quarantine", "list", "--json")
    fail(company)
    return company


def fail(company: Company) -> None:
    """The next export has the same client twice in a file that is joined by phones: the message quotes the phone."""
    export = company.folder / "export"
    mapping = (export / "mapping.yaml").read_text("utf-8")
    broken = mapping.replace(
        "  rejected:", "  joins: {book: {file: book.csv, lead_column: Телефон, key: Телефон}}\n  rejected:"
    ).replace("wish: Пожелание", "wish: book.Почта")
    (export / "mapping.yaml").write_text(broken, "utf-8")
    rows = [f"{client.spellings[0]},{client.email}" for client in (CLIENTS[0], CLIENTS[0], *CLIENTS)]
    (export / "book.csv").write_text("\n".join(["Телефон,Почта", *rows]), "utf-8")
    company.weekly(code=4)
    assert "'***' stands in more than one row" in company.said[-1]
    (export / "mapping.yaml").write_text(mapping, "utf-8")


def kept(company: Company) -> Iterator[tuple[str, str]]:
    """Everything that is kept, as text: files as they are, databases after VACUUM too, parts of mails decoded."""
    for path in sorted(p for name in ("var", "out") for p in (company.folder / name).rglob("*") if p.is_file()):
        name, content = str(path.relative_to(company.folder)), path.read_bytes()
        yield name, text_of(content)
        if path.suffix == ".eml":
            for part in message_from_bytes(content, policy=policy.default).walk():
                if not part.is_multipart():
                    yield f"{name} {part.get_content_type()}", text_of(part.get_payload(decode=True))
        if content.startswith(b"SQLite format 3"):
            yield f"{name}, vacuumed", text_of(vacuumed(path))


def text_of(content: bytes) -> str:
    """Bytes as text in which JSON's escapes are letters: Prefect's database writes Cyrillic so."""
    text = content.decode("utf-8", errors="replace")
    return text + re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)


def vacuumed(path: Path) -> bytes:
    copy = path.with_suffix(".copy")
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("VACUUM")
    return copy.read_bytes()


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_no_client_is_in_anything_that_is_kept(company):
    """The store, Prefect's database with its logs, artifacts and states, packs, mails, the worklist."""
    texts = dict(kept(company))
    assert {"var/planerka.db", "var/prefect/prefect.db", "var/prefect/server.log", "out/worklist.csv"} <= texts.keys()
    assert {".html", ".eml"} <= {Path(name).suffix for name in texts}
    assert {} == {name: found for name, text in texts.items() if (found := found_in(text))}


def test_no_client_is_in_what_commands_print(company):
    assert [] == found_in("\n".join(company.said))


def rows(company: Company, query: str) -> list[tuple]:
    with sqlite3.connect(company.folder / "var" / "planerka.db") as connection:
        return connection.execute(query).fetchall()


def test_what_is_known_instead_still_serves(company):
    """The test would pass on an empty store: leads are there under keyed hashes, their remarks are masked."""
    assert [(LEADS_N - 2, LEADS_N - 2)] == rows(company, "SELECT count(*), count(DISTINCT client_id) FROM lead")
    (comment,) = rows(company, "SELECT comment FROM rejection WHERE lead_id = '1001'")[0]
    assert masked(CLIENTS[1].remark) == comment == "не берёт ***, ***, ***, ***, ***; писать на *** или ***"
    assert [("Рекомендация ***",)] == rows(company, "SELECT channel_id FROM lead WHERE id = '1007'")
    assert [(1,)] == rows(company, "SELECT count(*) FROM event WHERE kind = 'call_out' AND lead_id = '1011'")
    assert [(1,)] == rows(company, "SELECT count(*) FROM command")
    assert [("ivanova@company.example",)] == rows(company, "SELECT DISTINCT manager_id FROM lead")


def test_a_client_is_erased_by_phone_from_the_file_itself(company, tmp_path):
    """Without VACUUM of the test: the hash of the phone is in no byte of the database, and comes back by no export."""
    folder = shutil.copytree(company.folder, tmp_path / "copy")
    moved = {name: value.replace(str(company.folder), str(folder)) for name, value in company.env.items()}
    copy = Company(folder, moved, [])
    (client_id,) = rows(copy, "SELECT client_id FROM lead WHERE id = '1001'")[0]
    erased = json.loads(copy.run("privacy", "erase", "--phone", CLIENTS[1].spellings[4], "--json"))
    assert {"leads_n": 1, "cards_n": 1, "rulings_n": 1, "quarantined_n": 0, "worklist_n": 1} == erased
    (folder / "export" / "leads.csv").open("a", encoding="utf-8").write("\n")
    copy.run("pull")
    files = [path for path in (folder / "var").glob("planerka.db*") if client_id.encode() in path.read_bytes()]
    assert [] == files
    assert [(None, None)] == rows(copy, "SELECT client_id, url FROM lead WHERE id = '1001'")
    assert found_in("\n".join(copy.said)) == []
