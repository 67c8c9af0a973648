"""docker-compose.yml and deploy/compose fit each other, and the binary. Every check is shown to refuse a planted mistake."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import compose_checks as checks
import compose_programs as programs
from compose_file import Compose, make_secrets
from compose_stack import eventually, free_ports, listens


@pytest.fixture(scope="session")
def compose(root: Path) -> Compose:
    return Compose(root)


@pytest.fixture(scope="session")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("secrets")
    made = make_secrets(root, directory)
    assert made.returncode == 0, made.stderr
    return directory


@pytest.fixture
def faults(compose: Compose, service: Path, secrets: Path) -> Callable[[Compose], list[str]]:
    """All that the checks find."""
    operations = (compose.root / "docs/OPERATIONS.md").read_text()

    def find(one: Compose) -> list[str]:
        return [
            *checks.exposure(one),
            *checks.hardening(one),
            *checks.order_of_start(one),
            *checks.mounts(one, secrets),
            *checks.settings(one, service, secrets),
            *checks.way_down(one),
            *checks.redis_users(secrets, operations),
            *programs.patience(one),
            *programs.store(one),
            *programs.health(one),
            *programs.watched(one),
        ]

    return find


def test_the_stack_is_as_it_should_be(compose: Compose, faults: Callable[[Compose], list[str]]) -> None:
    assert faults(compose) == []


def set_variable(name: str, value: str) -> Callable[[Compose], object]:
    return lambda one: one.services["spake"]["environment"].update({name: value})


def set_key(service: str, key: str, value: object) -> Callable[[Compose], object]:
    return lambda one: one.services[service].update({key: value})


def drop_key(service: str, key: str) -> Callable[[Compose], object]:
    return lambda one: one.services[service].pop(key)


def in_file(path: str, old: str, new: str) -> Callable[[Compose], object]:
    def plant(one: Compose) -> None:
        text = one.text(path)
        assert old in text, f"nothing to spoil: {old}"
        one.texts[path] = text.replace(old, new, 1)

    return plant


def repeats(reason: str) -> tuple[Callable[[Compose], object], str]:
    return in_file(HAPROXY, "retry-on conn-failure", f"retry-on {reason}"), f"the balancer repeats after {reason}"


HAPROXY, REDIS = "deploy/compose/haproxy.cfg", "deploy/compose/redis.conf"
PROMETHEUS = "deploy/prometheus/prometheus.yml"

PLANTED: list[tuple[Callable[[Compose], object], str]] = [
    (set_variable("SPAKE_SESION_TTL", "1s"), "SPAKE_SESION_TTL"),
    (set_variable("SPAKE_ANONYMOUS_SCOPES", "session:exchnge"), "session:exchnge"),
    (set_variable("SPAKE_STATE_KEYS_FILE", "/secrets/spake/keys"), "/secrets/spake/keys, which nothing makes"),
    (set_variable("SPAKE_STATE_KEYS_FILE", "/run/state-keys"), "/run/state-keys, where nothing is mounted"),
    (set_variable("SPAKE_TRUSTED_PROXIES", "172.16.0.0/12"), "do not trust the network"),
    (set_variable("PORT", "5001"), "the balancer calls port 5000"),
    (set_variable("SPAKE_ADMIN_ADDR", "127.0.0.1:9464"), "asks port 9464 for readiness"),
    (set_variable("SPAKE_DRAIN_TIMEOUT", "60s"), "Docker kills a replica"),
    (set_variable("SPAKE_DRAIN_DELAY", "1s"), "the balancer may notice after"),
    (lambda one: one.services["spake"]["environment"].pop("REDIS_URL_FILE"), "do not share their sessions"),
    (drop_key("spake", "volumes"), "spake reads /secrets/spake/api-keys, where nothing is mounted"),
    (set_key("spake", "volumes", ["spake-secrets:/secrets/spake"]), "spake may write to /secrets/spake"),
    (set_key("spake", "volumes", ["redis-secrets:/secrets/spake:ro"]), "which nothing makes"),
    (set_key("spake", "user", "65532:1000"), "spake may not read /secrets/spake/state-keys"),
    (set_key("redis", "ports", ["6379:6379"]), "redis publishes 6379:6379 to everyone"),
    (set_key("redis", "ports", ["127.0.0.1:6379:6379"]), "redis publishes"),
    (set_key("redis", "networks", ["services"]), "the balancer reaches Redis"),
    (set_key("spake", "networks", ["public", "services", "store"]), "spake is in ['public']"),
    (set_key("balancer", "ports", ["5443:5443"]), "to everyone"),
    (set_key("balancer", "depends_on", {"spake": {"condition": "service_started"}}), "balancer starts after"),
    (set_key("redis", "image", "redis:latest"), "whose version is not said"),
    (set_key("redis", "user", "0:999"), "redis runs as root"),
    (drop_key("spake", "read_only"), "spake may write its own files"),
    (drop_key("spake", "cap_drop"), "spake keeps capabilities"),
    (drop_key("balancer", "security_opt"), "balancer may gain privileges"),
    (drop_key("spake", "healthcheck"), "spake has no healthcheck"),
    (lambda one: one.document["volumes"].pop("redis-data"), "declared nowhere"),
    (lambda one: one.services["redis"]["volumes"].append("./deploy/compose/gone:/gone:ro"), "does not exist"),
    repeats("all-retryable-errors"),
    repeats("conn-failure empty-response"),
    repeats("conn-failure response-timeout"),
    repeats("conn-failure 0rtt-rejected"),
    repeats("503"),
    (in_file(HAPROXY, "timeout server 30s", "timeout server 1s"), "the balancer waits 1.0 s for an answer"),
    (in_file(HAPROXY, "timeout server 30s", ""), "the balancer waits 0.0 s for an answer"),
    (set_variable("SPAKE_REDIS_TIMEOUT", "10s"), "a service may wait 50 s for its store"),
    (in_file(HAPROXY, "timeout http-request 10s", "timeout http-request 10m"), "a caller may take 600.0 s"),
    (in_file(HAPROXY, "timeout http-request 10s", ""), "a caller may take 0.0 s"),
    (drop_key("balancer", "stop_grace_period"), "Docker kills the balancer after 10 s"),
    (set_key("balancer", "stop_grace_period", "30s"), "Docker kills the balancer after 30 s"),
    (set_key("redis", "volumes", ["redis-data:/data:ro"]), "redis may not write its data"),
    (in_file(REDIS, "appendonly yes", "appendonly no"), "redis forgets all when it restarts"),
    (in_file(REDIS, "maxmemory 256mb", "maxmemory 384mb"), "redis takes 384 MB"),
    (in_file(REDIS, "maxmemory 256mb", ""), "redis takes 0 MB"),
    (set_key("redis", "deploy", {"resources": {"limits": {"memory": "300M"}}}), "its container has 300 MB"),
    (lambda one: one.services["spake"]["healthcheck"]["test"].append("--live"), "a replica is healthy by"),
    (in_file(PROMETHEUS, "-2:9464", "-2:9465"), "Prometheus asks ['spake-spake-1:9464', 'spake-spake-2:9465'"),
    (in_file(PROMETHEUS, "job_name: spake-service", "job_name: spake"), "Prometheus calls the service spake, the rules"),
    (in_file(PROMETHEUS, ", spake-spake-3:9464", ""), "Prometheus asks ['spake-spake-1:9464', 'spake-spake-2:9464']; there"),
]


@pytest.mark.parametrize(("plant", "found"), PLANTED, ids=[found for _, found in PLANTED])
def test_a_planted_mistake_is_found(
    compose: Compose, faults: Callable[[Compose], list[str]], plant: Callable[[Compose], object], found: str
) -> None:
    mistaken = compose.copy()
    plant(mistaken)
    assert any(found in fault for fault in faults(mistaken)), faults(mistaken)


def test_users_of_redis_without_a_password_or_with_other_rights_are_found(root: Path, secrets: Path, tmp_path: Path) -> None:
    operations = (root / "docs/OPERATIONS.md").read_text()
    for old, new, found in (
        ("user default on #", "user default on nopass #", "default needs no password"),
        ("user spake on #", "user spake on nopass #", "spake needs no password"),
        ("-@all +ping", "+@all +ping", "differ from docs/OPERATIONS.md"),
        (" +zrange ", " ", "['+zrange'] differ"),
    ):
        users = tmp_path / "redis/users.acl"
        users.parent.mkdir(exist_ok=True)
        users.write_text((secrets / "redis/users.acl").read_text().replace(old, new))
        assert any(found in fault for fault in checks.redis_users(tmp_path, operations))


# ---- the script ----


def test_the_secrets_are_made_once_and_each_is_for_one_program(root: Path, tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.stat().st_mode & 0o777 for path in files} == {0o440}
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in files}

    assert make_secrets(root, tmp_path).stdout == "The secrets are made.\n"
    first = contents()
    assert make_secrets(root, tmp_path).stdout == "The secrets are there.\n"
    assert contents() == first
    another = tmp_path.parent / f"{tmp_path.name}-another"
    assert make_secrets(root, another).returncode == 0
    assert not {path.read_bytes() for path in another.rglob("*") if path.is_file()} & set(first.values())


def test_a_secret_that_is_lost_stops_the_start_and_is_not_made_anew(root: Path, tmp_path: Path) -> None:
    make_secrets(root, tmp_path)
    (tmp_path / "spake/state-keys").unlink()
    lost = make_secrets(root, tmp_path)
    assert (lost.returncode, lost.stdout) == (1, "")
    assert lost.stderr.startswith("Missing: spake/state-keys.")
    assert not (tmp_path / "spake/state-keys").exists()


def test_an_interrupted_script_begins_again(root: Path, tmp_path: Path) -> None:
    make_secrets(root, tmp_path)
    (tmp_path / "developer/ca.crt").unlink()  # the last that it writes
    assert make_secrets(root, tmp_path).stdout == "The secrets are made.\n"


def test_the_key_of_the_developer_is_one_of_the_service(service: Path, secrets: Path) -> None:
    command = [str(service), "apikey", "check", "--file", str(secrets / "spake/api-keys")]
    for key, code in (((secrets / "developer/api-key").read_text(), 0), ("spk_developer_another", 1)):
        assert subprocess.run(command, input=key, text=True, capture_output=True).returncode == code


# ---- the other programs' own word ----


@pytest.mark.parametrize(
    ("planted", "new", "code"),
    [("", "", 0), ("services:", "service:", 1), ("127.0.0.1:${STACK_PORT:-5443}:5443", "5443:5443", 1)],
)
def test_dclint_accepts_the_file(root: Path, tmp_path: Path, planted: str, new: str, code: int) -> None:
    text = (root / "docker-compose.yml").read_text()
    assert planted in text
    (tmp_path / "docker-compose.yml").write_text(text.replace(planted, new, 1) if planted else text)
    command = ["dclint", "--config", str(root / "deploy/compose/dclint.yaml"), "--max-warnings", "0", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == code, said.stdout


@pytest.mark.parametrize(
    ("script", "planted", "new", "code"),
    [("secrets", "", "", 0), ("redis-cli", "", "", 0), ("secrets", '"$(id -u)"', "$(id -u)", 1)],
)
def test_shellcheck_accepts_the_scripts(
    root: Path, tmp_path: Path, script: str, planted: str, new: str, code: int
) -> None:
    text = (root / "deploy/compose" / script).read_text()
    (tmp_path / script).write_text(text.replace(planted, new) if planted else text)
    said = subprocess.run(["shellcheck", str(tmp_path / script)], capture_output=True, text=True)
    assert said.returncode == code, said.stdout


@pytest.mark.parametrize(("planted", "new", "code"), [("", "", 0), ("option redispatch 1", "option redispach 1", 1)])
def test_haproxy_accepts_its_configuration(
    compose: Compose, secrets: Path, tmp_path: Path, planted: str, new: str, code: int
) -> None:
    text = checks.balancer_configuration(compose)
    (tmp_path / "haproxy.cfg").write_text(text.replace(planted, new) if planted else text)
    environment = {"PATH": os.environ["PATH"], "BALANCER_CERTIFICATE": str(secrets / "balancer/tls.pem")}
    command = ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (said.returncode, "[WARNING]" in said.stderr) == (code, False), said.stderr


def test_redis_asks_for_a_password_and_is_looked_into_without_typing_it(
    compose: Compose, secrets: Path, tmp_path: Path
) -> None:
    """The stack's own redis-cli, as `docker compose exec redis redis-cli` runs it, and its health check."""
    (port,) = free_ports(1)
    files = compose.root / "deploy/compose"
    own = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path), "--aclfile", str(secrets / "redis/users.acl")]
    started = ["redis-server", str(files / "redis.conf"), *own]
    real = shutil.which("redis-cli")
    assert real

    def ask(*words: str, program: Path | str = files / "redis-cli") -> str:
        environment = {"REDIS_CLI": real, "OPERATOR_PASSWORD_FILE": str(secrets / "redis/operator-password")}
        environment["PATH"] = os.environ["PATH"]
        command = [program, "-p", str(port), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10).stdout.strip()

    with subprocess.Popen(started, stdout=subprocess.DEVNULL) as redis:
        try:
            eventually(lambda: listens(port), "Redis listens")
            assert ask("ping") == "PONG"
            assert ask("ping", program=real) == "NOAUTH Authentication required."
            assert ask("config", "get", "maxmemory-policy") == "maxmemory-policy\nnoeviction"
            assert ask("config", "get", "appendonly") == "appendonly\nyes"
            url = (secrets / "spake/redis-url").read_text().split(":")[2].split("@")[0]
            as_service = ("--user", "spake", "--pass", url, "--no-auth-warning")
            assert ask(*as_service, "set", "spake:a", "1", program=real) == "OK"
            for refused in (("set", "another", "1"), ("flushall",), ("config", "get", "*")):
                assert ask(*as_service, *refused, program=real).startswith("NOPERM")
        finally:
            redis.kill()


def test_the_health_check_of_redis_is_its_own_redis_cli(compose: Compose) -> None:
    """The mounted one lies before the image's own on the PATH of the image."""
    assert ("./deploy/compose/redis-cli", "/usr/local/sbin/redis-cli", True) in list(compose.mounts("redis"))
    assert compose.services["redis"]["healthcheck"]["test"][1].startswith("redis-cli ping")
    assert os.access(compose.root / "deploy/compose/redis-cli", os.X_OK)
