"""What a SPAKEAccount promises over HTTP, against a service made up here: pins, refusals, repeats."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

import independent
import spake_prover
import spake_utils
from conftest import FAST
from spake_utils import (
    Argon2id,
    InvalidShare,
    Kdf,
    MissingDependency,
    ParametersRefused,
    PasswordRefused,
    PinMismatch,
    Scrypt,
    ServiceError,
    ServiceUnreachable,
    SPAKEAccount,
    TooManyGuesses,
    WrongPassword,
)

URL = "https://spake.example"
PASSWORD = "correct horse battery staple"
SALT = bytes(range(16))
Y = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF
SESSION = "login-2b-0123"
TIMES = {"created_at": "2026-11-24T09:00:00.000Z", "updated_at": "2026-11-24T09:00:01.000Z"}
KDF, LOGIN, CONFIRM = "GET kdf", "POST login", "POST confirm"
REGISTER = "PUT credential"


@dataclass
class Answer:
    status_code: int
    content: bytes | None
    headers: dict[str, str] = field(default_factory=dict)


def answer(status: int, data: object, **headers: str) -> Answer:
    return Answer(status, json.dumps(data).encode(), {k.replace("_", "-"): v for k, v in headers.items()})


def refusal(status: int, code: str, **headers: str) -> Answer:
    return answer(status, {"error": "A sentence", "code": code, "request_id": "r"}, **headers)


@dataclass
class Request:
    step: str
    method: str
    url: str
    data: bytes | None
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        return dict(json.loads(self.data or b"{}"))


class Service:
    """One account of a service; a test puts other answers, or exceptions, before its own."""

    def __init__(self, kdf: Kdf = FAST, credential_id: str = "alice") -> None:
        self.id, self.kdf = credential_id, kdf.to_json(SALT)
        self.verifier: tuple[int, independent.Point] | None = None
        self.seen: list[Request] = []
        self.instead: dict[str, list[Answer | Exception]] = {}
        self.changes: dict[str, dict[str, object]] = {}
        self.confirmed: dict[str, bytes] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None,
        headers: dict[str, str],
        timeout: float,
        allow_redirects: bool,
    ) -> Answer:
        assert url.startswith(URL + "/spake/") and timeout > 0 and not allow_redirects
        step = f"{method} {'credential' if method == 'PUT' else url.rsplit('/', 1)[1]}"
        request = Request(step, method, url, data, headers)
        self.seen.append(request)
        if self.instead.get(step):
            other = self.instead[step].pop(0)
            if isinstance(other, Exception):
                raise other
            return other
        reply = {KDF: self._kdf, REGISTER: self._put, LOGIN: self._login, CONFIRM: self._confirm}[step]
        status, body = reply(request)
        body.update(self.changes.get(step, {}))
        return answer(status, {name: value for name, value in body.items() if value is not ...})

    def steps(self) -> list[str]:
        return [request.step for request in self.seen]

    def _kdf(self, _: Request) -> tuple[int, dict[str, object]]:
        return 200, {"kdf": self.kdf, "server_id": "spake-service", "context": "spake-service/1"}

    def _put(self, request: Request) -> tuple[int, dict[str, object]]:
        verifier = request.fields["verifier"]
        status = 201 if self.verifier is None else 200
        self.verifier = int(verifier["w0"], 16), independent.decode(bytes.fromhex(verifier["L"]))
        return status, {"credential_id": self.id, "kdf": self.kdf, "disabled": False, **TIMES}

    def _login(self, request: Request) -> tuple[int, dict[str, object]]:
        assert self.verifier is not None and request.fields["credential_id"] == self.id
        server = independent.PartyV(*self.verifier, prover=self.id.encode(), y=Y)
        self.confirmed = server.respond(bytes.fromhex(request.fields["client_public_key"]))
        return 200, {
            "session_id": SESSION,
            "public_key": server.share.hex(),
            "server_confirmation": self.confirmed["confirmV"].hex(),
            "protocol": "spake2plus",
            "status": "completed",
            "confirmed": False,
            "expires_at": "2026-11-24T09:02:00.000Z",
            "expires_in": 120,
        }

    def _confirm(self, request: Request) -> tuple[int, dict[str, object]]:
        assert request.fields == {
            "session_id": SESSION,
            "client_confirmation": self.confirmed["confirmP"].hex(),
        }
        return 200, {"session_id": SESSION, "status": "completed", "confirmed": True}


def new_account(service: Service, **settings: Any) -> SPAKEAccount:
    return SPAKEAccount(URL, **{"credential_id": service.id, "kdf": FAST, "session": service, **settings})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def service(pauses: list[float]) -> Service:
    """With `alice` registered under PASSWORD."""
    service = Service()
    new_account(service).register(PASSWORD)
    service.seen.clear()
    return service


@pytest.fixture
def stretchings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Kdf]]:
    """What was stretched with."""
    used: list[Kdf] = []
    true_stretch = spake_utils._stretch

    def record(secret: bytes, salt: bytes, kdf: Kdf, info: bytes, length: int) -> bytes:
        used.append(kdf)
        return true_stretch(secret, salt, kdf, info, length)

    monkeypatch.setattr(spake_prover, "_stretch", record)
    yield used


# ---- the two flows ----


@pytest.mark.parametrize(
    "kdf",
    [FAST, Argon2id(memory_kib=19456, passes=2, parallelism=1), Scrypt(n=32768, r=8, p=1)],
    ids=lambda kdf: kdf.algorithm,
)
def test_a_registered_password_logs_in(kdf: Kdf) -> None:
    service = Service(kdf)
    account = new_account(service, kdf=kdf)
    registered = account.register(PASSWORD)
    assert (registered.credential_id, registered.created) == ("alice", True)
    assert {"created_at": registered.created_at, "updated_at": registered.updated_at} == TIMES
    login = account.login(PASSWORD)
    assert (login.session_id, login.shared_secret) == (SESSION, service.confirmed["K_shared"])
    assert service.steps() == [KDF, REGISTER, KDF, LOGIN, CONFIRM]
    assert account.login(PASSWORD).session_id == SESSION  # an account is no single run


def test_the_password_never_leaves_the_client(service: Service) -> None:
    account = new_account(service)
    account.register(PASSWORD)
    account.login(PASSWORD)
    for request in service.seen:
        assert PASSWORD not in f"{request.url} {request.data!r} {request.headers}"
    put = next(request for request in service.seen if request.step == REGISTER)
    assert list(put.fields) == ["verifier", "kdf"] and list(put.fields["verifier"]) == ["w0", "L"]


def test_a_second_registration_replaces_the_first(service: Service) -> None:
    account = new_account(service)
    assert account.register("another password").created is False
    account.login("another password")
    with pytest.raises(WrongPassword):
        account.login(PASSWORD)


@pytest.mark.parametrize("create_only", [False, True])
def test_create_only_is_a_condition_of_the_request(service: Service, create_only: bool) -> None:
    new_account(service).register(PASSWORD, create_only=create_only)
    get, put = service.seen
    assert put.headers.get("If-None-Match") == ("*" if create_only else None)
    assert "If-None-Match" not in get.headers


def test_an_existing_account_is_not_created(service: Service) -> None:
    service.instead[REGISTER] = [refusal(412, "precondition_failed")]
    with pytest.raises(ServiceError) as refused:
        new_account(service).register(PASSWORD, create_only=True)
    assert (refused.value.status, refused.value.code) == (412, "precondition_failed")
    assert service.steps() == [KDF, REGISTER]


@pytest.mark.parametrize(
    ("credential_id", "path"),
    [("alice", "alice"), ("a b?#%", "a%20b%3F%23%25"), ("Zoe\u0308", "Zo%C3%AB"), ("…@例", "%E2%80%A6%40%E4%BE%8B")],
)
def test_an_id_is_composed_and_encoded(credential_id: str, path: str) -> None:
    service = Service(credential_id=unicodedata.normalize("NFC", credential_id))
    account = SPAKEAccount(URL + "/", credential_id, kdf=FAST, session=service)
    account.register(PASSWORD)
    account.login(PASSWORD)
    assert service.seen[0].url == f"{URL}/spake/credentials/{path}/kdf"
    assert service.seen[1].url == f"{URL}/spake/credentials/{path}"


def test_key_and_headers_go_with_every_request(service: Service) -> None:
    account = new_account(service, api_key="spk_a_b", headers={"X-Request-Id": "r-1"})
    account.register(PASSWORD)
    account.login(PASSWORD)
    for request in service.seen:
        assert request.headers["Authorization"] == "Bearer spk_a_b"
        assert request.headers["X-Request-Id"] == "r-1"
        assert (request.headers.get("Content-Type") is None) == (request.data is None)
    assert "spk_a_b" not in repr(account)


def test_no_secret_shows_in_a_repr(service: Service) -> None:
    account = new_account(service)
    login = account.login(PASSWORD)
    assert SESSION in repr(login)
    assert repr(login.shared_secret) not in repr(login) and login.shared_secret.hex() not in repr(login)
    assert PASSWORD not in repr(account)


# ---- wrong passwords ----


def test_a_wrong_password_is_told_by_the_service_and_nothing_more_is_sent(service: Service) -> None:
    with pytest.raises(WrongPassword, match="do not retry"):
        new_account(service).login("correct house")
    assert service.steps() == [KDF, LOGIN]


def test_a_false_confirmation_of_the_service_gets_no_confirmation_back(service: Service) -> None:
    service.changes[LOGIN] = {"server_confirmation": "00" * 32}
    with pytest.raises(WrongPassword):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF, LOGIN]


def test_a_refused_confirmation_is_a_wrong_password_and_not_repeated(service: Service) -> None:
    service.instead[CONFIRM] = [refusal(403, "confirmation_failed")]
    with pytest.raises(WrongPassword):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF, LOGIN, CONFIRM]


def test_a_share_that_is_no_point_ends_the_login(service: Service) -> None:
    service.changes[LOGIN] = {"public_key": "04" + "00" * 64}
    with pytest.raises(InvalidShare):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF, LOGIN]


def test_an_empty_password_is_never_sent(service: Service) -> None:
    for call in (new_account(service).login, new_account(service).register):
        with pytest.raises(PasswordRefused):
            call("")
    assert service.steps() == [KDF, KDF]


# ---- pins ----

OTHER_KDFS: dict[str, dict[str, Any]] = {
    "too few iterations": {**FAST.to_json(SALT), "iterations": 99_999},
    "too many iterations": {**FAST.to_json(SALT), "iterations": 10_000_001},
    "argon2id, little memory": {"memory_kib": 19455, "passes": 2, "parallelism": 1},
    "argon2id, much memory": {"memory_kib": 1048577, "passes": 2, "parallelism": 1},
    "argon2id, one pass": {"memory_kib": 19456, "passes": 1, "parallelism": 1},
    "argon2id, five lanes": {"memory_kib": 19456, "passes": 2, "parallelism": 5},
    "argon2id, the RFC's names": {"m": 19456, "t": 2, "p": 1},
    "scrypt, small n": {"algorithm": "scrypt", "n": 2**14, "r": 8, "p": 1},
    "scrypt, large n": {"algorithm": "scrypt", "n": 2**21, "r": 8, "p": 1},
    "scrypt, other r": {"algorithm": "scrypt", "n": 2**15, "r": 4, "p": 1},
    "scrypt, n no power of two": {"algorithm": "scrypt", "n": 2**15 + 1, "r": 8, "p": 1},
    "a short salt": {**FAST.to_json(SALT), "salt": "00" * 15},
    "a long salt": {**FAST.to_json(SALT), "salt": "00" * 65},
    "no salt": {**FAST.to_json(SALT), "salt": None},
    "another algorithm": {"algorithm": "pbkdf2-hmac-sha1", "iterations": 600_000},
    "an unknown parameter": {**FAST.to_json(SALT), "pepper": 1},
}


@pytest.mark.parametrize("flow", ["register", "login"])
@pytest.mark.parametrize("kdf", [*OTHER_KDFS.values(), None, []], ids=[*OTHER_KDFS, "null", "a list"])
def test_a_kdf_outside_the_ranges_is_refused_before_anything_is_stretched(
    service: Service, stretchings: list[Kdf], kdf: object, flow: str
) -> None:
    if isinstance(kdf, dict):
        kdf = {"algorithm": "argon2id", "salt": SALT.hex(), **kdf}
    service.changes[KDF] = {"kdf": kdf}
    with pytest.raises(ParametersRefused):
        getattr(new_account(service), flow)(PASSWORD)
    assert (service.steps(), stretchings) == ([KDF], [])


@pytest.mark.parametrize(
    "policy",
    [{"iterations": 100_001}, {"algorithm": "scrypt", "iterations": ..., "n": 2**15, "r": 8, "p": 1}],
    ids=["iterations", "algorithm"],
)
def test_a_registration_is_stretched_by_the_clients_own_policy_or_not_at_all(
    service: Service, stretchings: list[Kdf], policy: dict[str, Any]
) -> None:
    kdf = {**FAST.to_json(SALT), **policy}
    service.changes[KDF] = {"kdf": {name: value for name, value in kdf.items() if value is not ...}}
    with pytest.raises(PinMismatch, match="kdf"):
        new_account(service).register(PASSWORD)
    assert (service.steps(), stretchings) == ([KDF], [])


def test_a_login_stretches_as_the_account_was_registered(service: Service, stretchings: list[Kdf]) -> None:
    new_account(service, kdf=Scrypt(n=2**15, r=8, p=1)).login(PASSWORD)
    assert stretchings == [FAST]


@pytest.mark.parametrize("flow", ["register", "login"])
@pytest.mark.parametrize("name", ["server_id", "context"])
@pytest.mark.parametrize("theirs", ["other", "", None, ["spake-service"], ...], ids=repr)
def test_other_settings_of_the_service_are_refused_before_anything_is_stretched(
    service: Service, stretchings: list[Kdf], flow: str, name: str, theirs: object
) -> None:
    service.changes[KDF] = {name: theirs}
    with pytest.raises(PinMismatch, match=name):
        getattr(new_account(service), flow)(PASSWORD)
    assert (service.steps(), stretchings) == ([KDF], [])


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("protocol", "spake2"),
        ("protocol", ...),
        ("server_id", "other-service"),
        ("context", "spake-service/2"),
        ("credential_id", "mallory"),
    ],
)
def test_a_login_with_other_settings_is_not_confirmed(service: Service, name: str, theirs: object) -> None:
    service.changes[LOGIN] = {name: theirs}
    with pytest.raises(PinMismatch, match=name):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF, LOGIN]


def test_settings_that_a_login_repeats_are_fine(service: Service) -> None:
    service.changes[LOGIN] = {"server_id": "spake-service", "context": "spake-service/1"}
    new_account(service).login(PASSWORD)


def test_a_confirmation_of_another_session_is_refused(service: Service) -> None:
    service.changes[CONFIRM] = {"session_id": "another"}
    with pytest.raises(PinMismatch, match="session_id"):
        new_account(service).login(PASSWORD)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("credential_id", "mallory"), ("kdf", {**FAST.to_json(SALT), "iterations": 100_001})],
)
def test_a_registration_of_something_else_is_noticed(service: Service, name: str, theirs: object) -> None:
    service.changes[REGISTER] = {name: theirs}
    with pytest.raises(PinMismatch, match=name):
        new_account(service).register(PASSWORD)


# ---- errors ----


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        (KDF, 401, "unauthorized"),
        (KDF, 403, "foreign_request"),
        (KDF, 404, "endpoint_not_found"),
        (LOGIN, 400, "invalid_public_key"),
        (LOGIN, 500, "internal"),
        (LOGIN, 503, "overloaded"),
        (LOGIN, 503, "store_unavailable"),
        (CONFIRM, 400, "invalid_session_status"),
        (CONFIRM, 403, "missing_scope"),
        (CONFIRM, 404, "session_not_found"),
    ],
)
def test_a_refusal_is_an_error_with_status_code_and_sentence(
    service: Service, step: str, status: int, code: str
) -> None:
    service.instead[step] = [refusal(status, code, Retry_After="1")]
    with pytest.raises(ServiceError) as refused:
        new_account(service).login(PASSWORD)
    error = refused.value
    assert (error.status, error.code, error.sentence, error.retry_after) == (status, code, "A sentence", 1)
    assert str(error) == f"A sentence ({status} {code})"
    assert not isinstance(error, TooManyGuesses)
    assert service.steps().count(step) == 1 and service.steps()[-1] == step


@pytest.mark.parametrize("step", [KDF, LOGIN, CONFIRM])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("512", 512), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_too_many_guesses_says_when_to_try_again_and_is_not_repeated(
    service: Service, step: str, header: str, seconds: int | None
) -> None:
    service.instead[step] = [refusal(429, "too_many_guesses", Retry_After=header)]
    with pytest.raises(TooManyGuesses) as refused:
        new_account(service).login(PASSWORD)
    assert refused.value.retry_after == seconds
    assert service.steps().count(step) == 1


def test_retry_after_can_be_absent(service: Service) -> None:
    service.instead[LOGIN] = [refusal(429, "rate_limited")]
    with pytest.raises(TooManyGuesses) as refused:
        new_account(service).login(PASSWORD)
    assert (refused.value.retry_after, refused.value.code) == (None, "rate_limited")


NOT_THE_SERVICES = {
    "a page": Answer(200, b"<html>"),
    "nothing": Answer(200, None),
    "a list": answer(200, []),
    "not UTF-8": Answer(200, b"\xff\xfe{"),
    "deep": Answer(200, b"[" * 200_000),
    "a redirect": Answer(302, b"", {"Location": "https://elsewhere.example"}),
    "a page of an error": Answer(500, b"<html>"),
    "an error without a code": answer(403, {"error": "no"}),
    "a code that is no text": answer(429, {"error": "no", "code": 7}),
}


@pytest.mark.parametrize("step", [KDF, LOGIN, CONFIRM])
@pytest.mark.parametrize("other", NOT_THE_SERVICES.values(), ids=NOT_THE_SERVICES.keys())
def test_an_answer_that_is_not_the_services_is_an_error(service: Service, other: Answer, step: str) -> None:
    service.instead[step] = [other]
    with pytest.raises(ServiceError) as refused:
        new_account(service).login(PASSWORD)
    assert (refused.value.status, refused.value.code) == (other.status_code, "unexpected_answer")
    assert service.steps()[-1] == step


@pytest.mark.parametrize(
    ("step", "name", "theirs"),
    [
        (LOGIN, "session_id", ...),
        (LOGIN, "session_id", ""),
        (LOGIN, "session_id", 7),
        (LOGIN, "public_key", ...),
        (LOGIN, "public_key", "04"),
        (LOGIN, "public_key", "zz" * 65),
        (LOGIN, "public_key", "04" * 65 + "\n"),
        (LOGIN, "server_confirmation", ...),
        (LOGIN, "server_confirmation", "00" * 31),
        (LOGIN, "server_confirmation", 0),
        (CONFIRM, "confirmed", ...),
        (CONFIRM, "confirmed", False),
        (CONFIRM, "confirmed", 1),
    ],
)
def test_a_field_of_another_form_is_an_error(
    service: Service, step: str, name: str, theirs: object
) -> None:
    service.changes[step] = {name: theirs}
    with pytest.raises(ServiceError) as refused:
        new_account(service).login(PASSWORD)
    assert refused.value.code == "unexpected_answer"
    assert service.steps()[-1] == step


def test_a_registration_without_its_times_is_an_error(service: Service) -> None:
    service.changes[REGISTER] = {"created_at": None}
    with pytest.raises(ServiceError, match="created_at"):
        new_account(service).register(PASSWORD)


# ---- repeats ----

LOST: dict[str, Callable[[], Answer | Exception]] = {
    "outcome_unknown": lambda: refusal(503, "outcome_unknown", Retry_After="1"),
    "a proxy's 502": lambda: Answer(502, b"<html>"),
    "a proxy's 504": lambda: Answer(504, b""),
    "connection lost": lambda: requests.ConnectionError("lost"),
    "time-out": lambda: requests.ReadTimeout("late"),
    "reset": lambda: ConnectionResetError(),
}
lost_answers = pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())


@lost_answers
@pytest.mark.parametrize("step", [KDF, LOGIN, CONFIRM])
def test_a_lost_answer_is_asked_for_again_with_the_identical_request(
    service: Service, pauses: list[float], stretchings: list[Kdf], step: str, lost: Callable[[], Answer | Exception]
) -> None:
    service.instead[step] = [lost(), lost()]
    assert new_account(service).login(PASSWORD).shared_secret == service.confirmed["K_shared"]
    first, second, third = (request for request in service.seen if request.step == step)
    assert first == second == third
    assert len(service.seen) == 5 and len(stretchings) == 1
    assert len(pauses) == 2 and all(0 < pause <= 5 for pause in pauses)


@lost_answers
@pytest.mark.parametrize("step", [KDF, LOGIN, CONFIRM])
def test_repeats_are_bounded(service: Service, step: str, lost: Callable[[], Answer | Exception]) -> None:
    service.instead[step] = [lost() for _ in range(10)]
    with pytest.raises((ServiceError, ServiceUnreachable)) as failed:
        new_account(service).login(PASSWORD)
    assert service.steps().count(step) == 3 and service.steps()[-1] == step
    if isinstance(failed.value, ServiceUnreachable):
        assert isinstance(failed.value.__cause__, OSError)


def test_a_registration_is_repeated_too(service: Service) -> None:
    service.instead[REGISTER] = [refusal(503, "outcome_unknown"), requests.ConnectionError("lost")]
    new_account(service).register(PASSWORD)
    first, second, third = (request for request in service.seen if request.step == REGISTER)
    assert first == second == third


def test_a_pause_is_as_long_as_asked_within_reason(service: Service, pauses: list[float]) -> None:
    service.instead[LOGIN] = [
        refusal(503, "outcome_unknown", Retry_After="3"),
        refusal(503, "outcome_unknown", Retry_After="86400"),
    ]
    new_account(service).login(PASSWORD)
    assert pauses == [3, 5]


def test_a_confirmation_that_fails_on_a_repeat_begins_no_new_run(service: Service) -> None:
    service.instead[CONFIRM] = [requests.ConnectionError("lost"), refusal(403, "confirmation_failed")]
    with pytest.raises(WrongPassword):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF, LOGIN, CONFIRM, CONFIRM]


def test_a_request_that_cannot_be_made_is_not_repeated(service: Service) -> None:
    service.instead[KDF] = [requests.exceptions.InvalidHeader("header")]
    with pytest.raises(requests.exceptions.InvalidHeader):
        new_account(service).login(PASSWORD)
    assert service.steps() == [KDF]


# ---- the constructor ----


@pytest.mark.parametrize(
    "credential_id", ["", "a/b", ".", "..", "a\nb", "a\x85b", "\0", "x" * 257, "ü" * 129, "\ud800"], ids=ascii
)
def test_an_id_that_the_service_would_refuse_is_refused(credential_id: str) -> None:
    with pytest.raises(ParametersRefused, match="credential_id"):
        new_account(Service(), credential_id=credential_id)


def test_the_longest_ids_are_accepted() -> None:
    for credential_id in ("x" * 256, "ü" * 128, "...", "u\u0308" * 128):
        new_account(Service(), credential_id=credential_id)


@pytest.mark.parametrize("url", ["", "spake.example", "ftp://spake.example", "https://", "file:///etc"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(ParametersRefused, match="base_url"):
        SPAKEAccount(url, "alice", session=Service())


def test_arguments_of_another_type_are_type_errors() -> None:
    for name, value in [("credential_id", b"alice"), ("server_id", b"s"), ("context", b"c"), ("kdf", {})]:
        with pytest.raises(TypeError):
            new_account(Service(), **{name: value})
    with pytest.raises(TypeError):
        SPAKEAccount(7, "alice", session=Service())  # type: ignore[arg-type]


def test_a_context_that_is_too_long_is_refused() -> None:
    with pytest.raises(ParametersRefused, match="context"):
        new_account(Service(), context="c" * 256)


def test_without_requests_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(MissingDependency, match="pip install requests"):
        SPAKEAccount(URL, "alice")
    new_account(Service())  # with a session of one's own it is not needed


def test_the_session_of_its_own_ignores_the_environment() -> None:
    session = SPAKEAccount(URL, "alice")._session
    assert isinstance(session, requests.Session)
    assert session.trust_env is False
