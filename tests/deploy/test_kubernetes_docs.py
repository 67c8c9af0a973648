"""What docs/OPERATIONS.md says of Kubernetes is so: its commands name what is there, its figures are the manifests'."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes_docs import WRITES_DOWN, blocks, kubectl, section
from kubernetes_edge import BODY
from kubernetes_manifests import Manifests
from kubernetes_stack import Stack, copied

KINDS = {"deployment": "Deployment", "job": "Job", "service": "Service"}


def wrong(root: Path, command: str, overlays: dict[str, Manifests]) -> Iterator[str]:
    """What a command of kubectl names that is not there."""
    words = shlex.split(command, comments=True)
    for flag in ("-k", "-f"):
        if flag in words:
            path = words[words.index(flag) + 1]
            if path != "-" and not (root / path).exists():
                yield f"no {path}"
    if "-n" not in words:
        return
    manifests = overlays.get(words[words.index("-n") + 1])
    if manifests is None:
        yield f"no namespace {words[words.index('-n') + 1]}"
        return
    for kind, name in re.findall(r"\b(deployment|job|service)[/ ]([a-z-]+)", command.partition(" -- ")[0]):
        if not manifests.find(KINDS[kind], name):
            yield f"no {kind} {name}"
    if "create secret" in command:
        name = words[words.index("secret") + 2]
        secret = manifests.find("Secret", name)
        keys = {word.partition("=")[2] for word in words if word.startswith("--from-file=")}
        if secret is None or (keys and keys != set(secret["data"])):
            yield f"another Secret than {name}"
    program = command.partition(" -- ")[2]
    if program and not program.startswith("/usr/local/bin/spake-service "):
        yield f"{program} is not in the image"


@pytest.fixture
def overlays(in_development: Stack, in_production: Stack) -> dict[str, Manifests]:
    return {"spake": in_production.manifests, "spake-dev": in_development.manifests}


def test_the_commands_name_what_is_there(root: Path, overlays: dict[str, Manifests]) -> None:
    commands = kubectl(root)
    assert len(commands) > 10
    assert not [problem for command in commands for problem in wrong(root, command, overlays)]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl apply -k deploy/kubernetes/overlays/staging",
        "kubectl -n spake-prod rollout status deployment/spake",
        "kubectl -n spake rollout status deployment/service",
        "kubectl -n spake wait --for=condition=complete job/migrate",
        "kubectl -n spake create secret generic spake-keys --from-file=state-keys",
        "kubectl -n spake exec deployment/spake -- sh",
    ],
)
def test_a_command_that_would_not_work_is_named(root: Path, command: str, overlays: dict[str, Manifests]) -> None:
    assert list(wrong(root, command, overlays))


def test_what_runs_in_a_pod_runs(root: Path, stack: Stack) -> None:
    inside = [command.partition(" -- ")[2] for command in kubectl(root) if " exec " in command]
    assert inside
    for command in inside:
        done = stack.pod.run(str(stack.node.service), *command.split()[1:])
        assert done.returncode == 0, done.stderr


def test_the_steps_on_a_cluster_of_ones_own_are_all(root: Path, service: Path, tmp_path: Path) -> None:
    """From a fresh clone with a built service; what would go to a cluster is built instead."""
    (tmp_path / "target" / "release").mkdir(parents=True)
    (tmp_path / "target" / "release" / "spake-service").symlink_to(service)
    copied(root, tmp_path)
    (tmp_path / "kubectl").write_text(WRITES_DOWN)
    (tmp_path / "kubectl").chmod(0o755)
    [block] = [block for block in blocks(root) if "make-secrets" in block]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    for _ in range(2):
        subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, check=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    [overlay] = {line.split()[-1] for line in asked if line.startswith("apply -k")}
    rendered = subprocess.run(["kubectl", "kustomize", tmp_path / overlay], capture_output=True)
    assert rendered.returncode == 0, rendered.stderr


def test_the_figures_are_those_of_the_manifests(root: Path, in_production: Stack) -> None:
    said = " ".join(section(root).split())
    settings = in_production.manifests.get("ConfigMap", "spake-settings")["data"]
    pod = in_production.manifests.workload("Deployment", "spake").pod
    autoscaler = in_production.manifests.get("HorizontalPodAutoscaler", "spake")["spec"]
    for figure in [
        f"for {settings['SPAKE_DRAIN_DELAY'][:-1]} s while",
        f"({settings['SPAKE_DRAIN_TIMEOUT'][:-1]} s at most)",
        f"no more than the {settings['SPAKE_DRAIN_TIMEOUT'][:-1]} s that a stopping pod waits",
        f"at least {BODY} KiB must pass",
        f"after {pod['terminationGracePeriodSeconds']} s",
        f"`SPAKE_REQUEST_TIMEOUT` is {settings['SPAKE_REQUEST_TIMEOUT'][:-1]} s",
        f"{autoscaler['minReplicas']} to {autoscaler['maxReplicas']} pods",
        f"at {autoscaler['metrics'][0]['resource']['target']['averageUtilization']} %",
        f"`SPAKE_REDIS_WAIT_REPLICAS={settings['SPAKE_REDIS_WAIT_REPLICAS']}`",
    ]:
        assert figure in said, figure
