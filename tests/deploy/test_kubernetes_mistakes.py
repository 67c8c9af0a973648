"""Mistakes in manifests are refused here, not by a cluster: each is planted in what is right, and named by a check."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_manifests import Document
from kubernetes_mistakes import MISTAKES, base64_of, container
from kubernetes_mistakes_availability import AVAILABILITY
from kubernetes_pod import Node, loopback
from kubernetes_redis import open_to_strangers
from kubernetes_references import dangling
from kubernetes_stack import Stack, redis, redis_pod
from test_kubernetes import scanned


@pytest.mark.parametrize("mistake", MISTAKES | AVAILABILITY)
def test_a_mistake_is_named(mistake: str, in_production: Stack) -> None:
    plant, check, named = (MISTAKES | AVAILABILITY)[mistake]
    manifests = in_production.manifests.clone()
    plant(manifests)
    found = list(check(in_production, manifests))
    assert any(named in problem for problem in found), found


def test_a_url_to_another_redis_than_the_one_beside_is_named(in_development: Stack) -> None:
    for url in ("redis://spake:x@redis:6379", "redis://spake:x@spake-redis:6380"):
        manifests = in_development.manifests.clone()
        manifests.get("Secret", "spake-redis")["data"]["url"] = base64_of(url)
        assert any("no Service" in problem for problem in dangling(manifests)), url


@pytest.mark.parametrize("users", ["", "user default on nopass ~* &* +@all"])
def test_a_redis_that_takes_strangers_is_noticed(users: str, in_development: Stack) -> None:
    address = loopback()
    with redis(redis_pod(in_development.node, in_development.manifests), address):
        assert not open_to_strangers(address)
    manifests = in_development.manifests.clone()
    manifests.get("Secret", "redis-users")["data"]["users.acl"] = base64_of(users)
    with redis(redis_pod(in_development.node, manifests), address):
        assert open_to_strangers(address)


def test_a_redis_that_would_evict_is_refused(in_development: Stack) -> None:
    manifests = in_development.manifests.clone()
    manifests.get("ConfigMap", "redis-settings")["data"]["redis.conf"] += "maxmemory-policy allkeys-lru\n"
    address = loopback()
    node = Node(in_development.node.service, hosts={"spake-redis": address})
    with redis(redis_pod(node, manifests), address):
        pod = node.pod(manifests, manifests.workload("Deployment", "spake"))
        said = pod.run(str(node.service), "migrate", "--status")
    node.remove()
    assert said.returncode != 0 and "noeviction" in said.stderr


def test_a_redis_without_its_users_file_does_not_start(in_development: Stack) -> None:
    manifests = in_development.manifests.clone()
    manifests.workload("StatefulSet", "spake-redis").containers[0]["volumeMounts"].pop(1)
    with pytest.raises(AssertionError, match="users.acl"), redis(redis_pod(in_development.node, manifests), loopback()):
        pass


@pytest.mark.parametrize(
    "plant",
    [
        lambda job: job["containers"][0].update(command=["/usr/local/bin/spake-service", "migrat"]),
        lambda job: job["containers"][0]["volumeMounts"].pop(0),
        lambda job: job["volumes"][1]["secret"]["items"].pop(1),
    ],
    ids=["another command", "a mount that is missing", "no authority for the certificate of Redis"],
)
def test_a_job_that_cannot_migrate_fails(plant: Callable[[Document], Any], in_production: Stack) -> None:
    manifests = in_production.manifests.clone()
    job = manifests.workload("Job", "spake-migrate")
    plant(job.pod)
    assert in_production.node.pod(manifests, job).run().returncode != 0


def test_the_scanner_finds_what_is_wrong_and_each_exception_is_needed(
    root: Path, in_production: Stack, tmp_path: Path
) -> None:
    manifests = in_production.manifests.clone()
    container(manifests)["securityContext"]["privileged"] = True
    configuration = yaml.safe_load((root / "deploy" / "kubernetes" / "checkov.yaml").read_text())
    exceptions = configuration.pop("skip-check")
    (tmp_path / "checkov.yaml").write_text(yaml.safe_dump(configuration))
    scan = scanned(tmp_path / "checkov.yaml", tmp_path, manifests)
    found = set(re.findall(r"^Check: (\w+)", scan.stdout, re.MULTILINE))
    assert scan.returncode == 1 and found == {"CKV_K8S_16", *exceptions}, scan.stdout + scan.stderr
