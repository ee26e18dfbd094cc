"""Log-in with an account of a provider: who gets in, as whom, and what is refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.http.new_app import new_app
from chassis.operator_error import OperatorError
from chassis.settings import Settings, load_settings
from contracts.revocations import Revocations
from dashboard_ws.gateway.api.desk.desk_log_in import DeskLogInRoute
from dashboard_ws.gateway.api.oidc.oidc_log_in import OidcLogIn
from dashboard_ws.gateway.api.oidc.oidc_policy import OidcPolicy
from dashboard_ws.gateway.api.page_tokens import Tokens
from tests.dashboard_ws.conftest import KEY
from tests.dashboard_ws.gateway.api.oidc.small_provider import CLIENT, SECRET, SmallProvider

_DESK: Final = "http://127.0.0.1:8081"
_ANOTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "k1"})


@pytest.fixture
def provider() -> Iterator[SmallProvider]:
    one = SmallProvider()
    yield one
    one.close()


def _settings(provider: SmallProvider, folder: Path, **more: Any) -> Settings:
    given = {
        "data_dir": folder, "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "oidc_desk_url": _DESK, "oidc_roles": "cn=desk,ou=pantau=desk; dinkes=health", "regions": "32.11,32.08",
    }  # fmt: skip
    return load_settings(**(given | more))


class Desk:
    """The desk's log-ins with a browser of its own."""

    def __init__(self, settings: Settings) -> None:
        self.tokens = Tokens(KEY, DataDir(settings.data_dir), Revocations())
        self.accounts = DeskAccounts(DataDir(settings.data_dir))
        oidc = OidcLogIn.of(settings, KEY, self.tokens)
        app = new_app("desk")
        app.include_router(DeskLogInRoute(self.accounts, self.tokens, oidc is not None).router())
        if oidc is not None:
            app.include_router(oidc.router())
        self.browser = TestClient(app, base_url=_DESK, follow_redirects=False)

    def back(self, **query: str) -> str:
        """Where the browser ends when it comes back with this."""
        return str(self.browser.get("/v1/desk/oidc/back", params=query).headers["Location"])

    def log_in(self, provider: SmallProvider, region: str = "") -> str:
        """The same after all that a person does."""
        begun = self.browser.get("/v1/desk/oidc/start", params={"region": region})
        return self.back(**provider.authorize(begun.headers["Location"]))

    def take_token(self) -> httpx.Response:
        answer: httpx.Response = self.browser.post("/v1/desk/oidc/token")
        return answer


@pytest.fixture
def desk(provider: SmallProvider, tmp_path: Path) -> Desk:
    return Desk(_settings(provider, tmp_path))


