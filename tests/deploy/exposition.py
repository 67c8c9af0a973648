"""What the real service says on /metrics after it was used a little, with Redis and TLS, so that everything is there."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from spake_utils import ConfirmationFailed, Pbkdf2, SPAKEAccount, SPAKEClient

# The least that the service takes; the checks are of names, not of costs.
ITERATIONS = 100_000
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass
class Family:
    """A metric: its type, and the labels of its samples with their values."""

    kind: str
    labels: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def families(text: str) -> dict[str, Family]:
    """Metrics by the names that samples have: a histogram is its `_bucket`, `_sum` and `_count`."""
    found: dict[str, Family] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            suffixes = ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]
            found |= {name + suffix: Family(kind) for suffix in suffixes}
        elif line and not line.startswith("#"):
            sample = SAMPLE.match(line)
            assert sample, line
            for label, value in LABEL.findall(sample[2] or ""):
                found[sample[1]].labels[label].add(value)
    return found


@contextlib.contextmanager
def running(command: list[str | Path], ready: str, **environment: str) -> Iterator[list[str]]:
    """Runs a program until the end of the block, which begins when it has printed `ready`; gives what it printed until then."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        try:
            assert process.stdout
            printed: list[str] = []
            for line in process.stdout:
                printed.append(line)
                if ready in line:
                    break
            else:
                raise AssertionError(f"{command[0]} ended: {''.join(printed)}")
            yield printed
        finally:
            process.kill()


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[str]:
    """A Redis of our own; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command: list[str | Path] = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
    with running(command, "Ready to accept connections"):
        yield f"redis://127.0.0.1:{port}"


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for loopback that is its own authority, and its key."""
    crt, key = directory / "service.crt", directory / "service.key"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    names = ["-subj", "/CN=spake-service", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", key, "-out", crt], check=True, capture_output=True)
    key.chmod(0o600)
    return crt, key


def use(url: str, session: requests.Session) -> None:
    """Pairs, rightly and wrongly; logs in, rightly and wrongly; asks for what is not there."""
    for typed in ("code", "wrong code"):
        client = SPAKEClient(kdf=Pbkdf2(ITERATIONS))
        share = client.generate_public_key(typed)
        opened = session.post(f"{url}/spake/initiate", json={"password": "code"}).json()
        client.compute_shared_secret(bytes.fromhex(opened["public_key"]))
        exchange = {"session_id": opened["session_id"], "client_public_key": share.hex()}
        confirmation = client.confirmation().hex()
        answer = session.post(f"{url}/spake/exchange", json=exchange | {"client_confirmation": confirmation})
        assert answer.status_code == (200 if typed == "code" else 403), answer.text
    account = SPAKEAccount(url, "alice", kdf=Pbkdf2(ITERATIONS), session=session)
    account.register("password")
    account.login("password")
    with contextlib.suppress(ConfirmationFailed):
        account.login("another")
        raise AssertionError("a wrong password logs in")
    assert session.get(f"{url}/spake/status/nobody").status_code == 404


@dataclass
class Replica:
    """A service that runs: where it is, its operators' listener and its Redis, and a session that trusts its certificate."""

    url: str
    operators: str
    redis: str
    session: requests.Session


@contextlib.contextmanager
def replicas(service: Path, directory: Path, number: int) -> Iterator[list[Replica]]:
    """Services on one Redis, with TLS and two state keys."""
    crt, key = certificate(directory)
    made = [subprocess.run([service, "keygen"], capture_output=True, text=True, check=True).stdout.strip() for _ in "ab"]
    variables = {
        "PORT": "0",
        "SPAKE_ADMIN_ADDR": "127.0.0.1:0",
        "SPAKE_PBKDF2_ITERATIONS": str(ITERATIONS),
        "SPAKE_STATE_KEYS": ",".join(f"{name}:{line.split(':')[1]}" for name, line in zip("ab", made)),
        "SPAKE_TLS_CERT": str(crt),
        "SPAKE_TLS_KEY": str(key),
        "RUST_LOG": "error",
    }
    with contextlib.ExitStack() as stack:
        variables["REDIS_URL"] = stack.enter_context(redis(directory))
        session = stack.enter_context(requests.Session())
        session.trust_env, session.verify = False, str(crt)
        started = []
        for _ in range(number):
            printed = "".join(stack.enter_context(running([service], "For operators", **variables)))
            [url] = re.findall(r"listening on (https://\S+)", printed)
            [operators] = re.findall(r"For operators: (http://[^/]+)/", printed)
            started.append(Replica(url, operators, variables["REDIS_URL"], session))
        yield started


def exposition(service: Path, directory: Path) -> str:
    """The text of /metrics of a service that was used."""
    with replicas(service, directory, 1) as [replica]:
        use(replica.url, replica.session)
        assert replica.session.get(f"{replica.operators}/health/ready").status_code == 200
        answer = replica.session.get(f"{replica.operators}/metrics")
        assert answer.status_code == 200, f"/metrics: {answer.status_code}"
        return answer.text
