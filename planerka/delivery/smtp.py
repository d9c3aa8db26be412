"""Handing mails to a server, one after another over one connection (RFC 5321), so that each outcome is known.

A server may take a mail only once it has read the line that ends it. Whatever goes wrong before is certain not to have
been sent, and is tried again. So the body goes first; then the ledger says `doubtful`; then the last line goes; then
the answer is recorded. Only a line cut, or a sender killed, between these two records leaves a doubt.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from planerka.errors import DeliveryError
from planerka.sections import SmtpSettings
from planerka.store.deliveries import State

TRIES_N = 2
"""Connections that one mail may cost: a mail that cuts every one of them must not stop those behind it."""

CUTS_N = 4
"""Connections lost one after another, without an answer to any mail, after which the run gives up."""

END = b".\r\n"
HAS_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""

LOGIN_CODES = (530, 534, 535, 538)

Outcome = tuple[State, str]


@dataclass
class Mailer:
    """`sender` and `copy_to` are plain addresses; what goes to `copy_to` is taken together with the mail or not at all.

    `cuts_n` counts connections lost in a row, `trouble` says how the last was; `next_at_s` is when a mail may go, in
    seconds of the monotonic clock.
    """

    settings: SmtpSettings
    sender: str
    copy_to: str | None = None
    server: smtplib.SMTP | None = None
    cuts_n: int = 0
    trouble: str = ""
    next_at_s: float = 0

    def send(self, mail: EmailMessage, to: str, claim: Callable[[], None]) -> Outcome:
        """Hand over a mail; `claim` is called just before the server can take it.

        DeliveryError where the server will have nothing from us at all: a wrong login, say. That is nobody's refusal.
        """
        body = on_the_wire(mail)
        for _ in range(TRIES_N):
            if self.cuts_n == CUTS_N:
                break
            self.wait_for_turn()
            try:
                outcome = self.hand_over(to, body, claim)
            except OSError as cut:  # every error of smtplib is one
                self.lose(cut)
            else:
                if self.server:  # else its line was lost
                    self.cuts_n = 0
                return outcome
        return State.DELAYED, f"not handed over: {self.trouble}"

    def hand_over(self, to: str, body: bytes, claim: Callable[[], None]) -> Outcome:
        """One transaction. OSError: it was cut before its end, and nothing is sent."""
        if self.server is None:
            self.server = connect(self.settings)
        server = self.server
        if refusal := self.announce(server, to):
            with suppress(OSError):
                server.rset()
            return refusal
        put(server, body)
        claim()
        return self.end(server)

    def end(self, server: smtplib.SMTP) -> Outcome:
        """The last line, and what the server makes of it.

        The operating system takes all of its bytes or says that it did not: a line that broke earlier, or has no room
        left, never brings the server an end. Once they are taken, nobody knows what became of them but the server.
        """
        state, what = State.DELAYED, "not handed over"
        try:
            put(server, END)
            state, what = State.DOUBTFUL, "the answer was not heard"
            return outcome_of(*server.getreply())
        except OSError as cut:
            self.lose(cut)
            return state, f"{what}: {self.trouble}"

    def announce(self, server: smtplib.SMTP, to: str) -> Outcome | None:
        """Ask for leave to send a body; what the server said where it gives none. OSError: it wants to be left."""
        own = self.copy_to if self.copy_to and self.copy_to.lower() != to.lower() else None
        copies = [(partial(server.rcpt, own), True)] if own else []
        steps = [(partial(server.mail, self.sender), True), (partial(server.rcpt, to), False), *copies]
        for ask, is_about_us in [*steps, (partial(server.docmd, "DATA"), False)]:
            code, said = ask()
            if code == 421 or not 200 <= code < 600:
                raise smtplib.SMTPServerDisconnected(words(code, said))
            if code >= 500 and (is_about_us or code in LOGIN_CODES):
                raise self.unwanted(words(code, said))
            if code >= 400:
                return outcome_of(code, said)
        return None

    def unwanted(self, said: str) -> DeliveryError:
        return DeliveryError(
            f"{self.settings.host} takes no mail from {self.sender}: {said}; correct [delivery] and [delivery.smtp]"
        )

    def wait_for_turn(self) -> None:
        """No more mails a minute than the server likes."""
        time.sleep(max(0.0, self.next_at_s - time.monotonic()))
        self.next_at_s = time.monotonic() + 60 / self.settings.per_minute

    def lose(self, cut: OSError) -> None:
        """A connection that broke, at whatever moment, counts towards giving up."""
        self.disconnect()
        self.cuts_n, self.trouble = self.cuts_n + 1, words_of(cut)

    def disconnect(self) -> None:
        """At once, without a word: in the middle of a body any word would be part of it."""
        if self.server:
            self.server.close()
        self.server = None


@contextmanager
def opened(settings: SmtpSettings, sender: str, copy_to: str | None) -> Iterator[Mailer]:
    """A mailer that connects when it has something to send, and takes its leave at the end."""
    mailer = Mailer(settings, sender, copy_to)
    try:
        yield mailer
        if mailer.server:
            with suppress(OSError):
                mailer.server.quit()
    finally:
        mailer.disconnect()


def connect(settings: SmtpSettings) -> smtplib.SMTP:
    """A connection that is encrypted and logged in as the settings say.

    DeliveryError where trying again would end in the same way, OSError where it might not.
    """
    trusted, server = ssl.create_default_context(), None
    try:
        server = dial(settings, trusted)
        server.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            server.starttls(context=trusted)
        if settings.user and settings.password:
            server.login(settings.user, settings.password.get_secret_value())
    except OSError as refused:
        if server:
            server.close()
        if is_for_good(refused):
            raise DeliveryError(f"{settings.host} refuses us: {words_of(refused)}; {remedy(refused)}") from None
        raise
    return server


def dial(settings: SmtpSettings, trusted: ssl.SSLContext) -> smtplib.SMTP:
    if settings.security == "tls":
        return smtplib.SMTP_SSL(*settings.address, timeout=settings.timeout_s, context=trusted)
    return smtplib.SMTP(*settings.address, timeout=settings.timeout_s)


def put(server: smtplib.SMTP, piece: bytes) -> None:
    """Past smtplib, which closes a broken line before what the server said last (552, too big) is read from it.

    OSError, with these words if there are any: the server has not got the whole piece.
    """
    assert server.sock  # it has just answered
    try:
        server.sock.sendall(piece)
    except ConnectionError:
        raise smtplib.SMTPDataError(*server.getreply()) from None


def is_for_good(refused: OSError) -> bool:
    if isinstance(refused, smtplib.SMTPResponseException):
        return refused.smtp_code >= 500
    if isinstance(refused, ssl.SSLError):
        return isinstance(refused, ssl.SSLCertVerificationError) or refused.reason == "WRONG_VERSION_NUMBER"
    return isinstance(refused, smtplib.SMTPException) and not isinstance(refused, smtplib.SMTPServerDisconnected)


def remedy(refused: OSError) -> str:
    """What to correct under [delivery.smtp]."""
    if isinstance(refused, smtplib.SMTPAuthenticationError):
        return "correct `user` and `password` in [delivery.smtp]"
    if isinstance(refused, ssl.SSLCertVerificationError):
        if refused.verify_code == HAS_EXPIRED:
            return "renew the certificate of the server"
        return "write `host` as the certificate names it, or trust its authority by the variable SSL_CERT_FILE"
    return "correct `security`, `port` and the login in [delivery.smtp]"


def outcome_of(code: int, said: bytes) -> Outcome:
    """What an answer makes of a mail. One that is no answer (RFC 5321 knows 2xx, 4xx and 5xx here) leaves a doubt."""
    state = {2: State.SENT, 4: State.DELAYED, 5: State.REFUSED}.get(code // 100, State.DOUBTFUL)
    return state, words(code, said)


def words(code: int, said: bytes | str) -> str:
    return f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"


def words_of(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return words(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def on_the_wire(mail: EmailMessage) -> bytes:
    """The bytes of a mail with a dot before each dot that begins a line, and a whole last line."""
    lines = re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
