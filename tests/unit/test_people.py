"""`[desk]` of the settings: an address that is safe, and people who are each written once."""

from pathlib import Path
from typing import Any

import pytest

from flows.desk import SAMPLE_PEOPLE, people_of
from planerka.errors import SettingsError
from planerka.people import DeskSettings, Role
from planerka.settings import load_settings

ANNA = {"email": "Anna@Company.example", "name": " Анна ", "roles": ["analyst", "ops"]}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"address": "http://desk.company.example"}, r"is no safe address of a desk: write it as https://"),
    ({"address": "https://desk.company.example/desk"}, "with no path"),
    ({"address": "https://desk.company.example?x=1"}, "with no path"),
    ({"address": "https://desk.company.example#x"}, "with no path"),
    ({"address": "https://user:word@desk.company.example"}, "is no safe address"),
    ({"address": "https://"}, "is no safe address"),
    ({"address": "https://desk.company.example:99999"}, "is no safe address"),
    ({"address": "https://[desk"}, "is no safe address"),
    ({"address": "https://desk.company.example\n"}, "is no safe address"),
    ({"address": "desk.company.example"}, "is no safe address"),
    ({"host": "desk.company.example"}, "is no address of a machine"),
    ({"port": 0}, "greater than or equal to 1"),
    ({"proxies": ["10.0.0.5", "*"]}, r"'\*' is no address of a machine"),
    ({"people": [{**ANNA, "email": "anna"}]}, "'anna' is no e-mail address"),
    ({"people": [{**ANNA, "email": "anna@company.example\r\nBcc: x@y.example"}]}, "is no e-mail address"),
    ({"people": [{**ANNA, "name": "Анна\n"}]}, "is no name: write it on one line"),
    ({"people": [{**ANNA, "name": " "}]}, "is no name"),
    ({"people": [{**ANNA, "roles": []}]}, r"desk\.people\.0\.roles: .*at least 1 item"),
    ({"people": [{**ANNA, "roles": ["boss"]}]}, r"desk\.people\.0\.roles\.0: .*'analyst'"),
    ({"people": [{"email": "anna@company.example", "name": "Анна"}]}, r"desk\.people\.0\.roles: Field required"),
    ({"people": [{**ANNA, "roles": ["second_reader", "analyst"]}]}, "second_reader beside analyst: who sees what was"),
    ({"people": [{**ANNA, "roles": ["sales", "second_reader"]}]}, "second_reader beside sales"),
    (
        {"people": [{**ANNA, "roles": list(Role)}]},
        "second_reader beside analyst, marketing, sales, director: .* somebody",
    ),
    ({"people": [{**ANNA, "role": "ops"}]}, r"desk\.people\.0\.role: there is no such setting: the nearest is 'roles'"),
    ({"people": [ANNA, {**ANNA, "email": "anna@company.example"}]}, "anna@company.example: written twice"),
    ({"people": [ANNA, {**ANNA, "email": "other@company.example"}]}, "Анна: two people of one name"),
]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("desk, words", WRONG)
def test_what_would_not_be_safe_is_refused(desk: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(desk=desk)


ADDRESSES = [
    ("https://desk.company.example/", "https://desk.company.example", True),
    ("https://desk.company.example:8443", "https://desk.company.example:8443", True),
    ("http://localhost:8080", "http://localhost:8080", False),
    ("http://[::1]:8080", "http://[::1]:8080", False),
]


@pytest.mark.parametrize("written, address, is_encrypted", ADDRESSES)
def test_an_address_is_encrypted_or_of_the_same_machine(written: str, address: str, is_encrypted: bool) -> None:
    desk = DeskSettings(address=written)
    assert (address, is_encrypted) == (desk.address, desk.is_encrypted)


def test_an_address_that_is_not_written_follows_the_port() -> None:
    """Else the links that are printed would lead to where nobody listens."""
    assert "http://127.0.0.1:8090" == DeskSettings(port=8090).address
    assert "https://desk.company.example" == DeskSettings(port=8090, address="https://desk.company.example").address


def test_a_person_is_known_by_an_address_in_small_letters() -> None:
    (anna,) = load_settings(desk={"people": [ANNA]}).desk.people
    assert ("anna@company.example", "Анна", (Role.ANALYST, Role.OPS)) == (anna.email, anna.name, anna.roles)


def test_a_second_reader_may_run_planerka_too() -> None:
    """Who runs it sees no ruling on the desk."""
    (anna,) = load_settings(desk={"people": [{**ANNA, "roles": ["second_reader", "ops"]}]}).desk.people
    assert (Role.SECOND_READER, Role.OPS) == anna.roles


def test_the_sample_company_has_somebody_of_every_role() -> None:
    """Unless the settings name people."""
    written = load_settings(desk={"people": [ANNA]})
    assert (SAMPLE_PEOPLE, written.desk.people) == (people_of(load_settings()), people_of(written))
    assert set(Role) == {role for person in SAMPLE_PEOPLE for role in person.roles}


def test_a_company_of_its_own_must_name_people() -> None:
    with pytest.raises(SettingsError, match=r"desk\.people is empty, and nobody may enter: under \[desk\] write"):
        people_of(load_settings(source={"kind": "table", "mapping": "mapping.yaml"}))
