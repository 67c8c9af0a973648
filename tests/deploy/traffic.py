"""Real clients of the stack: pairings and logins, over TLS, from several addresses at once. Every request is looked at."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from spake_utils import Pbkdf2, SPAKEAccount, SPAKEClient

from compose_stack import Stack

FAST = Pbkdf2(iterations=100_000)
_TRIES = 5


@dataclass
class Seen:
    """What the clients saw."""

    requests: int = 0
    # Without `initiate`, which waits for a core to stretch the password, and these clients use them all.
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    pairings: int = 0
    logins: int = 0

    def quantile(self, share: float) -> float:
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {len(self.failures)} failed; {self.pairings} pairings, {self.logins} logins;"
            f" but for initiate p50 {self.quantile(0.5) * 1e3:.0f} ms, p99 {self.quantile(0.99) * 1e3:.0f} ms"
        )


class Watched(requests.Session):
    """Trusts the stack's authority alone, calls from an address of its own (whatever it claims), and notes every request."""

    def __init__(self, stack: Stack, address: str, seen: Seen) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(stack.certificate)
        self.headers["X-Forwarded-For"] = "192.0.2.1"
        self._seen = seen
        adapter = HTTPAdapter()
        adapter.init_poolmanager(1, 1, source_address=(address, 0))
        self.mount("https://", adapter)

    def request(self, method: Any, url: Any, *args: Any, **more: Any) -> requests.Response:
        begun = time.monotonic()
        what = f"{method} {url.split('/')[3:5]}"
        try:
            answer = super().request(method, url, *args, **more)
        except OSError as error:
            self._seen.failures.append(f"{what}: {type(error).__name__} {str(error)[:120]}")
            raise
        self._seen.requests += 1
        if not url.endswith("/initiate"):
            self._seen.seconds.append(time.monotonic() - begun)
        if answer.status_code >= 300:
            self._seen.failures.append(f"{what}: {answer.status_code} {answer.text[:120]}")
        return answer

    def ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """As a patient client: what no service answered is sent again, the same. In a quiet run nothing is."""
        for remaining in reversed(range(_TRIES)):
            try:
                answer = self.request(method, url, timeout=10, **more)
                if answer.status_code not in (502, 503, 504):
                    answer.raise_for_status()
                    return dict(answer.json())
            except requests.ConnectionError:
                if not remaining:
                    raise
        raise AssertionError(f"{method} {url} failed {_TRIES} times")


class Traffic(AbstractContextManager["Traffic"]):
    """So many clients that pair and log in, in turn, until the end; an error in one of them is raised there."""

    def __init__(self, stack: Stack, clients: int = 6) -> None:
        self.seen = Seen()
        self._stack = stack
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._client, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if not error and self._errors:
            raise self._errors[0]

    def take(self) -> Seen:
        """What was seen up to now; a new count begins."""
        seen, now = Seen(**vars(self.seen)), self.seen
        now.requests, now.seconds, now.failures, now.pairings, now.logins = 0, [], [], 0, 0
        return seen

    def done(self) -> int:
        return self.seen.pairings + self.seen.logins

    def _client(self, number: int) -> None:
        address = f"127.0.2.{number + 1}"
        session = Watched(self._stack, address, self.seen)
        key = {"Authorization": f"Bearer {self._stack.api_key()}"}
        try:
            account = SPAKEAccount(self._stack.url, f"client-{number}", kdf=FAST, session=session)
            SPAKEAccount(
                self._stack.url, f"client-{number}", kdf=FAST, session=session, headers=key
            ).register("right")
            for _ in itertools.takewhile(lambda _: not self._stop.is_set(), itertools.count()):
                pair(session, self._stack.url, key)
                self.seen.pairings += 1
                log_in(session, self._stack.url, account, key)
                self.seen.logins += 1
        except BaseException as error:
            self._errors.append(error)


def pair(session: Watched, url: str, key: dict[str, str]) -> None:
    """A backend and its other party; both end with the same key."""
    client = SPAKEClient(client_id="device", kdf=FAST)
    share = client.generate_public_key("code 4711")
    begun = session.ask(
        "POST", f"{url}/spake/initiate", json={"password": "code 4711", "client_id": "device"}, headers=key
    )
    client.check_response(begun)
    secret = client.compute_shared_secret(bytes.fromhex(begun["public_key"]))
    proof = {
        "session_id": begun["session_id"],
        "client_public_key": share.hex(),
        "client_confirmation": client.confirmation().hex(),
    }
    done = session.ask("POST", f"{url}/spake/exchange", json=proof)
    client.verify_confirmation(bytes.fromhex(done["server_confirmation"]))
    _compare(session, f"{url}/spake/secret/{begun['session_id']}", key, secret)


def log_in(session: Watched, url: str, account: SPAKEAccount, key: dict[str, str]) -> None:
    """A person logs in, and the backend asks for the key."""
    login = account.login("right")
    _compare(session, f"{url}/spake/secret/{login.session_id}", key, login.shared_secret)


def _compare(session: Watched, url: str, key: dict[str, str], secret: bytes) -> None:
    theirs = session.ask("GET", url, headers=key)["shared_secret"]
    assert bytes.fromhex(theirs) == secret, "both sides have the same key"


def at_once(actions: list[Callable[[], None]]) -> None:
    """Runs them all in parallel; the first error is raised."""
    errors: list[BaseException] = []

    def run(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
