"""The line to the mail server is encrypted, its certificate is verified, and a wrong login is nobody's refusal."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword

from planerka.errors import DeliveryError
from planerka.sections import SmtpSettings
from tests.builders_mail import ScriptedPost, delivery_settings, free_port, mail_server, send, states

LOGIN = {"user": "planerka", "password": "pass"}
ANNA = "anna@lab.test"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """What a server of that name shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authority, as a company's machine does its own."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def is_login_right(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword) -> AuthResult:
    return AuthResult(success=(login.login, login.password) == (b"planerka", b"pass"), handled=False)


@pytest.fixture
def starttls_port(authority: trustme.CA) -> Iterator[int]:
    """A server that talks to nobody before STARTTLS and a login."""
    options = {"require_starttls": True, "auth_required": True, "authenticator": is_login_right}
    with mail_server(ScriptedPost(), tls_context=certificate(authority, "127.0.0.1"), **options) as port:
        yield port


def smtp(port: int, **changed: Any) -> dict[str, Any]:
    return delivery_settings(port, [ANNA], smtp={"security": "starttls", **LOGIN, **changed})


def test_a_mail_goes_by_starttls_and_login(engine, trusted, starttls_port):
    send(engine, smtp(starttls_port))
    assert {"anna": "sent"} == states(engine)


def test_a_mail_goes_by_tls_from_the_first_byte(engine, trusted, authority):
    with mail_server(ScriptedPost(), ssl_context=certificate(authority, "127.0.0.1")) as port:
        send(engine, delivery_settings(port, [ANNA], smtp={"security": "tls"}))
    assert {"anna": "sent"} == states(engine)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"password": "hush"}, r"refuses us: 535 .*; correct `user` and `password`"),
        ({"security": "none"}, r"refuses us: .*; correct `security`"),
        (
            {"host": "localhost"},
            r"certificate verify failed: Hostname mismatch.* write `host` as the certificate names it",
        ),
    ],
)
def test_a_server_that_will_not_have_us_stops_the_run_with_a_remedy(engine, trusted, starttls_port, changed, words):
    """Everybody is due as before; the password is in no message."""
    with pytest.raises(DeliveryError, match=words) as refused:
        send(engine, smtp(starttls_port, **changed))
    assert {"anna": "queued"} == states(engine)
    assert "hush" not in str(refused.value)


def test_a_certificate_of_nobody_is_refused(engine, starttls_port):
    """Somebody may stand in between."""
    with pytest.raises(
        DeliveryError, match=r"certificate verify failed.* trust its authority by the variable SSL_CERT_FILE"
    ):
        send(engine, smtp(starttls_port))


def test_a_certificate_that_has_expired_is_to_be_renewed(engine, trusted, authority):
    """No other name and no other authority would help."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=datetime(2026, 1, 1, tzinfo=UTC)).configure_cert(context)
    with (
        mail_server(ScriptedPost(), tls_context=context) as port,
        pytest.raises(DeliveryError, match=r"certificate has expired.*; renew the certificate of the server"),
    ):
        send(engine, smtp(port))


def test_a_port_that_speaks_without_tls_stops_the_run(engine):
    """The same every time until somebody corrects `security`: nobody's mail is put off for it."""
    refused = pytest.raises(DeliveryError, match=r"WRONG_VERSION.*; correct `security`")
    with mail_server(ScriptedPost()) as port, refused:
        send(engine, delivery_settings(port, [ANNA], smtp={"security": "tls"}))
    assert {"anna": "queued"} == states(engine)


def test_no_mail_goes_unencrypted_where_encryption_was_asked_for(engine):
    """A server that offers no STARTTLS gets nothing, the login least of all."""
    post = ScriptedPost()
    with mail_server(post) as port, pytest.raises(DeliveryError, match="STARTTLS extension not supported"):
        send(engine, smtp(port))
    assert ([], {"anna": "queued"}) == (post.mails, states(engine))


def test_a_server_that_says_nothing_is_given_up(engine):
    """After the time-out; the mail is due again."""
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        (missing,) = send(engine, delivery_settings(silent.getsockname()[1], [ANNA], smtp={"timeout_s": 1})).missing
    assert ("delayed", "not handed over: Connection unexpectedly closed: timed out") == (missing.state, missing.answer)


@pytest.mark.parametrize("security, port", [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_security(security, port):
    assert ("mx", port) == SmtpSettings(host="mx", security=security).address
