"""Phones: checked against the numbering plan, then known only by a keyed hash."""

import hashlib
import hmac
import re

EMAIL = re.compile(r"(?<!://)(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""Not the user of a database in its url."""
GAP = r"[ \-–‑().\xa0\u202f]*"
NO_PHONE = r"(?:[01256]\d{9}|[3478]\d{7}00|\d{5,6}0{5})(?!\d)|[0-2]\d\d\.\d"
"""Bare digits that are an id, a sum or seconds since 1970: ten that begin as no area code does, a round sum of money in
minor units. And the address of a machine."""
PHONE = re.compile(
    rf"(?=[+(\d])(?<![^\W_])(?<![+])(?<!0\.)(?<!\D/)(?!{NO_PHONE})"
    rf"(?:\+\d(?:{GAP}\d){{9,13}}|(?:[78]{GAP}|\((?=\d{{3}}\)))?\d{{3}}{GAP}\d{{3}}{GAP}\d\d{GAP}\d\d)(?![^\W_])"
)
"""An international number, or ten digits in the usual groups; not a part of an address or of a longer number."""
SURE_PHONE = re.compile(r"(?<![^\W_])(?:\+\d{10,14}|(?:[78][3489]|77)\d{9})(?![^\W_])")
"""A phone though it stands where an id is asked for: CRMs have counted to ten bare digits, but not to these."""
SHORTEST_N = 11
"""Of the digits of a sure phone, with the code of its country."""
MESSENGER = re.compile(r"(?<![\w.-])(?:https?://)?(?:t|telegram|wa)\.me/[^\s,;)]*\w", re.IGNORECASE)
"""A link that opens a chat with somebody: as good as their phone."""
TEN_DIGITS = re.compile(r"\d{10}")
MASK = "***"
BETWEEN = re.compile(r"[,;/|\n]")
"""What people write between two phones in one cell."""


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


def first_phone(text: str, region: str) -> str | None:
    """The first number of a cell that the numbering plan has, in E.164: who gave two stands there with both."""
    return next(filter(None, (normal_phone(part, region) for part in BETWEEN.split(text))), None)


def phone_hash(phone: str, key: bytes) -> str:
    """HMAC-SHA-256 of a number in E.164, in hex (RFC 2104): the same client has the same hash in every source."""
    return hmac.new(key, phone.encode(), hashlib.sha256).hexdigest()


def masked(text: str) -> str:
    """A text without phones, e-mails and links to messengers; what may look like them and is none stays."""
    text = MESSENGER.sub(MASK, text)
    if "@" in text:  # most texts have none, and to look for the whole takes as long as all the rest
        text = EMAIL.sub(MASK, text)
    return PHONE.sub(MASK, text)


def masked_colleague(text: str) -> str:
    """The name of a manager or an agency without phones and links to messengers. E-mails and ten bare digits stay:
    many a CRM knows colleagues by nothing else, an agency by the number that it pays its taxes under.
    """
    return PHONE.sub(lambda found: found[0] if TEN_DIGITS.fullmatch(found[0]) else MASK, MESSENGER.sub(MASK, text))


def is_contact(id_: str) -> bool:
    """Whether an id is, or holds, somebody's phone, e-mail or link to a messenger."""
    if id_.isalnum():
        return len(id_) >= SHORTEST_N and bool(SURE_PHONE.fullmatch(id_))
    has_contact = any(kind.search(id_) for kind in (EMAIL, MESSENGER, SURE_PHONE))
    return has_contact or bool(SURE_PHONE.fullmatch(re.sub(GAP, "", id_)))
