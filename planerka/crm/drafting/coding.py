"""What the texts of a column mean: stages, reasons, directions of calls, with the cells of each."""

from collections import Counter
from collections.abc import Iterator, Mapping

from planerka.crm.drafting.lines import braces, line, remark, scalar
from planerka.crm.drafting.matching import code_of
from planerka.crm.drafting.profile import MANY_N, ColumnProfile
from planerka.crm.drafting.vocabulary import REASON_CODES, STAGE_CODES
from planerka.phones import masked

SHOWN_N = 40


def shown(column: ColumnProfile) -> str:
    """The texts of a column and how often each stands there, the most frequent first; no one's phone or e-mail."""
    if column.counts is None or column.is_contact or column.is_email:
        return f"{column.distinct_n:,} different"
    listed = [f"{masked(text)} {n:,}" for text, n in column.counts.most_common(SHOWN_N)]
    more_n = len(column.counts) - len(listed)
    return ", ".join(listed) + (f" and {more_n:,} more" if more_n else "")


def tellable(column: ColumnProfile) -> list[str]:
    """The texts that may stand in a mapping as they are: none has a phone or an e-mail in it."""
    return [text for text in column.counts or () if masked(text) == text]


def coded(column: ColumnProfile, codes: Mapping[str, str], code: str) -> list[str]:
    """The texts that are guessed to mean `code`."""
    return [text for text in tellable(column) if code_of(text, codes) == code]


def translated(column: ColumnProfile, codes: Mapping[str, str], prefix: str = "") -> tuple[str, str]:
    """`{column: …, values: {…}}`, and a remark with the texts for which nothing was guessed."""
    texts: Mapping[str, int] = column.counts or {}
    known = {text: code for text in tellable(column) if (code := code_of(text, codes))}
    unknown = [f"{masked(text)} {texts[text]:,}" for text in texts if text not in known]
    said = "? guessed from the words" + (f"; without a guess: {', '.join(unknown)}" if unknown else "")
    values = {"values": braces(known)} if known else {}
    return braces({"column": scalar(f"{prefix}{column.name}"), **values}), said


def reference_lines(stage: ColumnProfile | None, reason: ColumnProfile | None) -> Iterator[str]:
    """`references` of stages and reasons, each with its guess: a text without one waits for its code."""
    kinds = [("stage", stage, STAGE_CODES), ("reason", reason, REASON_CODES)]
    found = [(kind, column, codes) for kind, column, codes in kinds if column is not None]
    if not found:
        return
    yield from ("", *remark(0, "What the stages and reasons mean: all codes are guessed from words, so check each."))
    yield "references:"
    for kind, column, codes in found:
        if column.counts is None:
            yield from remark(1, f"? {kind}: {column.name} has more than {MANY_N} texts: is it the column?")
            continue
        yield line(1, kind)
        counts = Counter[str]()
        for text, n in column.counts.items():
            counts[masked(text)] += n  # the pull masks them too, and this is what the store has
        for text, n in counts.most_common():
            code = code_of(text, codes)
            said = f"{n:,}, ? a guess" if code else f"{n:,}, ? no guess: write {{code: …}}"
            yield line(2, text, braces({"code": code}) if code else "{}", said)
