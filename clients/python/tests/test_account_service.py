"""Accounts against a running service on its defaults; see test_service.py. Skipped where it has none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

import spake_account
from spake_utils import (
    PinMismatch,
    Scrypt,
    ServiceError,
    SPAKEAccount,
    SPAKEProver,
    TooManyGuesses,
    WrongPassword,
)
from test_service import CLIENT, Service, ok, python_blocks, run_example, service

__all__ = ["service"]  # the fixture

PASSWORD = "correct horse battery staple"
LIMIT = 10  # SPAKE_GUESS_LIMIT


def path_of(credential_id: str) -> str:
    return f"/spake/credentials/{quote(credential_id, safe='')}"


@pytest.fixture
def accounts(service: Service) -> Service:
    assert service.post("/spake/login").status_code != 404, "this service has no accounts"
    return service


@pytest.fixture
def credential_id(accounts: Service) -> Iterator[str]:
    name = f"Zoë {uuid.uuid4()}@example.org"
    yield name
    accounts.request("DELETE", path_of(name))


@pytest.fixture
def account(accounts: Service, credential_id: str) -> SPAKEAccount:
    return SPAKEAccount(accounts.url, credential_id)


def used(service: Service, credential_id: str) -> int:
    return int(ok(service.get(path_of(credential_id) + "/guesses"))["used"])


def test_a_registered_password_logs_in_and_the_backend_gets_the_same_secret(
    accounts: Service, account: SPAKEAccount, credential_id: str
) -> None:
    registered = account.register(PASSWORD, create_only=True)
    assert (registered.credential_id, registered.created) == (credential_id, True)
    login = account.login(PASSWORD)
    stored = ok(accounts.get(f"/spake/secret/{login.session_id}"))
    assert stored["shared_secret"] == login.shared_secret.hex()
    assert (stored["protocol"], stored["credential_id"]) == ("spake2plus", credential_id)
    status = ok(accounts.get(f"/spake/status/{login.session_id}"))
    assert (status["status"], status["confirmed"]) == ("completed", True)
    assert used(accounts, credential_id) == 0


def test_two_logins_share_nothing(account: SPAKEAccount) -> None:
    account.register(PASSWORD)
    first, second = account.login(PASSWORD), account.login(PASSWORD)
    assert first.session_id != second.session_id
    assert first.shared_secret != second.shared_secret


def test_both_sides_prepare_a_password_alike(
    accounts: Service, account: SPAKEAccount, credential_id: str
) -> None:
    stored = accounts.request("PUT", path_of(credential_id), json={"password": "caf\u00e9\u3000au lait"})
    assert stored.status_code == 201, stored.text
    account.login("cafe\u0301 au\u00a0lait")


def test_an_id_is_the_same_however_it_is_composed(accounts: Service, credential_id: str) -> None:
    decomposed = credential_id.replace("ë", "e\u0308")
    assert decomposed != credential_id
    SPAKEAccount(accounts.url, decomposed).register(PASSWORD)
    SPAKEAccount(accounts.url, credential_id).login(PASSWORD)


def test_create_only_does_not_replace(account: SPAKEAccount) -> None:
    account.register(PASSWORD)
    with pytest.raises(ServiceError) as refused:
        account.register("another password", create_only=True)
    assert (refused.value.status, refused.value.code) == (412, "precondition_failed")
    account.login(PASSWORD)
    assert account.register("another password").created is False
    account.login("another password")


@pytest.mark.parametrize("registered", [True, False])
def test_wrong_passwords_and_unknown_ids_fail_alike_until_the_guesses_are_used_up(
    accounts: Service, account: SPAKEAccount, credential_id: str, registered: bool
) -> None:
    if registered:
        account.register(PASSWORD)
    for _ in range(LIMIT):
        with pytest.raises(WrongPassword, match="the server's confirmation"):
            account.login("correct house")
    with pytest.raises(TooManyGuesses) as refused:
        account.login(PASSWORD)
    assert refused.value.code == "too_many_guesses"
    assert refused.value.retry_after is not None and 0 < refused.value.retry_after <= 900
    accounts.request("DELETE", path_of(credential_id) + "/guesses")
    if registered:
        account.login(PASSWORD)


def test_a_wrong_confirmation_is_a_wrong_password(
    account: SPAKEAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless(SPAKEProver):
        def finish(self, server_public_key: bytes, server_confirmation: bytes) -> Any:
            proof = super().finish(server_public_key, server_confirmation)
            return type(proof)(bytes(32), proof.shared_secret)

    account.register(PASSWORD)
    monkeypatch.setattr(spake_account, "SPAKEProver", Careless)
    with pytest.raises(WrongPassword, match="refused the confirmation"):
        account.login(PASSWORD)


def test_lost_answers_are_asked_for_again_and_cost_no_guess(accounts: Service, credential_id: str) -> None:
    class Lossy(requests.Session):
        """Sends every request, and loses the first answer to each."""

        seen: set[object] = set()

        def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
            response = super().request(method, url, *args, **options)
            key = (method, url, options["data"])
            if key in self.seen:
                return response
            self.seen.add(key)
            raise requests.ConnectionError("the answer was lost")

    session = Lossy()
    session.trust_env = False
    account = SPAKEAccount(accounts.url, credential_id, session=session)
    account.register(PASSWORD)
    login = account.login(PASSWORD)
    stored = ok(accounts.get(f"/spake/secret/{login.session_id}"))
    assert stored["shared_secret"] == login.shared_secret.hex()
    assert used(accounts, credential_id) == 0
    session.close()


def test_other_settings_than_the_services_are_refused(accounts: Service, credential_id: str) -> None:
    with pytest.raises(PinMismatch, match="server_id"):
        SPAKEAccount(accounts.url, credential_id, server_id="vault-7").login(PASSWORD)
    with pytest.raises(PinMismatch, match="context"):
        SPAKEAccount(accounts.url, credential_id, context="vault/2").login(PASSWORD)
    with pytest.raises(PinMismatch, match="kdf"):
        SPAKEAccount(accounts.url, credential_id, kdf=Scrypt(n=2**15, r=8, p=1)).register(PASSWORD)


def test_a_prover_with_requests_of_its_own_logs_in(
    accounts: Service, account: SPAKEAccount, credential_id: str
) -> None:
    account.register(PASSWORD)
    kdf, salt = account._kdf.from_json(ok(accounts.get(path_of(credential_id) + "/kdf"))["kdf"])
    prover = SPAKEProver(credential_id)
    share = prover.generate_public_key(PASSWORD, kdf, salt).hex()
    started = ok(accounts.post("/spake/login", credential_id=credential_id, client_public_key=share))
    proof = prover.finish(
        bytes.fromhex(started["public_key"]), bytes.fromhex(started["server_confirmation"])
    )
    done = ok(
        accounts.post(
            "/spake/confirm",
            session_id=started["session_id"],
            client_confirmation=proof.confirmation.hex(),
        )
    )
    assert done["confirmed"] is True


def test_the_examples_of_this_clients_readme_register_and_log_in(accounts: Service) -> None:
    register, login = python_blocks(CLIENT / "README.md", "SPAKEAccount")
    try:
        assert run_example(register, accounts) == "Registered alice@example.org\n"
        assert run_example(login, accounts) == "Confirmed by both sides, 32 bytes\n"
    finally:
        accounts.request("DELETE", path_of("alice@example.org"))
