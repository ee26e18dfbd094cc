"""Which provider is trusted, and what its claims make of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from chassis.clocks import oidc_secret
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.events.nik import has_nik
from contracts.tokens import PROVIDER_MARK, Role

_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_ROLES: Final[tuple[Role, ...]] = ("health", "admin", "desk")
"""Who has several has the one that may most."""
_LONGEST_NAME: Final = 100 - len(PROVIDER_MARK)
_EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class OidcPolicy:
    """`roles`: value of `role_claim` -> role; `desk_url`: of the gateway as browsers reach it; `leeway_s`: how far the
    provider's clock may be from ours.
    """

    issuer: str
    client_id: str
    client_secret: str
    desk_url: str
    scopes: str
    role_claim: str
    roles: Mapping[str, Role]
    name_claim: str
    leeway_s: int = 60

    @classmethod
    def of(cls, settings: Settings) -> OidcPolicy | None:
        """None where no provider is named. Raises `OperatorError` for one that is named by half or unsafely."""
        if not settings.oidc_issuer:
            return None
        for name in ("oidc_client_id", "oidc_desk_url", "oidc_roles"):
            if not getattr(settings, name):
                raise OperatorError(f"PANTAU_OIDC_ISSUER needs PANTAU_{name.upper()} too")
        for name in ("oidc_issuer", "oidc_desk_url"):
            if not is_safe(getattr(settings, name)):
                raise OperatorError(
                    f"PANTAU_{name.upper()} must be https (http: this machine alone)"
                )
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            oidc_secret(settings),
            settings.oidc_desk_url.rstrip("/"),
            settings.oidc_scopes,
            settings.oidc_role_claim,
            _roles(settings.oidc_roles),
            settings.oidc_name_claim,
        )

    @property
    def back_url(self) -> str:
        """Where the provider sends the browser back to."""
        return f"{self.desk_url}/v1/desk/oidc/back"

    def role(self, claims: Mapping[str, Any]) -> Role | None:
        """What a person may do; None: nothing here."""
        found = {self.roles.get(one) for one in _texts(_claim(claims, self.role_claim))}
        return next((role for role in _ROLES if role in found), None)

    def name(self, claims: Mapping[str, Any]) -> str | None:
        """How a person is named in every record: by `name_claim`, else by the subject; None if neither may be stored.

        An e-mail address is taken only where that is the claim asked for, and the provider has verified it.
        """
        asked = claims.get(self.name_claim)
        is_email = self.name_claim == _EMAIL
        if is_email and claims.get("email_verified") is not True:
            asked = None
        if not is_email and isinstance(asked, str) and "@" in asked:
            asked = None
        for name in (asked, claims.get("sub")):
            if isinstance(name, str) and _may_be_stored(name):
                return name + PROVIDER_MARK
        return None


def is_safe(url: str) -> bool:
    """Whether what is sent to this address cannot be read on its way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


def _roles(pairs: tuple[str, ...]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for pair in pairs:
        value, _, text = pair.rpartition("=")
        role = next((one for one in _ROLES if one == text), None)
        if not value or role is None:
            raise OperatorError(
                "PANTAU_OIDC_ROLES is wrong: write value=role pairs, role desk, health or admin"
            )
        roles[value] = role
    return roles


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """`realm_access.roles` is a claim of this name, or `roles` within `realm_access`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> Iterator[str]:
    some = value if isinstance(value, list) else [value]
    return (one for one in some if isinstance(one, str))


def _may_be_stored(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and not has_nik(name)
