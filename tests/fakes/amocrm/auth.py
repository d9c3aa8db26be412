"""OAuth as amoCRM does it: refresh tokens that work once, and long-lived tokens of private integrations."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.fakes.amocrm.answers import Answer, found, revoked_grant, wrong_client

CODE_S, ACCESS_S, REFRESH_S = 20 * 60, 24 * 3600, 90 * 24 * 3600
LONG_LIVED_S = 5 * 365 * 24 * 3600


@dataclass(frozen=True)
class Integration:
    client_id: str
    client_secret: str
    redirect_uri: str
    user_id: int


class OAuth:
    """Integrations of the account, and what each may show; a token is removed where it is used up or revoked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.integrations: dict[str, Integration] = {}
        self.access: dict[str, tuple[Integration, float]] = {}
        self.grants: dict[str, tuple[Integration, float]] = {}

    def add_integration(self, user_id: int) -> Integration:
        number = next(self._numbers)
        made = Integration(f"client-{number}", f"secret-{number}", f"https://planerka.example/{number}", user_id)
        self.integrations[made.client_id] = made
        return made

    def code(self, integration: Integration) -> str:
        """A code to be exchanged within twenty minutes."""
        return self._issue(self.grants, "code", integration, CODE_S)

    def long_lived_token(self, integration: Integration) -> str:
        return self._issue(self.access, "long", integration, LONG_LIVED_S)

    def pair(self, integration: Integration) -> dict[str, Any]:
        """The body of the token endpoint: an access token and the refresh token that comes with it."""
        for token in [t for t, (owner, _) in self.access.items() if owner == integration and t.startswith("access")]:
            del self.access[token]
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_S,
            "access_token": self._issue(self.access, "access", integration, ACCESS_S),
            "refresh_token": self._issue(self.grants, "refresh", integration, REFRESH_S),
        }

    def _issue(
        self, kept: dict[str, tuple[Integration, float]], kind: str, integration: Integration, life_s: float
    ) -> str:
        token = f"{kind}-{next(self._numbers)}"
        kept[token] = (integration, self._clock() + life_s)
        return token

    def owner(self, token: str) -> Integration | None:
        """Whose access token this is; None for one that is unknown, revoked or expired."""
        return self._valid(self.access, token)

    def _valid(self, kept: dict[str, tuple[Integration, float]], token: str) -> Integration | None:
        integration, until = kept.get(token, (None, 0.0))
        return integration if self._clock() < until else None

    def answer(self, body: Any) -> Answer:
        """What POST /oauth2/access_token says; a code or a refresh token is used up by the first who shows it."""
        asked = body if isinstance(body, dict) else {}
        integration = self.integrations.get(str(asked.get("client_id")))
        if integration is None or integration.client_secret != asked.get("client_secret"):
            return wrong_client()
        kind = {"authorization_code": "code", "refresh_token": "refresh"}.get(str(asked.get("grant_type")), "")
        grant = str(asked.get({"code": "code", "refresh": "refresh_token"}.get(kind, "")))
        is_good = kind and grant.startswith(kind) and asked.get("redirect_uri") == integration.redirect_uri
        if not is_good or self._valid(self.grants, grant) != integration:
            return revoked_grant()
        del self.grants[grant]
        return found(self.pair(integration))
