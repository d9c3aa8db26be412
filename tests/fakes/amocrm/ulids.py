"""Ids of events: ULIDs in lower case, whose second half is a number here instead of chance."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def encode(number: int, length_n: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(length_n)))


def ulid(at: int, number: int) -> str:
    """26 characters; those of one second rise with `number`."""
    return encode(at * 1000, 10) + encode(number, 16)


def number_of(text: str) -> int:
    """The number an id was made of; -1 for a text that is no id."""
    tail = text[10:]
    if len(text) != 26 or not set(tail) <= set(ALPHABET):
        return -1
    number = 0
    for character in tail:
        number = number * 32 + ALPHABET.index(character)
    return number
