"""OAuth of amoCRM: access tokens of a day, and refresh tokens that work once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from planerka.crm.base import TokenVault
from planerka.errors import CrmAnswerError, CrmBusyError, CrmClosedError, CrmError, CrmLoginError
from planerka.model import Tokens

TOKEN_PATH = "/oauth2/access_token"

EARLY = timedelta(hours=4)
"""Tokens are renewed so long before they expire: no pull takes longer, and meanwhile nobody could write them."""

TIMEOUT_S = 60


@dataclass(frozen=True)
class Integration:
    """An integration, as its page in amoCRM shows it; `code`, good for 20 minutes, begins it once."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    code: str | None = field(default=None, repr=False)


class OAuthLogin:
    """Asks with the tokens of the vault; implements `crm.http.Login`.

    Whoever renews them is alone (`TokenVault.renewing`), and the new pair is stored before it is used: a refresh token
    that was shown once and whose answer was not kept closes the account until a person opens it. All of that blocks,
    and so is done in a thread.
    """

    def __init__(
        self,
        url: str,
        integration: Integration,
        vault: TokenVault,
        *,
        now: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.url, self.integration, self.vault, self.clock = url, integration, vault, now
        self.timeout_s = timeout_s
        self.tokens: Tokens | None = None
        self.alone = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        async with self.alone:
            if self.tokens is None:
                self.tokens = await asyncio.to_thread(self.vault.tokens)
            if self.tokens is None or self.tokens.expires_at - EARLY <= self.clock():
                self.tokens = await asyncio.to_thread(self.renewed, self.tokens)
            return headers_of(self.tokens)

    async def renew(self, stale: Mapping[str, str]) -> bool:
        async with self.alone:
            if self.tokens and headers_of(self.tokens) == stale:
                self.tokens = await asyncio.to_thread(self.renewed, self.tokens)
            return True

    def renewed(self, stale: Tokens | None) -> Tokens:
        """Tokens that are not the stale ones: those that another process has stored meanwhile, or a new pair."""
        with self.vault.renewing() as slot:
            known = slot.tokens
            if known and (stale is None or known.access != stale.access):
                return known
            tokens = self.exchanged(known)
            slot.put(tokens)
        return tokens

    def exchanged(self, known: Tokens | None) -> Tokens:
        """A new pair for the refresh token; for the code of the integration where there is none, or it is used up."""
        code = self.integration.code
        if known:
            try:
                return self.granted(grant_type="refresh_token", refresh_token=known.refresh)
            except CrmLoginError:
                if code is None:
                    raise
        if code is None:
            raise CrmLoginError(
                f"{self.url} has given planerka no tokens yet: authorize the integration, and within 20 minutes give "
                "its code by PLANERKA_SOURCE__OAUTH__CODE"
            )
        return self.granted(grant_type="authorization_code", code=code)

    def granted(self, **grant: str) -> Tokens:
        asked = {
            "client_id": self.integration.client_id,
            "client_secret": self.integration.client_secret,
            "redirect_uri": self.integration.redirect_uri,
            **grant,
        }
        try:
            response = httpx.post(f"{self.url}{TOKEN_PATH}", json=asked, timeout=self.timeout_s)
        except httpx.TransportError:
            raise CrmBusyError(f"{self.url} gave no answer when tokens were to be renewed: pull again later") from None
        if not response.is_success:
            raise self.refusal(response)
        try:
            return self.read(response.json())
        except (ValueError, KeyError, TypeError):
            raise CrmAnswerError(f"{self.url} sent something that is no pair of tokens: is it amoCRM?") from None

    def read(self, answer: Any) -> Tokens:
        expires_at = self.clock() + timedelta(seconds=int(answer["expires_in"]))
        return Tokens(access=answer["access_token"], refresh=answer["refresh_token"], expires_at=expires_at)

    def refusal(self, response: httpx.Response) -> CrmError:
        """Nothing of what was sent is quoted, nor of what came: either may hold a secret."""
        what = f"{self.url} answers {response.status_code} when tokens are to be renewed"
        if response.status_code in (400, 401):
            return CrmLoginError(
                f"{what}: the integration, or its refresh token, is not valid any more; authorize it anew, and within "
                "20 minutes give its code by PLANERKA_SOURCE__OAUTH__CODE"
            )
        if response.status_code in (402, 403):
            return CrmClosedError(f"{what}; it will stay so until a person opens the account again")
        return CrmBusyError(f"{what}: pull again later")


def headers_of(tokens: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.access}"}
