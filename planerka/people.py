"""`[desk]` of the settings: where the desk is, and who may enter it as what."""

from collections import Counter
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from planerka.sections import LOOPBACK, Section, checked_address


class Role(StrEnum):
    """What somebody is on the desk; one person may be several."""

    ANALYST = "analyst"
    SECOND_READER = "second_reader"
    MARKETING = "marketing"
    SALES = "sales"
    DIRECTOR = "director"
    OPS = "ops"


READERS = (Role.ANALYST, Role.DIRECTOR, Role.MARKETING, Role.SALES)
"""Who may look at disputes. Not the second reader, who must not know what was decided."""


class Person(Section):
    """Somebody who may enter the desk, known by the address that the link goes to."""

    email: str
    name: str
    roles: tuple[Role, ...] = Field(min_length=1)

    @field_validator("email")
    @classmethod
    def email_must_be_an_address(cls, email: str) -> str:
        """In small letters: whatever its case, an address is one person."""
        checked_address(email, email)
        return email.lower()

    @field_validator("name")
    @classmethod
    def name_must_be_one_line(cls, name: str) -> str:
        if not name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} is no name: write it on one line, without control signs")
        return name.strip()

    @field_validator("roles")
    @classmethod
    def second_reader_must_be_blind(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if Role.SECOND_READER in roles and (seeing := [role for role in roles if role in READERS]):
            raise ValueError(
                f"second_reader beside {', '.join(seeing)}: who sees what was decided reads no case blind, "
                "give one of the two to somebody else"
            )
        return roles


class DeskSettings(Section):
    """`host` and `port` are where the desk listens, `address` is what browsers ask for: unwritten, this machine."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    address: str = Field(default_factory=lambda read: f"http://127.0.0.1:{read['port']}")
    proxies: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()

    @field_validator("address")
    @classmethod
    def address_must_be_safe(cls, address: str) -> str:
        """Without the slash at its end."""
        try:
            parts = urlsplit(address)
            is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
            is_bare = bool(parts.hostname) and address.rstrip("/") == f"{parts.scheme}://{parts.netloc}"
            is_plain = parts.username is None and (parts.port or 1) > 0 and address.isascii() and address.isprintable()
        except ValueError:
            is_safe = is_bare = is_plain = False
        if not (is_safe and is_bare and is_plain):
            raise ValueError(
                f"{address!r} is no safe address of a desk: write it as https://desk.company.example, with no path"
            )
        return address.rstrip("/")

    @field_validator("host")
    @classmethod
    def host_must_be_an_address(cls, host: str) -> str:
        return checked_ip(host)

    @field_validator("proxies")
    @classmethod
    def proxies_must_be_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_ip(proxy) for proxy in proxies)

    @field_validator("people")
    @classmethod
    def each_person_is_written_once(cls, people: tuple[Person, ...]) -> tuple[Person, ...]:
        emails, names = Counter(person.email for person in people), Counter(person.name for person in people)
        if twice := sorted(email for email, n in emails.items() if n > 1):
            raise ValueError(f"{', '.join(twice)}: written twice, give all the roles of a person in one place")
        if shared := sorted(name for name, n in names.items() if n > 1):
            raise ValueError(
                f"{', '.join(shared)}: two people of one name, write it so that a ruling tells whose it is"
            )
        return people

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers come by https; else only from the same machine."""
        return self.address.startswith("https://")

    @property
    def host_name(self) -> str:
        """What browsers call the desk, in small letters."""
        return urlsplit(self.address).hostname or ""


def checked_ip(written: str) -> str:
    try:
        return str(ip_address(written))
    except ValueError:
        raise ValueError(f"{written!r} is no address of a machine: write it as 10.0.0.5") from None
