"""Phones: checked against the numbering plan, then known only by a keyed hash."""

import hashlib
import hmac
import re

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
GAP = r"[ \-().\xa0]*"
PHONE = re.compile(rf"(?<![\w+/])(?:\+\d(?:{GAP}\d){{9,13}}|[78]?{GAP}\d{{3}}{GAP}\d{{3}}{GAP}\d\d{GAP}\d\d)(?!\w)")
"""An international number, or ten digits in the usual groups; not a part of an address or of a longer number."""
MASK = "***"


def normal_phone(text: str, region: str) -> str | None:
    """The number in E.164, or None where the numbering plan of its country has no such number.

    `region` (ISO 3166, `RU`) is where a number without a country code belongs.
    """
    import phonenumbers  # 0.1 s, and most sources have no phones

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_valid else None


def phone_hash(phone: str, key: bytes) -> str:
    """HMAC-SHA-256 of a number in E.164, in hex (RFC 2104): the same client has the same hash in every source."""
    return hmac.new(key, phone.encode(), hashlib.sha256).hexdigest()


def masked(text: str) -> str:
    """A free text without phones and e-mails."""
    return PHONE.sub(MASK, EMAIL.sub(MASK, text))
