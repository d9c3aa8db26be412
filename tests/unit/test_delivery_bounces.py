"""Bounces are read as real servers write them, whole or cut short; anything else is none.

The files of tests/cases/bounces are Postfix's own: a full mailbox, a delay, and the end of a delay.
"""

from pathlib import Path

import pytest

from planerka.delivery.bounces import Bounce, bounces_in

FOLDER = Path(__file__).parents[1] / "cases" / "bounces"
FULL = (FOLDER / "mailbox_full.eml").read_bytes()
FULL_ID, WAITED_ID = "<0c444ffc485476f42471252b4dea68ac@lab.test>", "<241de1c47d69caffb4217128fe1dffaa@lab.test>"
BOUNCE = Bounce(FULL_ID, "late@lab.test", "bounced: 5.2.2 mailbox full")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("mailbox_full", [BOUNCE]),
        ("delayed", []),
        ("expired", [Bounce(WAITED_ID, "wait@lab.test", "bounced: 4.2.2 mailbox full for now")]),
    ],
)
def test_a_failure_is_a_bounce_and_a_delay_is_none(name, expected):
    """The action decides: a temporary refusal that has lasted too long is final."""
    assert expected == bounces_in((FOLDER / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    "was, becomes, expected",
    [
        (b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers", [BOUNCE]),
        (
            b"Diagnostic-Code: x-unix;",
            b"Diagnostic-Code: smtp;\n 550",
            [Bounce(FULL_ID, "late@lab.test", "bounced: 5.2.2 550 mailbox full")],
        ),
        (b"Action: failed", b"Action: FAILED", [BOUNCE]),
        (b"rfc822; late@lab.test", b"rfc822; Late@Lab.test", [BOUNCE]),
        (b"\nMessage-ID: <0c444", b"\nX-Nothing: <0c444", []),
        (b"\nFinal-Recipient:", b"\nX-Nothing:", []),
        (b"message/delivery-status", b"text/plain", []),
    ],
)
def test_reports_differ_from_server_to_server(was, becomes, expected):
    """What says who did not get which mail is enough; without it there is no bounce."""
    assert was in FULL
    assert expected == bounces_in(FULL.replace(was, becomes))


@pytest.mark.parametrize("wrong", [b"", b"\xff\x00 no mail", b"Subject: hello\n\nMessage-ID: <1@lab.test>", FULL[:700]])
def test_what_is_no_report_is_no_bounce(wrong):
    """Anybody may write to the sender's address."""
    assert [] == bounces_in(wrong)


def test_a_report_cut_at_any_byte_is_no_error():
    """One mail must not stop the reading of all others; as long as its Message-ID is there, it is read."""
    found = [bounces_in(FULL[:length]) for length in range(len(FULL) + 1)]
    known_from = FULL.index(FULL_ID.encode()) + len(FULL_ID)
    assert [BOUNCE] * (len(FULL) + 1 - known_from) == [bounce for bounces in found[known_from:] for bounce in bounces]
