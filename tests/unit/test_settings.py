"""Settings are complete or refused, and docs/settings.md explains every one of them."""

import json
import os
import re
import tomllib
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from flows.wiring import office_of
from planerka.clock import WorkCalendar
from planerka.errors import SettingsError
from planerka.settings import PREFIX, PROJECT, Settings, load_settings

PAGE = (PROJECT / "docs" / "settings.md").read_text("utf-8")


def sections_of(model: type[BaseModel], within: str = "") -> dict[str, BaseModel]:
    """Every section by its name in a file, as `delivery.smtp`, with its defaults."""
    found = {}
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            found |= {within + name: field.default, **sections_of(type(field.default), f"{within}{name}.")}
    return found


SECTIONS = sections_of(Settings)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings, and none in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def rows(section: str) -> dict[str, tuple[str, str]]:
    """Default and example of every key of a part of the page; "" is the company's own."""
    title = f"`[{section}]`" if section else "The company"
    part = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| .* \| (.*) \| `(.*)` \|$", part, re.MULTILINE)
    return {key: (default, example) for key, default, example in found}


def defaults(section: str) -> dict[str, Any]:
    values = SECTIONS[section] if section else [(name, field.default) for name, field in Settings.model_fields.items()]
    return {name: value for name, value in values if not isinstance(value, BaseModel)}


def as_written(value: Any) -> str:
    """A default as the page writes it; a path of the project is `of the installation`."""
    if isinstance(value, Path) and value.is_relative_to(PROJECT):
        return f"`{value.relative_to(PROJECT)}` of the installation"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f"`{value:%H:%M}`" if isinstance(value, time) else f"`{value}`"


@pytest.mark.parametrize("section", ["", *SECTIONS])
def test_every_setting_is_explained_with_its_default(section):
    page = {
        key: default.partition(":")[0] if default.startswith("none") else default
        for key, (default, _) in rows(section).items()
    }
    assert {k: "none" if v is None else as_written(v) for k, v in defaults(section).items()} == page


def test_every_example_of_the_page_is_a_setting_that_differs_from_the_default(tmp_path):
    examples = {section: "\n".join(example for _, example in rows(section).values()) for section in ["", *SECTIONS]}
    text = "\n".join([examples.pop(""), *(f"[{section}]\n{lines}" for section, lines in examples.items())])
    (tmp_path / "planerka.toml").write_text(text, "utf-8")
    settings, written = load_settings(), tomllib.loads(text)
    for section in ["", *SECTIONS]:
        part, text_of = settings, written
        for name in filter(None, section.split(".")):
            part, text_of = getattr(part, name), text_of[name]
        assert text_of.keys() >= rows(section).keys()
        assert [] == [key for key, default in defaults(section).items() if getattr(part, key) == default]


def test_without_a_file_it_is_the_sample_company():
    settings = load_settings()
    assert ("sample", "Северный берег", "sqlite:///var/planerka.db") == (
        settings.source.kind,
        settings.company_title,
        settings.store_url,
    )


def test_the_environment_goes_before_env_and_env_before_the_file(tmp_path, monkeypatch):
    (tmp_path / "planerka.toml").write_text('company = "file"\nlanguage = "en"\nmax_age_hours = 1\n', "utf-8")
    (tmp_path / ".env").write_text("PLANERKA_COMPANY=env\nPLANERKA_MAX_AGE_HOURS=2\n", "utf-8")
    monkeypatch.setenv("PLANERKA_MAX_AGE_HOURS", "3")
    monkeypatch.setenv("PLANERKA_ANALYST_IDS", '["17", "18"]')
    settings = load_settings()
    assert ("env", "en", 3, ("17", "18")) == (
        settings.company,
        settings.language,
        settings.max_age_hours,
        settings.analyst_ids,
    )


