"""What the pods of the manifests do for callers and operators."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable

import requests
from kubernetes_pod import loopback
from kubernetes_stack import Stack, redis, redis_pod, serving
from kubernetes_wait import eventually
from spake_utils import Pbkdf2, SPAKEAccount


def secret(stack: Stack, name: str, key: str) -> str:
    return base64.b64decode(stack.manifests.get("Secret", name)["data"][key]).decode()


def new_key(stack: Stack, name: str, scopes: str) -> tuple[str, str]:
    """A key, and its line in the file of keys."""
    said = stack.pod.run(str(stack.node.service), "apikey", "new", name, "--scopes", scopes).stdout.splitlines()
    [key] = [line for line in said if line.startswith("spk_")]
    [line] = [line for line in said if line.startswith(f"{name} ")]
    return key, line


def with_keys(stack: Stack, lines: str) -> None:
    """The Secret as it is with these lines added, brought to the pod."""
    manifests = stack.manifests.clone()
    keys = secret(stack, "spake-keys", "api-keys") + lines
    manifests.get("Secret", "spake-keys")["data"]["api-keys"] = base64.b64encode(keys.encode()).decode()
    stack.pod.refresh(manifests)


def test_a_key_that_comes_into_the_secret_is_taken_without_a_restart_and_logs_in(stack: Stack) -> None:
    key, line = new_key(stack, "registrar", "credential:write")
    account = SPAKEAccount(stack.url(5000), "alice", api_key=key, kdf=Pbkdf2(600_000))
    asked: Callable[[], requests.Response] = lambda: requests.delete(
        f"{stack.url(5000)}/spake/credentials/nobody", headers={"Authorization": f"Bearer {key}"}, timeout=5
    )
    assert asked().status_code == 401
    with_keys(stack, f"{line}\n")
    eventually(lambda: asked().status_code not in (401, 429), stack.service)

    account.register("correct horse battery staple")
    # Without a key, as end clients do; in production the answer waits for a replica of Redis.
    login = SPAKEAccount(stack.url(5000), "alice").login("correct horse battery staple")
    assert len(login.shared_secret) == 32


def test_the_commands_of_operators_run_in_the_pods(stack: Stack) -> None:
    for command in (["rotate"], ["migrate", "--status"], ["audit-tag", "--credential", "alice"]):
        done = stack.pod.run(str(stack.node.service), *command)
        assert done.returncode == 0, done.stderr


def test_redis_in_development_keeps_what_it_was_told_when_it_is_killed(in_development: Stack) -> None:
    address = loopback()
    pod = redis_pod(in_development.node, in_development.manifests)
    password = secret(in_development, "spake-redis", "url").split("@")[0].rpartition(":")[2]

    def ask(*command: str) -> str:
        as_service = ["redis-cli", "-h", address, "--user", "spake", "--pass", password, "--no-auth-warning"]
        return subprocess.run([*as_service, *command], capture_output=True, text=True, check=True).stdout.strip()

    with redis(pod, address):
        assert ask("hset", "spake:it", "field", "value") == "1"
        assert "noeviction" in ask("info", "memory")
    with redis(pod, address):
        assert ask("hget", "spake:it", "field") == "value"


def test_a_pod_that_is_told_to_stop_is_not_ready_and_ends_with_0_in_its_time(in_production: Stack) -> None:
    with serving(in_production.node, in_production.manifests) as stack:
        stack.service.process.terminate()
        eventually(lambda: requests.get(f"{stack.url(9464)}/health/ready", timeout=5).status_code == 503, stack.service)
        assert requests.get(f"{stack.url(5000)}/health", timeout=5).status_code == 200, "others still come"
        grace = stack.pod.workload.pod["terminationGracePeriodSeconds"]
        assert stack.service.process.wait(timeout=grace) == 0
