"""Accounts of spake-service over HTTP: register and log in with SPAKE2+ (RFC 9383).

    account = SPAKEAccount("https://spake.example", "alice")
    account.register(password)
    login = account.login(password)          # login.session_id, login.shared_secret

The password never leaves the client. Import from `spake_utils`.
"""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol, cast
from urllib.parse import quote, urlsplit

from spake_prover import SPAKEProver
from spake_utils import (
    Kdf,
    MissingDependency,
    ParametersRefused,
    Pbkdf2,
    PinMismatch,
    SpakeError,
    WrongPassword,
    _as_kdf,
)

__all__ = [
    "HttpResponse",
    "HttpSession",
    "Login",
    "Registration",
    "SPAKEAccount",
    "ServiceError",
    "ServiceUnreachable",
    "TooManyGuesses",
]

_TRIES = 3  # of one identical request
_LONGEST_PAUSE = 5  # seconds


class ServiceError(SpakeError):
    """The service refused, or its answer is not one of this API (`code` is then `unexpected_answer`)."""

    def __init__(
        self, status: int, code: str, sentence: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{sentence} ({status} {code})")
        self.status, self.code, self.sentence = status, code, sentence
        self.retry_after = retry_after


class TooManyGuesses(ServiceError):
    """429: the budget of guesses is used up, for the right password too; try again after `retry_after` seconds."""


class ServiceUnreachable(SpakeError):
    """No answer came, however often the request was repeated. It may have taken effect."""


class HttpResponse(Protocol):
    """What is read of an answer; a requests.Response has it."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> bytes | None: ...


class HttpSession(Protocol):
    """What makes the requests; a requests.Session does. Failures to get an answer are OSErrors."""

    def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None,
        headers: dict[str, str],
        timeout: float,
        allow_redirects: bool,
    ) -> HttpResponse: ...


@dataclass(frozen=True)
class Registration:
    """What the service says about the account it stored."""

    credential_id: str
    created: bool  # False: an earlier registration was replaced
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Login:
    """A login that both sides have confirmed."""

    session_id: str
    shared_secret: bytes = field(repr=False)  # K_shared, 32 bytes


class SPAKEAccount:
    """One account at one service. Can be used again; each login is a run of its own.

    Identities, context and the stretching of a registration are this client's own; what a
    response says is compared with them and never adopted.
    """

    def __init__(
        self,
        base_url: str,
        credential_id: str,
        *,
        server_id: str = "spake-service",
        context: str = "spake-service/1",
        kdf: Kdf = Pbkdf2(iterations=600_000),
        session: HttpSession | None = None,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
        allow_plain_http: bool = False,
    ) -> None:
        if not isinstance(server_id, str) or not isinstance(context, str):
            raise TypeError("server_id and context are str")
        self._base_url = _checked_url(base_url, allow_plain_http)
        self._credential_id = _checked_id(credential_id)
        self._server_id, self._context = server_id, context
        self._kdf = _as_kdf(kdf)
        self._new_prover()  # refuses identities and contexts that are too long
        self._session = _own_session() if session is None else session
        self._headers = dict(headers or {})
        if api_key is not None:
            if any(name.lower() == "authorization" for name in self._headers):
                raise ParametersRefused("api_key and a header Authorization: give one of them")
            self._headers["Authorization"] = f"Bearer {_checked_key(api_key)}"
        self._timeout = timeout

    def register(self, password: str, *, create_only: bool = False) -> Registration:
        """Stores the verifier of this password; replaces an earlier one unless `create_only`.

        With `create_only` an existing account is a ServiceError with `code` `precondition_failed`. After
        an answer that was lost on the way the existing account can be this one: log in to find out.
        """
        kdf, salt = self._announced_kdf()
        if kdf != self._kdf:
            raise PinMismatch(
                f"kdf: the service says {kdf.to_json(salt)}, this client has {self._kdf!r}"
            )
        verifier = self._new_prover().verifier(password, kdf, salt)
        condition = {"If-None-Match": "*"} if create_only else {}
        path = self._credential_path()
        # Said, and not left to the service, whose policy may have changed since it was asked.
        body = {"verifier": verifier.to_json(), "kdf": kdf.to_json(salt)}
        status, data = self._request("PUT", path, body, condition)
        self._compare(data, "credential_id", self._credential_id)
        if _kdf_of(data) != (kdf, salt):
            raise PinMismatch("kdf: the service registered with another one; register again")
        return Registration(
            self._credential_id, status == 201, _text(data, "created_at"), _text(data, "updated_at")
        )

    def login(self, password: str) -> Login:
        """Logs in; nothing is sent that proves the password before the service has proved that it knows it.

        After WrongPassword call it again only when a person asks for it: every call is a guess.
        """
        kdf, salt = self._announced_kdf()
        prover = self._new_prover()
        share = prover.generate_public_key(password, kdf, salt)
        _, started = self._request(
            "POST",
            "/spake/login",
            {"credential_id": self._credential_id, "client_public_key": share.hex()},
        )
        self._compare(started, "protocol", "spake2plus")
        self._compare_if_present(started)
        session_id = _text(started, "session_id")
        server_share = _hex(started, "public_key", 65)
        proof = prover.finish(server_share, _hex(started, "server_confirmation", 32))
        confirmation = {"session_id": session_id, "client_confirmation": proof.confirmation.hex()}
        _, confirmed = self._request("POST", "/spake/confirm", confirmation)
        self._compare(confirmed, "session_id", session_id)
        if confirmed.get("confirmed") is not True:
            raise _unexpected(200, "the login is not confirmed")
        return Login(session_id, proof.shared_secret)

    def _new_prover(self) -> SPAKEProver:
        return SPAKEProver(self._credential_id, server_id=self._server_id, context=self._context)

    def _credential_path(self) -> str:
        return f"/spake/credentials/{quote(self._credential_id, safe='')}"

    def _announced_kdf(self) -> tuple[Kdf, bytes]:
        """How this account is stretched. Nothing outside the accepted ranges can leave this method."""
        _, data = self._request("GET", self._credential_path() + "/kdf")
        self._compare(data, "server_id", self._server_id)
        self._compare(data, "context", self._context)
        return _kdf_of(data)

    def _compare(self, data: Mapping[str, object], name: str, own: str) -> None:
        theirs = data.get(name)
        if theirs != own:
            raise PinMismatch(f"{name}: the service says {theirs!r:.80}, this client has {own!r}")

    def _compare_if_present(self, data: Mapping[str, object]) -> None:
        """Settings that an answer need not repeat, but must not contradict."""
        pins = (
            ("credential_id", self._credential_id),
            ("server_id", self._server_id),
            ("context", self._context),
        )
        for name, own in pins:
            if name in data:
                self._compare(data, name, own)

    def _request(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, object]]:
        """Status and object of an answer that is no error.

        Where the outcome is not known, the identical request is repeated a few times: the service
        answers it as the first one, and counts it once.
        """
        body = None if payload is None else json.dumps(payload).encode()
        everything = {**self._headers, **(headers or {})}
        if body is not None:
            everything["Content-Type"] = "application/json"
        for remaining in reversed(range(_TRIES)):
            try:
                response = self._session.request(
                    method,
                    self._base_url + path,
                    data=body,
                    headers=everything,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
                return _read(response)
            except ServiceError as error:
                if remaining == 0 or not _is_outcome_unknown(error):
                    raise
                pause = error.retry_after or 0
            except OSError as error:
                # A URL or header that is refused here is both, and was not sent.
                if isinstance(error, ValueError):
                    raise
                if remaining == 0:
                    raise ServiceUnreachable(f"no answer to {method} {path}") from error
                pause = 0
            time.sleep(min(max(pause, 0.2), _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def __repr__(self) -> str:
        return (
            f"<SPAKEAccount {self._base_url!r} credential_id={self._credential_id!r}"
            f" server_id={self._server_id!r} context={self._context!r} kdf={self._kdf!r}>"
        )


# ---- answers ----


def _read(response: HttpResponse) -> tuple[int, Mapping[str, object]]:
    status = response.status_code
    try:
        data = json.loads(response.content or b"")
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise _unexpected(status, "the answer is no JSON object")
    if status in (200, 201):
        return status, data
    raise _error(status, data, _seconds(response.headers.get("Retry-After")))


def _error(status: int, data: Mapping[str, object], retry_after: int | None) -> SpakeError:
    code, sentence = data.get("code"), data.get("error")
    if not isinstance(code, str) or not isinstance(sentence, str):
        return _unexpected(status, "the error has no code and sentence")
    if (status, code) == (403, "confirmation_failed"):
        return WrongPassword("the service refused the confirmation: another password; do not retry automatically")
    kind = TooManyGuesses if status == 429 else ServiceError
    return kind(status, code, sentence, retry_after=retry_after)


def _is_outcome_unknown(error: ServiceError) -> bool:
    """By the service's word, or because a proxy lost its answer."""
    lost = error.code == "unexpected_answer" and error.status in (502, 504)
    return lost or (error.status, error.code) == (503, "outcome_unknown")


def _unexpected(status: int, sentence: str) -> ServiceError:
    return ServiceError(status, "unexpected_answer", sentence)


def _seconds(text: str | None) -> int | None:
    """Retry-After; its other form, a date, is not the service's."""
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text) else None