def test_a_person_of_the_provider_gets_the_role_and_the_name_of_the_claims(
    desk: Desk,
    provider: SmallProvider,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Once `logs.configure` was called, by another test, the log does not go to this test's stderr.
    caplog.set_level("INFO")
    seen: list[str] = []

    def sign(claims: dict[str, Any]) -> str:
        seen.append(provider.signed(claims))
        return seen[0]

    provider.sign = sign
    assert desk.browser.get("/v1/desk/login").json() == {"provider": True}
    assert desk.log_in(provider, "32.08") == f"{_DESK}/desk?region=32.08#sso=in"
    given = desk.take_token().json()
    assert given["role"] == "health"
    claims = desk.tokens.verify(given["token"], "operator")
    assert (claims.sub, claims.role) == ("ratna (dinas)", "health")
    files = [one.read_text() for one in tmp_path.rglob("*") if one.is_file()]
    # httpx is this test's browser.
    logged = [str(one.msg) for one in caplog.records if not one.name.startswith("httpx")]
    kept = "".join([*capfd.readouterr(), *logged, *files, *desk.browser.cookies.values()])
    assert "ratna (dinas)" in kept
    form = provider.last
    for hidden in (seen[0], SECRET, *form["code"], *form["code_verifier"], given["token"]):
        assert hidden not in kept


def test_the_proof_of_a_log_in_is_traded_once_and_kept_from_scripts(
    desk: Desk, provider: SmallProvider
) -> None:
    begun = desk.browser.get("/v1/desk/oidc/start")
    assert {"httponly", "samesite=lax"} <= _marks(begun)
    answer = desk.browser.get(
        "/v1/desk/oidc/back", params=provider.authorize(begun.headers["Location"])
    )
    assert {"httponly", "samesite=strict"} <= _marks(answer)
    proof = desk.browser.cookies["pantau_oidc_passed"]
    assert desk.take_token().status_code == 200
    desk.browser.cookies.set("pantau_oidc_passed", proof, path="/v1/desk/oidc")
    assert desk.take_token().status_code == 401
    # Neither is one kind of signed text taken for another.
    desk.browser.cookies.set(
        "pantau_oidc_passed", desk.tokens.operator("x", "health")[0], path="/v1/desk/oidc"
    )
    assert desk.take_token().status_code == 401


def _marks(answer: httpx.Response) -> set[str]:
    [cookie] = [one for one in answer.headers.get_list("Set-Cookie") if "Max-Age=0" not in one]
    return {part.strip().lower() for part in cookie.split(";")}


def test_keys_may_be_changed_at_any_time(desk: Desk, provider: SmallProvider) -> None:
    assert desk.log_in(provider).endswith("#sso=in")
    provider.rotate()
    assert desk.log_in(provider).endswith("#sso=in")


def _unsigned(claims: dict[str, Any], signature: str = "") -> str:
    return f"{_coded({'alg': 'none'}, claims)}.{signature}"


def _coded(*parts: dict[str, Any]) -> str:
    coded = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts
    )
    return ".".join(coded)


