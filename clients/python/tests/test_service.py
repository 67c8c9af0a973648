"""Against a running service on its defaults: no API keys, 600,000 iterations.

SPAKE_TEST_URL is its address. Without it these tests are skipped, or fail when
SPAKE_TEST_REQUIRE_SERVICE=1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from spake_utils import ConfirmationFailed, SPAKEClient, verify_shared_secret

CLIENT = Path(__file__).parent.parent
REPOSITORY = CLIENT.parent.parent
SEED_ADDRESS = "http://localhost:5000"
PASSWORD = "one-time code 4711"


class Service:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy between a test and its service

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._http.request(method, self.url + path, timeout=30, **options)

    def post(self, path: str, **fields: str) -> requests.Response:
        return self.request("POST", path, json=fields)

    def get(self, path: str) -> requests.Response:
        return self.request("GET", path)

    def cleanup(self, session_id: str) -> requests.Response:
        return self.request("DELETE", f"/spake/cleanup/{quote(session_id, safe='')}")


@pytest.fixture
def service() -> Iterator[Service]:
    url = os.environ.get("SPAKE_TEST_URL")
    if not url:
        sentence = "SPAKE_TEST_URL is not set: no service to test against"
        if os.environ.get("SPAKE_TEST_REQUIRE_SERVICE") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    service = Service(url)
    yield service
    service._http.close()


@pytest.fixture
def session_id(service: Service) -> Iterator[str]:
    name = f"python-client-{uuid.uuid4()}"
    yield name
    service.cleanup(name)


def ok(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    data: dict[str, Any] = response.json()
    return data


def python_blocks(readme: Path, using: str = "SPAKEClient") -> list[str]:
    blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), re.S | re.M)
    return [block for block in blocks if using in block]


def run_example(code: str, service: Service) -> str:
    assert SEED_ADDRESS in code
    path = [str(CLIENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, "-c", code.replace(SEED_ADDRESS, service.url)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "NO_PROXY": "*", "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def start(
    service: Service, session_id: str, client: SPAKEClient, password: str = PASSWORD, **fields: str
) -> tuple[str, bytes]:
    """Initiates with the right password and computes with the given one: pA in hex, the secret."""
    share = client.generate_public_key(password).hex()
    started = ok(
        service.post("/spake/initiate", session_id=session_id, password=PASSWORD, **fields)
    )
    assert (started["session_id"], started["status"]) == (session_id, "initiated")
    assert re.fullmatch("04[0-9a-f]{128}", started["public_key"])
    client.check_response(started)
    return share, client.compute_shared_secret(bytes.fromhex(started["public_key"]))


def status(service: Service, session_id: str) -> tuple[str, bool]:
    data = ok(service.get(f"/spake/status/{session_id}"))
    return data["status"], data["confirmed"]


# ---- the examples of the READMEs, as they are printed ----


def repository_example() -> str:
    return python_blocks(REPOSITORY / "README.md")[0]


def seed_example() -> str:
    return (Path(__file__).parent / "seed_example.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", [repository_example, seed_example])
def test_the_readmes_example_prints_that_the_secrets_match(service: Service, example: Any) -> None:
    service.cleanup("test_session")  # perhaps there from an earlier run
    try:
        assert run_example(example(), service) == "Secrets match: True\n"
    finally:
        service.cleanup("test_session")


def test_the_example_of_this_clients_readme_confirms(service: Service) -> None:
    (example,) = python_blocks(CLIENT / "README.md")
    assert run_example(example, service) == "Confirmed by both sides, 32 bytes\n"


# ---- the flows ----


def test_an_exchange_with_a_confirmation_confirms_both_sides(
    service: Service, session_id: str
) -> None:
    client = SPAKEClient()
    share, secret = start(service, session_id, client)
    done = ok(
        service.post(
            "/spake/exchange",
            session_id=session_id,
            client_public_key=share,
            client_confirmation=client.confirmation().hex(),
        )
    )
    assert (done["session_id"], done["status"], done["confirmed"]) == (session_id, "completed", True)
    client.verify_confirmation(bytes.fromhex(done["server_confirmation"]))
    assert verify_shared_secret(bytes.fromhex(done["shared_secret"]), secret)
    assert status(service, session_id) == ("completed", True)

    stored = ok(service.get(f"/spake/secret/{session_id}"))
    assert (stored["session_id"], stored["protocol"]) == (session_id, "spake2")
    assert verify_shared_secret(bytes.fromhex(stored["shared_secret"]), secret)


def test_a_confirmation_can_follow_the_exchange(service: Service, session_id: str) -> None:
    client = SPAKEClient()
    share, secret = start(service, session_id, client)
    done = ok(service.post("/spake/exchange", session_id=session_id, client_public_key=share))
    assert (done["status"], done["confirmed"]) == ("completed", False)
    # cB before cA would let anyone test a guess against it.
    assert done.get("server_confirmation") is None
    assert verify_shared_secret(bytes.fromhex(done["shared_secret"]), secret)
    assert status(service, session_id) == ("completed", False)
    early = service.get(f"/spake/secret/{session_id}")
    assert (early.status_code, early.json()["code"]) == (409, "not_confirmed")

    confirmed = ok(
        service.post(
            "/spake/confirm",
            session_id=session_id,
            client_confirmation=client.confirmation().hex(),
        )
    )
    assert (confirmed["status"], confirmed["confirmed"]) == ("completed", True)
    client.verify_confirmation(bytes.fromhex(confirmed["server_confirmation"]))
    stored = ok(service.get(f"/spake/secret/{session_id}"))
    assert verify_shared_secret(bytes.fromhex(stored["shared_secret"]), secret)


@pytest.mark.parametrize("at_once", [True, False], ids=["in the exchange", "in confirm"])
def test_a_wrong_password_burns_the_session(
    service: Service, session_id: str, at_once: bool
) -> None:
    client = SPAKEClient()
    share, secret = start(service, session_id, client, password="one-time code 4712")
    confirmation = client.confirmation().hex()
    fields = {"session_id": session_id, "client_public_key": share}
    if at_once:
        refused = service.post("/spake/exchange", **fields, client_confirmation=confirmation)
    else:
        done = ok(service.post("/spake/exchange", **fields))
        assert not verify_shared_secret(bytes.fromhex(done["shared_secret"]), secret)
        refused = service.post(
            "/spake/confirm", session_id=session_id, client_confirmation=confirmation
        )
    assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_failed")
    assert "server_confirmation" not in refused.json()
    assert status(service, session_id) == ("failed", False)
    after = service.get(f"/spake/secret/{session_id}")
    assert after.status_code != 200
    assert "shared_secret" not in after.json()


def test_a_client_refuses_a_confirmation_of_another_run(service: Service, session_id: str) -> None:
    client = SPAKEClient()
    share, _ = start(service, session_id, client)
    done = ok(
        service.post(
            "/spake/exchange",
            session_id=session_id,
            client_public_key=share,
            client_confirmation=client.confirmation().hex(),
        )
    )
    flipped = bytes(byte ^ 1 for byte in bytes.fromhex(done["server_confirmation"]))
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(flipped)


@pytest.mark.parametrize("client_id", ["alice", "zoë@例え.jp"])
def test_a_client_id_is_part_of_the_agreement(
    service: Service, session_id: str, client_id: str
) -> None:
    client = SPAKEClient(client_id=client_id)
    share, secret = start(service, session_id, client, client_id=client_id)
    done = ok(
        service.post(
            "/spake/exchange",
            session_id=session_id,
            client_public_key=share,
            client_confirmation=client.confirmation().hex(),
        )
    )
    client.verify_confirmation(bytes.fromhex(done["server_confirmation"]))
    stored = ok(service.get(f"/spake/secret/{session_id}"))
    assert stored["client_id"] == client_id
    assert verify_shared_secret(bytes.fromhex(stored["shared_secret"]), secret)


def test_a_client_with_another_id_does_not_agree(service: Service, session_id: str) -> None:
    client = SPAKEClient(client_id="mallory")
    share = client.generate_public_key(PASSWORD).hex()
    started = ok(
        service.post(
            "/spake/initiate", session_id=session_id, password=PASSWORD, client_id="alice"
        )
    )
    client.compute_shared_secret(bytes.fromhex(started["public_key"]))
    refused = service.post(
        "/spake/exchange",
        session_id=session_id,
        client_public_key=share,
        client_confirmation=client.confirmation().hex(),
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_failed")


def test_upper_case_hex_is_accepted(service: Service, session_id: str) -> None:
    client = SPAKEClient()
    share, secret = start(service, session_id, client)
    done = ok(
        service.post(
            "/spake/exchange",
            session_id=session_id,
            client_public_key=share.upper(),
            client_confirmation=client.confirmation().hex().upper(),
        )
    )
    client.verify_confirmation(bytes.fromhex(done["server_confirmation"]))
    assert done["shared_secret"] == secret.hex()  # lower case out, whatever came in


def test_both_sides_prepare_a_password_alike(service: Service, session_id: str) -> None:
    client = SPAKEClient()
    share = client.generate_public_key("cafe\u0301 au\u00a0lait").hex()
    started = ok(
        service.post(
            "/spake/initiate", session_id=session_id, password="caf\u00e9\u3000au lait"
        )
    )
    secret = client.compute_shared_secret(bytes.fromhex(started["public_key"]))
    done = ok(service.post("/spake/exchange", session_id=session_id, client_public_key=share))
    assert verify_shared_secret(bytes.fromhex(done["shared_secret"]), secret)
