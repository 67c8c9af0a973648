"""The local stack's promises, kept by the real programs on its own files: replicas come, go and die, and no client loses anything.

SPAKE_TEST_ROUNDS sets how often each replica is replaced (scripts/rolling-restart: more of them, with figures).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from Crypto.PublicKey import ECC

from spake_utils import ServiceError

from compose_file import Compose
from compose_stack import Replica, Stack, eventually
from traffic import Seen, Traffic, Watched, at_once

ROUNDS = int(os.environ.get("SPAKE_TEST_ROUNDS", "1"))
GUESS_LIMIT = 10  # the service's default


@pytest.fixture(scope="module")
def stack(root: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(Compose(root), service, tmp_path_factory.mktemp("stack")) as running:
        yield running


def addresses(replicas: list[Replica]) -> set[str]:
    return {replica.address for replica in replicas}


def wait_for_work(traffic: Traffic, more: int) -> None:
    enough = traffic.done() + more
    eventually(lambda: traffic.done() >= enough, f"{more} more pairings and logins", within=60 + more)


def replace_each(stack: Stack, traffic: Traffic) -> None:
    """A rolling restart: one replica after the other ends, and comes back."""
    for replica in stack.replicas[:3]:
        assert replica.stop() == 0, "it drained in time"
        replica.start()
        eventually(lambda: stack.in_use() == addresses(stack.replicas[:3]), f"{replica.address} is back in use")
        wait_for_work(traffic, 6)


def test_a_rolling_restart_loses_nothing(stack: Stack) -> None:
    with Traffic(stack) as traffic:
        wait_for_work(traffic, 12 if ROUNDS == 1 else 100 * ROUNDS)
        steady = traffic.take()
        for _ in range(ROUNDS):
            replace_each(stack, traffic)
    rolling = traffic.take()
    print(f"\nsteady:  {steady}\nrolling: {rolling}, while each of three replicas was replaced {ROUNDS} times")
    assert (steady.failures, rolling.failures) == ([], [])
    assert rolling.pairings > 0 and rolling.logins > 0


def test_sessions_go_on_at_other_replicas_which_see_the_clients_own_addresses(stack: Stack) -> None:
    with Traffic(stack) as traffic:
        wait_for_work(traffic, 8)
    served: defaultdict[str, set[str]] = defaultdict(set)
    callers: Counter[str] = Counter()
    for replica in stack.replicas[:3]:
        for line in replica.log.read_text().splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("target") == "audit":
                callers[event["address"]] += 1
                if "session" in event:
                    served[event["session"]].add(replica.address)
    assert sum(len(by) > 1 for by in served.values()) > len(served) / 4, "sessions move"
    assert set(callers) == {f"127.0.2.{n}" for n in range(1, 7)}, "addresses of clients, none of the balancer"


def test_replicas_that_are_added_get_requests_and_can_go_again(stack: Stack) -> None:
    more = stack.replicas[3:]
    with Traffic(stack) as traffic:
        for replica in more:
            replica.start()
        eventually(lambda: stack.in_use() == addresses(stack.replicas), "five replicas are in use")
        for replica in more:
            eventually(lambda: '"target":"audit"' in replica.log.read_text(), f"{replica.address} gets requests")
        at_once([partial(exit_code_is_0, replica) for replica in more])
        eventually(lambda: stack.in_use() == addresses(stack.replicas[:3]), "three replicas are in use again")
        wait_for_work(traffic, 6)
    assert traffic.take().failures == []


def exit_code_is_0(replica: Replica) -> None:
    assert replica.stop() == 0


def test_a_replica_that_is_killed_costs_requests_in_flight_at_most_and_no_guess_more(stack: Stack) -> None:
    """Clients that repeat what was not answered end with their keys; attackers that do so end with the budget and no more."""
    answers: list[int] = []

    def guess(number: int) -> None:
        """A guess is a login that is never confirmed; repeated until it has an answer."""
        session = Watched(stack, f"127.0.3.{number + 1}", Seen())
        share = ECC.generate(curve="P-256").public_key().export_key(format="SEC1").hex()
        body = {"credential_id": "attacked", "client_public_key": share}
        for _ in range(20):
            try:
                status = session.request("POST", f"{stack.url}/spake/login", json=body, timeout=10).status_code
            except OSError:
                continue
            if status not in (502, 503, 504):
                answers.append(status)
                return
        raise AssertionError("no answer after 20 tries")

    victim = stack.replicas[0]
    with Traffic(stack) as traffic:
        wait_for_work(traffic, 6)
        at_once([*(partial(guess, n) for n in range(3 * GUESS_LIMIT)), victim.kill])
        wait_for_work(traffic, 6)
        victim.start()
        eventually(lambda: stack.in_use() == addresses(stack.replicas[:3]), "the killed replica is back in use")
        wait_for_work(traffic, 6)
    seen = traffic.take()
    print(f"\nkilled: {seen}: {seen.failures}; guesses {Counter(answers)}")
    assert Counter(answers) == {200: GUESS_LIMIT, 429: 2 * GUESS_LIMIT}
    assert all(": 502 " in one or ": 503 " in one or ": ConnectionError" in one for one in seen.failures)


def test_the_health_checks_tell_a_stack_that_works_from_one_that_does_not(stack: Stack) -> None:
    """Of a replica, and of the balancer, whose check is a whole request."""
    command = stack.compose.services["balancer"]["healthcheck"]["test"][1].replace("$$", "$")
    environment = {"PATH": os.environ["PATH"], "BALANCER_PORT": str(stack.public_port)}

    def is_healthy() -> list[bool]:
        balancer = subprocess.run(["sh", "-c", command], env=environment, timeout=20).returncode == 0
        return [balancer, *(replica.is_healthy() for replica in stack.replicas[:3])]

    assert is_healthy() == [True] * 4
    for replica in stack.replicas[:3]:
        replica.kill()
    assert is_healthy() == [False] * 4
    for replica in stack.replicas[:3]:
        replica.start()
    eventually(lambda: stack.in_use() == addresses(stack.replicas[:3]), "all replicas are back in use")
    assert is_healthy() == [True] * 4


def test_the_balancer_takes_no_old_tls_and_passes_on_nothing_of_the_operators(stack: Stack) -> None:
    old = ["openssl", "s_client", "-connect", f"127.0.0.1:{stack.public_port}", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"]
    assert subprocess.run(old, stdin=subprocess.DEVNULL, capture_output=True, timeout=20).returncode != 0
    session = Watched(stack, "127.0.2.1", Seen())
    for path in ("/metrics", "/health/live", "/health/ready"):
        assert session.get(f"{stack.url}{path}", timeout=10).status_code == 404
    assert session.get(f"{stack.url}/health", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("document", "printed"),
    [
        ("README.md", ['"session_id":"balanced"', '"public_key":"04']),
        ("docs/OPERATIONS.md", ['"active_sessions":', "alice: registered", "confirmed      true"]),
    ],
)
def test_the_commands_of_the_documents_work(stack: Stack, tmp_path: Path, document: str, printed: list[str]) -> None:
    """As they stand, but for what Docker does: the secrets are read where they are, and port and stretching are this stack's."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (stack.compose.root / document).read_text(), re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if "/secrets/developer/ca.crt" in block)
    for old, new in (
        ("docker compose up --build --detach\n", ""),
        ("docker compose run --rm -T secrets cat /secrets", f"cat {stack.secrets}"),
        ("https://localhost:5443", f"https://localhost:{stack.public_port}"),
        ("--password mypassword", "--password mypassword --kdf pbkdf2-hmac-sha256:100000"),
    ):
        block = block.replace(old, new)
    assert "docker" not in block
    (tmp_path / "spake-service").symlink_to(stack.service)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run(["sh", "-euc", block], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    for expected in printed:
        assert expected in said.stdout, said.stdout


@pytest.mark.parametrize(
    ("planted", "old", "new"),
    [
        ("the balancer is slower than the drain delay", "fall 2", "fall 1000"),
        ("the balancer asks whether it lives, not whether it is ready", "uri /health/ready", "uri /health/live"),
    ],
)
def test_a_rolling_restart_with_a_mistake_in_it_is_seen_to_lose_requests(
    root: Path, service: Path, tmp_path: Path, planted: str, old: str, new: str
) -> None:
    """The same traffic, so that its silence above means something. The balancer's second try, which hides such a mistake, is off."""
    text = (root / "deploy/compose/haproxy.cfg").read_text()
    assert old in text and "retries 3" in text
    text = text.replace(old, new).replace("retries 3", "retries 0")
    changes = {"SPAKE_DRAIN_DELAY": "1s"}
    with Stack(Compose(root), service, tmp_path, changes=changes, balancer=text) as stack:
        # The clients end with the first failure that they cannot repeat.
        with suppress(ServiceError, AssertionError), Traffic(stack) as traffic:
            wait_for_work(traffic, 6)
            replica = stack.replicas[0]
            assert replica.process
            replica.process.send_signal(signal.SIGTERM)
            eventually(lambda: traffic.seen.failures != [], planted)
    assert traffic.seen.failures, planted
