"""API keys: sent with every request, shown to nobody, and not over a network that reads them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import FAST
from spake_utils import ParametersRefused, ServiceError, SPAKEAccount
from test_account import URL, Service, new_account, pauses

__all__ = ["pauses"]  # a fixture

PASSWORD = "correct horse battery staple"
KEY = "spk_backend_" + "s3cret" * 7


def test_the_key_is_in_no_repr_and_no_error(pauses: list[float]) -> None:
    service = Service()
    service.instead["GET kdf"] = [OSError("no route"), OSError("no route"), OSError("no route")]
    account = new_account(service, api_key=KEY)
    with pytest.raises(Exception) as caught:
        account.login(PASSWORD)
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in str(error) and KEY not in repr(error)
        error = error.__cause__ or error.__context__
    assert KEY not in repr(account) and "s3cret" not in repr(account)


@pytest.mark.parametrize("bad", ["", " ", KEY + "\n", KEY + "\r\nX-Other: 1", "spk a", KEY + "é"])
def test_a_key_that_no_header_carries_is_refused_and_not_quoted(bad: str) -> None:
    with pytest.raises(ParametersRefused) as refused:
        SPAKEAccount(URL, "alice", api_key=bad)
    assert "s3cret" not in str(refused.value)
    with pytest.raises(TypeError):
        SPAKEAccount(URL, "alice", api_key=KEY.encode())  # type: ignore[arg-type]


def test_a_key_and_an_authorization_of_ones_own_are_one_too_many() -> None:
    with pytest.raises(ParametersRefused, match="Authorization"):
        SPAKEAccount(URL, "alice", api_key=KEY, headers={"authorization": "Basic x"})


@pytest.mark.parametrize(
    "url",
    [
        "http://spake.example",
        "http://192.168.1.1:5000",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@spake.example",
        "http://[::2]",
        "http://[",
        "http://0.0.0.0",
    ],
)
def test_plain_http_to_another_machine_takes_an_explicit_word(url: str) -> None:
    with pytest.raises(ParametersRefused, match="allow_plain_http"):
        SPAKEAccount(url, "alice", api_key=KEY)
    with pytest.raises(ParametersRefused, match="allow_plain_http"):
        SPAKEAccount(url, "alice")
    SPAKEAccount(url, "alice", api_key=KEY, allow_plain_http=True)


@pytest.mark.parametrize(
    "url", ["http://localhost:5000", "http://127.0.0.1", "http://127.8.9.10:1/x", "http://[::1]:5000", URL]
)
def test_this_machine_and_https_take_none(url: str) -> None:
    SPAKEAccount(url, "alice", api_key=KEY)


# ---- against the service ----


@pytest.fixture
def binary() -> str:
    """SPAKE_TEST_BINARY: the service's program, to be started with keys."""
    path = os.environ.get("SPAKE_TEST_BINARY")
    if not path:
        if os.environ.get("SPAKE_TEST_REQUIRE_SERVICE") == "1":
            pytest.fail("SPAKE_TEST_BINARY is not set: no service to start with keys")
        pytest.skip("SPAKE_TEST_BINARY is not set: no service to start with keys")
    return path


def new_key(binary: str, keys: Path, scopes: str) -> str:
    command = [binary, "apikey", "new", "test", "--scopes", scopes, "--append", str(keys)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def keyed(binary: str, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a service, and keys of it by their scopes."""
    file = tmp_path / "keys"
    scopes = ["credential:write", "login", "secret:read"]
    keys = {scope: new_key(binary, file, scope) for scope in scopes}
    variables = {
        "PORT": "0",
        "SPAKE_HOST": "127.0.0.1",
        "SPAKE_ADMIN_ADDR": "off",
        "SPAKE_API_KEYS_FILE": str(file),
        "SPAKE_PBKDF2_ITERATIONS": str(FAST.iterations),
        "RUST_LOG": "error",
    }
    service = subprocess.Popen([binary], env=variables, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout is not None
        found = re.search(r"http://[0-9.:]+", service.stdout.readline())
        assert found is not None, "the service did not start"
        yield found[0], keys
    finally:
        service.terminate()
        service.wait()
        if service.stdout is not None:
            service.stdout.close()


def test_with_keys_each_step_takes_its_own(keyed: tuple[str, dict[str, str]]) -> None:
    url, keys = keyed

    def account(key: str | None) -> SPAKEAccount:
        return SPAKEAccount(url, "alice", kdf=FAST, api_key=key)

    def refused(act: Any, status: int, code: str) -> None:
        with pytest.raises(ServiceError) as caught:
            act(PASSWORD)
        assert (caught.value.status, caught.value.code) == (status, code)
        assert "spk_test_" not in str(caught.value)

    refused(account(None).register, 401, "missing_api_key")
    refused(account(keys["login"]).register, 403, "missing_scope")
    refused(account(keys["login"] + "x").login, 401, "unknown_api_key")
    account(keys["credential:write"]).register(PASSWORD)
    login = account(keys["login"]).login(PASSWORD)
    session = requests.Session()
    session.trust_env = False
    answer = session.get(
        f"{url}/spake/secret/{login.session_id}",
        headers={"Authorization": f"Bearer {keys['secret:read']}"},
        timeout=10,
    )
    session.close()
    assert answer.json()["shared_secret"] == login.shared_secret.hex()