def _with_public_key_as_secret(provider: SmallProvider, claims: dict[str, Any]) -> str:
    signed = _coded({"alg": "HS256", "kid": "k1"}, claims)
    mac = hmac.digest(provider.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


_HOSTILE: Final[dict[str, dict[str, Any]]] = {
    "wrong issuer": {"iss": "https://other.example"},
    "wrong audience": {"aud": "another-client"},
    "several audiences, given to another": {"aud": [CLIENT, "another"], "azp": "another"},
    "several audiences, given to nobody": {"aud": [CLIENT, "another"]},
    "wrong nonce": {"nonce": "of-another-log-in"},
    "no nonce": {"nonce": None},
    "over": {"exp": -120, "iat": -600},
    "never over": {"exp": None},
    "of tomorrow": {"iat": 86_400, "exp": 90_000},
    "nobody": {"sub": None},
}
"""Claims instead of the good ones; None: without; times in seconds from now."""


def _changed(claims: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    # `iat` of a good one is now: a suite runs longer than the provider's clock may differ.
    times = {name: claims["iat"] + one for name, one in case.items() if isinstance(one, int)}
    changed = claims | case | times
    return {name: one for name, one in changed.items() if one is not None}


@pytest.mark.parametrize("case", _HOSTILE)
def test_an_id_token_with_a_wrong_claim_lets_nobody_in(
    case: str, desk: Desk, provider: SmallProvider
) -> None:
    provider.sign = lambda claims: provider.signed(_changed(claims, _HOSTILE[case]))
    assert desk.log_in(provider) == f"{_DESK}/desk#sso=failed"
    assert desk.take_token().status_code == 401


@pytest.mark.parametrize(
    "case", ["none", "none, with a signature", "another key", "shared secret", "no token", "cut"]
)
def test_an_id_token_that_the_provider_has_not_signed_lets_nobody_in(
    case: str, desk: Desk, provider: SmallProvider
) -> None:
    def sign(claims: dict[str, Any]) -> str:
        good = provider.signed(claims)
        match case:
            case "none":
                return _unsigned(claims)
            case "none, with a signature":
                return _unsigned(claims, good.rpartition(".")[2])
            case "another key":
                return provider.signed(claims, _ANOTHER_KEY)
            case "shared secret":
                return _with_public_key_as_secret(provider, claims)
            case "cut":
                return good.rpartition(".")[0] + "."
            case _:
                return "hello"

    provider.sign = sign
    assert desk.log_in(provider) == f"{_DESK}/desk#sso=failed"
    assert desk.take_token().status_code == 401


def test_clocks_may_differ_by_a_little(desk: Desk, provider: SmallProvider) -> None:
    provider.sign = lambda claims: provider.signed(_changed(claims, {"iat": 20, "exp": -20}))
    assert desk.log_in(provider).endswith("#sso=in")


def test_a_code_of_another_browser_or_log_in_is_not_taken(
    desk: Desk, provider: SmallProvider, tmp_path: Path
) -> None:
    def begin(one: Desk) -> dict[str, str]:
        return provider.authorize(one.browser.get("/v1/desk/oidc/start").headers["Location"])

    attacker = Desk(_settings(provider, tmp_path))
    stolen = begin(attacker)
    failed = f"{_DESK}/desk#sso=failed"
    # The victim's browser has begun no log-in, or another one: the code is not even asked for.
    assert desk.back(**stolen) == failed
    own = begin(desk)
    assert desk.back(**stolen) == failed
    assert provider.last == {}
    own = begin(desk)
    assert desk.back(code=stolen["code"], state=own["state"]) == failed
    own = begin(desk)
    assert desk.back(**own, iss="https://other.example") == failed
    own = begin(desk)
    assert desk.back(state=own["state"], error="access_denied") == f"{_DESK}/desk#sso=cancelled"
    own = begin(desk)
    assert desk.back(**own, iss=provider.issuer).endswith("#sso=in")
    assert desk.back(**own) == failed


@pytest.mark.parametrize(
    "region", ["https://evil.example", "//evil.example", "32.99", "32.11#sso=in&x", "\r\nX: y"]
)
def test_no_request_decides_where_the_browser_is_sent(
    region: str, desk: Desk, provider: SmallProvider
) -> None:
    assert desk.log_in(provider, region) == f"{_DESK}/desk#sso=in"


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ({"preferred_username": "ratna"}, "ratna (dinas)"),
        ({"preferred_username": "ratna@example.go.id"}, "u-81 (dinas)"),
        ({"preferred_username": "3211010101800001"}, "u-81 (dinas)"),
        ({"preferred_username": "x" * 101}, "u-81 (dinas)"),
        ({"preferred_username": "ratna\u202e"}, "u-81 (dinas)"),
        ({"preferred_username": ["ratna"]}, "u-81 (dinas)"),
        ({"sub": "3211010101800001", "preferred_username": ""}, None),
    ],
)
def test_a_person_is_named_by_what_may_be_stored(
    person: dict[str, Any], name: str | None, desk: Desk, provider: SmallProvider
) -> None:
    provider.person |= person
    place = desk.log_in(provider)
    if name is None:
        assert place.endswith("#sso=failed")
    else:
        assert desk.tokens.verify(desk.take_token().json()["token"], "operator").sub == name


@pytest.mark.parametrize(
    ("verified", "name"),
    [(True, "r@go.id (dinas)"), (False, "u-81 (dinas)"), ("true", "u-81 (dinas)")],
)
def test_an_address_names_a_person_only_where_that_is_asked_for(
    verified: object, name: str, provider: SmallProvider, tmp_path: Path
) -> None:
    desk = Desk(_settings(provider, tmp_path, oidc_name_claim="email"))
    provider.person |= {"email": "r@go.id", "email_verified": verified}
    desk.log_in(provider)
    assert desk.tokens.verify(desk.take_token().json()["token"], "operator").sub == name


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["staf", "cn=desk,ou=pantau"]}, "desk"),
        ({"groups": "dinkes"}, "health"),
        ({"groups": ["cn=desk,ou=pantau", "dinkes"]}, "health"),
        ({"groups": ["health", "admin"]}, None),
        ({"groups": {"dinkes": True}}, None),
        ({"groups": None}, None),
    ],
)
def test_a_role_comes_from_the_mapped_values_alone(
    claims: dict[str, Any], role: str | None, desk: Desk, provider: SmallProvider
) -> None:
    provider.person |= claims
    place = desk.log_in(provider)
    if role is None:
        assert place == f"{_DESK}/desk#sso=no_role"
        assert desk.take_token().status_code == 401
    else:
        assert desk.take_token().json()["role"] == role


