"""Signs that nobody sees: control characters, zero width, directions of writing, halves of a character."""

import unicodedata

UNSEEN = ("Cc", "Cf", "Cs")
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters and marks of other kinds that are drawn as nothing."""


def visible(text: str) -> str:
    """The text without the signs that nobody sees, but for tabs and line ends.

    They come with what is copied from web pages and messengers, and make two ids of one.
    """
    if text.isprintable():
        return text
    return "".join(sign for sign in text if sign in "\t\n\r" or not is_unseen(sign))


def unseen_in(text: str) -> str | None:
    """The first of them as `U+202E RIGHT-TO-LEFT OVERRIDE`, a line end too; None where there is none.

    Of what people sign every sign must be seen: one that turns the direction shows another text than was signed.
    """
    first = next(filter(is_unseen, text), None)
    return first and f"U+{ord(first):04X} {unicodedata.name(first, '')}".rstrip()


def is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in UNSEEN or sign in BLANK or is_variation_selector(sign)


def is_variation_selector(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"


def legible(text: str) -> str:
    """A text to quote in a message: with escapes, where a terminal would obey it or show another one."""
    return repr(text) if unseen_in(text) else text