def test_a_project_office_differs_in_what_is_written_of_it(tmp_path):
    """Holidays and the zone are those of the company, unless the project has its own."""
    company = '[office]\ncloses = "20:00"\nclosed_on = [2027-01-01]\n'
    projects = (
        '[office.projects.12]\nopens = "10:00"\ntime_zone = "Asia/Omsk"\n[office.projects.13]\ncloses = "18:00"\n'
    )
    (tmp_path / "planerka.toml").write_text(company + projects, "utf-8")
    office = office_of(load_settings())
    expected = WorkCalendar(zone=ZoneInfo("Europe/Moscow"), closes=time(20), closed_on=frozenset({date(2027, 1, 1)}))
    assert expected == replace(office, projects={})
    assert {
        "12": replace(expected, opens=time(10), zone=ZoneInfo("Asia/Omsk")),
        "13": replace(expected, closes=time(18)),
    } == office.projects


def test_another_file_is_named_by_the_environment(tmp_path, monkeypatch):
    (tmp_path / "other.toml").write_text('company = "Other"\n', "utf-8")
    monkeypatch.setenv("PLANERKA_SETTINGS", "other.toml")
    assert "Other" == load_settings().company
    monkeypatch.setenv("PLANERKA_SETTINGS", "none.toml")
    with pytest.raises(SettingsError, match=r"names none\.toml, and there is no such file"):
        load_settings()
    monkeypatch.setenv("PLANERKA_SETTINGS", "a" * 300)
    with pytest.raises(SettingsError, match=r"names a{300}, and there is no such file"):
        load_settings()


def test_the_review_keeps_its_own_hours_where_only_another_key_is_written():
    """They are not those of the sales office, which works every day until nine in the evening."""
    Path("planerka.toml").write_text("[review]\nanalyst_cost_per_month = 180000\n", "utf-8")
    review = load_settings().review
    assert (time(18), (1, 2, 3, 4, 5), 180_000) == (review.closes, review.weekdays, review.analyst_cost_per_month)