def _kdf_of(data: Mapping[str, object]) -> tuple[Kdf, bytes]:
    return Kdf.from_json(cast("Mapping[str, object]", data.get("kdf")))


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _unexpected(200, f"{name} is missing in the answer")
    return value


def _hex(data: Mapping[str, object], name: str, length: int) -> bytes:
    value = data.get(name)
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-fA-F]{{{2 * length}}}", value):
        raise _unexpected(200, f"{name} must be {2 * length} hex digits")
    return bytes.fromhex(value)


# ---- settings ----


def _checked_url(url: str, allow_plain_http: bool) -> str:
    if not isinstance(url, str):
        raise TypeError("base_url is str")
    if not re.match("https?://[^/]", url):
        raise ParametersRefused(f"base_url begins with https:// or http://, unlike {url!r:.80}")
    if url.startswith("http://") and not allow_plain_http and not _is_this_machine(url):
        raise ParametersRefused(
            "over http:// the network would read the API key and the verifier; use https://,"
            " or say allow_plain_http=True where the network is trusted"
        )
    return url.rstrip("/")


def _is_this_machine(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_key(api_key: str) -> str:
    """What a header can carry: the library that sends it would else quote it in its error."""
    if not isinstance(api_key, str):
        raise TypeError("api_key is str")
    if not re.fullmatch("[!-~]+", api_key):
        raise ParametersRefused("api_key holds a blank or another character that no key has")
    return api_key


def _checked_id(credential_id: str) -> str:
    """The id as the service compares it, in NFC."""
    if not isinstance(credential_id, str):
        raise TypeError("credential_id is str")
    if any("\ud800" <= char <= "\udfff" for char in credential_id):
        raise ParametersRefused("credential_id holds a lone surrogate and is not Unicode text")
    composed = unicodedata.normalize("NFC", credential_id)
    if not 1 <= len(composed.encode()) <= 256:
        raise ParametersRefused("credential_id has 1 to 256 bytes of UTF-8")
    if "/" in composed or composed in (".", ".."):
        raise ParametersRefused("credential_id must not contain '/' and must not be '.' or '..'")
    if any(unicodedata.category(char) == "Cc" for char in composed):
        raise ParametersRefused("credential_id must not contain control characters")
    return composed


def _own_session() -> HttpSession:
    try:
        import requests
    except ImportError:
        raise MissingDependency("SPAKEAccount needs requests: pip install requests") from None
    session = requests.Session()
    # A .netrc would replace the API key, and a proxy is no default of a service for this machine.
    session.trust_env = False
    return session