def test_a_role_may_stand_within_a_claim(provider: SmallProvider, tmp_path: Path) -> None:
    desk = Desk(_settings(provider, tmp_path, oidc_role_claim="realm_access.roles"))
    provider.person |= {"realm_access": {"roles": ["dinkes"]}}
    assert desk.log_in(provider).endswith("#sso=in")


def test_without_the_provider_passwords_still_let_in(desk: Desk, provider: SmallProvider) -> None:
    begun = desk.browser.get("/v1/desk/oidc/start")
    came = provider.authorize(begun.headers["Location"])
    provider.close()
    assert desk.back(**came) == f"{_DESK}/desk#sso=away"
    desk.accounts.put("ratna", "desk", "a long password")
    given = desk.browser.post(
        "/v1/desk/login", json={"user": "ratna", "password": "a long password"}
    )
    assert desk.tokens.verify(given.json()["token"], "operator").sub == "ratna"


def test_a_provider_that_was_never_there_is_said_to_be_away(
    provider: SmallProvider, tmp_path: Path
) -> None:
    desk = Desk(_settings(provider, tmp_path))
    provider.close()
    assert desk.browser.get("/v1/desk/oidc/start").headers["Location"] == f"{_DESK}/desk#sso=away"
    assert desk.browser.get("/v1/desk/oidc/end").headers["Location"] == f"{_DESK}/desk"


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://other.example/t"},
        {"jwks_uri": 7},
        {"pad": "x" * 300_000},
    ],
)
def test_a_provider_that_names_wrong_addresses_is_not_used(
    wrong: dict[str, Any], desk: Desk, provider: SmallProvider
) -> None:
    provider.discovery = wrong
    assert desk.browser.get("/v1/desk/oidc/start").headers["Location"] == f"{_DESK}/desk#sso=away"


def test_a_log_out_ends_the_session_at_the_provider_too(
    desk: Desk, provider: SmallProvider
) -> None:
    place = urlsplit(desk.browser.get("/v1/desk/oidc/end").headers["Location"])
    assert place._replace(query="").geturl() == f"{provider.issuer}/end_session_endpoint"
    asked = parse_qs(place.query)
    assert asked == {
        "tenant": ["1"],
        "client_id": [CLIENT],
        "post_logout_redirect_uri": [f"{_DESK}/desk"],
    }


def test_nothing_of_it_is_there_unless_it_is_configured(tmp_path: Path) -> None:
    desk = Desk(load_settings(data_dir=tmp_path))
    assert desk.browser.get("/v1/desk/login").json() == {"provider": False}
    assert desk.browser.get("/v1/desk/oidc/start").status_code == 404


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"oidc_client_id": ""}, "PANTAU_OIDC_CLIENT_ID"),
        ({"oidc_roles": ""}, "PANTAU_OIDC_ROLES"),
        ({"oidc_roles": "dinkes=king"}, "PANTAU_OIDC_ROLES"),
        ({"oidc_issuer": "http://login.example.go.id"}, "PANTAU_OIDC_ISSUER must be https"),
        ({"oidc_desk_url": "http://pantau.example.go.id"}, "PANTAU_OIDC_DESK_URL must be https"),
    ],
)
def test_half_a_configuration_says_what_is_missing(
    more: dict[str, Any], named: str, provider: SmallProvider, tmp_path: Path
) -> None:
    with pytest.raises(OperatorError, match=named):
        OidcPolicy.of(_settings(provider, tmp_path, **more))


def test_the_secret_may_be_a_file_of_the_data_dir(provider: SmallProvider, tmp_path: Path) -> None:
    (DataDir(tmp_path).secrets / "oidc").write_text(f"{SECRET}\n")
    desk = Desk(_settings(provider, tmp_path, oidc_client_secret=""))
    assert desk.log_in(provider).endswith("#sso=in")