@pytest.mark.parametrize(
    "text, words",
    [
        ('langage = "ru"', ("langage: there is no such setting: the nearest is 'language'",)),
        ('[source]\nfolde = "x"', ("source.folde: there is no such setting: the nearest is 'folder'",)),
        ("[reviews]", ("reviews: there is no such setting: the nearest is 'review'",)),
        ("smtp = 1", ("smtp: there is no such setting: docs/settings.md lists them all",)),
        ("[source]\nseed = -1", ("source.seed: Input should be greater than or equal to 0",)),
        ("[source]\nseed = 4294967296", ("source.seed: Input should be less than 4294967296",)),
        ('[source]\nkind = "tabel"', ("source.kind: Input should be 'sample', 'table', 'amocrm' or 'odoo'",)),
        ('[source]\nkind = "table"', ("source", 'kind = "table" needs `mapping`')),
        ('time_zone = "Moscow"', ("time_zone: 'Moscow' is no time zone: write it as Europe/Moscow",)),
        ('time_zone = "Europe"', ("time_zone: 'Europe' is no time zone: write it as Europe/Moscow",)),
        ("max_age_hours = 999999999999", ("max_age_hours: Input should be less than or equal to 8760",)),
        ("[privacy]\nkeep_months = 9999999", ("privacy.keep_months: Input should be less than or equal to 1200",)),
        ('data = "a\\u0000b"', ("data: 'a\\x00b' holds a sign that no path may hold: remove it",)),
        (f'out = "{"a" * 300}/out"', ("out: aaa", "/out is no path (File name too long): correct it")),
        (
            'rulebook = "loop/rules"',
            ("rulebook: loop/rules is no path (Too many levels of symbolic links): correct it",),
        ),
        ('[source]\nfolder = "loop"', ("source.folder: loop is no path (Too many levels of symbolic links)",)),
        ('analyst_ids = "17"', ('analyst_ids: write a list, as ["a", "b"]',)),
        ("[office]\nweekdays = [0]", ("office.weekdays.0", "greater than or equal to 1")),
        ("[office]\nopens = 9", ('office.opens: 9 is no hour: write it as "09:00"',)),
        ('[office]\nopens = "09:00+03:00"', ("office.opens: '09:00+03:00' is no hour", "by the clocks of `time_zone`")),
        ('[review]\ncloses = "24:00"', ("review.closes: '24:00' is no hour: write it as \"09:00\"",)),
        ('[office]\nopens = "22:00"', ("office: open from 22:00 to 21:00", "correct it")),
        ('[office.projects.12]\ntime_zone = "Omsk"', ("office.projects.12.time_zone: 'Omsk' is no time zone",)),
        (
            '[office.projects.12]\nopen = "10:00"',
            ("office.projects.12.open: there is no such setting: the nearest is 'opens'",),
        ),
        ('[delivery]\nhow = "smtp"', ("delivery: how =", "needs `host` under [delivery.smtp]")),
        ('[delivery]\ntest_to = "me"', ("delivery.test_to: 'me' is no e-mail address",)),
        (
            f'[delivery.smtp]\nhost = "{"a" * 70}"',
            ("delivery.smtp.host: 'aaa", "is no name of a server: write it as mail."),
        ),
        ('[delivery.mailbox]\nhost = ".b..c"', ("delivery.mailbox.host: '.b..c' is no name of a server",)),
        (
            "[delivery.smtp]\ntimeout_s = 9999999999",
            ("delivery.smtp.timeout_s: Input should be less than or equal to 3600",),
        ),
        ('[delivery.smtp]\nuser = "u"', ("delivery.smtp: a login is `user` and `password` together",)),
        (
            '[delivery.smtp]\nuser = "u"\npassword = "пароль"',
            ("delivery.smtp: `user` and `password` must be in Latin",),
        ),
        (
            '[delivery.smtp]\nhost = "mx"\nsecurity = "none"\nuser = "u"\npassword = "p"',
            ("delivery.smtp: security =", "would show the password"),
        ),
        ('[delivery.mailbox]\nhost = "imap"', ("delivery.mailbox: a mailbox is read by its `user` and `password`",)),
        ("company = Our firm", ("planerka.toml", "no TOML", "line 1", "put texts in quotes")),
        ('langage = "ru"\nmax_age_hours = 0', ("langage", "max_age_hours")),
    ],
)
def test_a_wrong_setting_is_refused_with_its_remedy(text, words, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "planerka.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert [] == [word for word in words if word not in str(refused.value)]


@pytest.mark.parametrize(
    "variable, value, words",
    [
        ("PLANERKA_LANGAGE", "en", ("PLANERKA_LANGAGE: there is no such setting: the nearest is 'language'",)),
        ("PLANERKA_SOURCE__FOLDE", "x", ("source.folde: there is no such setting: the nearest is 'folder'",)),
        ("PLANERKA_STORE", "", ("store: it is empty: fill it in, or remove it",)),
        ("PLANERKA_PHONE_KEY", " ", ("phone_key: it is empty",)),
        ("PLANERKA_DELIVERY__SMTP__HOST", "", ("delivery.smtp.host: it is empty",)),
        ("PLANERKA_COMPANY", "A\nB", ("company: 'A\\nB' stands in the subject of mails",)),
        ("PLANERKA_ANALYST_IDS", "anna", ("analyst_ids", 'write a list as ["a", "b"]')),
        ("PLANERKA_ANALYST_IDS", "17", ("analyst_ids", 'write a list, as ["a", "b"]')),
    ],
)
def test_a_wrong_variable_is_refused_with_its_remedy(variable, value, words, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert [] == [word for word in words if word not in str(refused.value)]


def test_a_wrong_name_in_env_is_refused(tmp_path):
    (tmp_path / ".env").write_text("PLANERKA_LANGAGE=en\n", "utf-8")
    with pytest.raises(SettingsError, match=" langage: there is no such setting: the nearest is 'language'"):
        load_settings()


@pytest.mark.parametrize("hour", ['"10:00"', '"10:00:00"', "10:00:00"])
def test_an_hour_may_be_a_text_or_a_time_of_toml(hour, tmp_path):
    (tmp_path / "planerka.toml").write_text(f"[office]\nopens = {hour}\n", "utf-8")
    assert time(10) == load_settings().office.opens


@pytest.mark.parametrize("host", ["mail.company.example", "127.0.0.1", "::1", "почта.рф", "mail_1"])
def test_a_server_may_have_any_name_that_can_be_looked_up(host, monkeypatch):
    monkeypatch.setenv("PLANERKA_DELIVERY__SMTP__HOST", host)
    assert host == load_settings().delivery.smtp.host


@pytest.mark.parametrize(
    "text, lines",
    [
        ("PLANERKA_PHONE_KEY='hush-hush\n", [1]),
        ("\n# keys\n\n\nPLANERKA_PHONE_KEY='hush-hush\nPLANERKA_LANGUAGE='en'\n", [5]),
        ('DO_NOT_TRACK=1\nPLANERKA_PHONE_KEY="hush-hush\nhush-hush hush-hush\n', [2, 3]),
    ],
)
def test_a_line_of_env_that_cannot_be_read_is_named_and_not_quoted(text, lines, tmp_path):
    """Its reader leaves it out, and with it the key of the hashes."""
    (tmp_path / ".env").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    _, *said = str(refused.value).splitlines()
    assert [f"  .env, line {n}: it cannot be read, write it as NAME='value'" for n in lines] == said


@pytest.mark.parametrize("name", ["planerka.toml", ".env"])
@pytest.mark.parametrize(
    "make, words",
    [
        (Path.mkdir, "is a folder: put the file in its place, or remove it"),
        (lambda path: path.symlink_to("none"), "is a link that leads nowhere: correct it, or remove it"),
        (lambda path: path.symlink_to(path.name), "is a link that leads nowhere: correct it, or remove it"),
    ],
    ids=["a folder", "a broken link", "a loop"],
)
def test_what_stands_in_place_of_a_file_is_not_passed_over(name, make, words, tmp_path):
    """As if nothing was written, it would be the sample company."""
    make(tmp_path / name)
    with pytest.raises(SettingsError, match=f"{name} {words}"):
        load_settings()


def test_names_of_other_programs_in_env_are_left_alone(tmp_path):
    """Many programs share one .env."""
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=x\nLANGAGE=fr\nPLANERKA_COMPANY=env\n", "utf-8")
    assert "env" == load_settings().company


@pytest.mark.parametrize("name, text", [("planerka.toml", 'company = "Берег"'), (".env", "PLANERKA_COMPANY=Берег")])
def test_a_byte_order_mark_does_no_harm(name, text, tmp_path):
    """Notepad puts one before every file that it saves as UTF-8."""
    (tmp_path / name).write_text(text, "utf-8-sig")
    assert "Берег" == load_settings().company


def test_a_secret_is_not_shown(monkeypatch):
    monkeypatch.setenv("PLANERKA_PHONE_KEY", "hush-hush")
    monkeypatch.setenv("PLANERKA_STORE", "postgresql://u:hush-hush@h/d")
    assert "hush-hush" not in repr(load_settings())


@pytest.mark.parametrize(
    "recipient", ["bad", "a@b.ru, c@d.ru", "директор@компания.рф", "a..b@b.ru", "a(b)@b.ru", "a@b.ru\nBcc: x@y.ru"]
)
def test_an_address_that_no_mail_server_would_take_is_refused_before_anything_runs(recipient, monkeypatch):
    monkeypatch.setenv("PLANERKA_DELIVERY__RECIPIENTS", json.dumps([recipient]))
    with pytest.raises(SettingsError, match=r"is no e-mail address: write it alone, as name@company\.example"):
        load_settings()


def test_one_person_is_written_to_once_whatever_the_case(monkeypatch):
    monkeypatch.setenv("PLANERKA_DELIVERY__RECIPIENTS", '["A@b.ru", "a@b.ru"]')
    assert ("a@b.ru",) == load_settings().delivery.recipients


def test_settings_saved_in_another_encoding_are_refused_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "planerka.toml").write_bytes('company = "Берег"'.encode("cp1251"))
    with pytest.raises(SettingsError, match="is not UTF-8: save it again as UTF-8"):
        load_settings()
