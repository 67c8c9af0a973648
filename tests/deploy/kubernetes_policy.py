"""What pods may not be: the profile "restricted" of Kubernetes, and our own rules beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from kubernetes_availability import unavailable
from kubernetes_durations import seconds
from kubernetes_edge import at_odds
from kubernetes_manifests import Document, Manifests, Workload

VOLUMES = {"configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim", "ephemeral", "csi"}


def offences(manifests: Manifests) -> Iterator[str]:
    """What a careful cluster would refuse, and what would lose requests or secrets in one that is not."""
    [namespace] = manifests.of("Namespace")
    if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce the profile restricted"
    if not any(_denies_all(policy["spec"]) for policy in manifests.of("NetworkPolicy")):
        yield "no policy denies what the others do not allow"
    for workload in manifests.workloads:
        yield from (f"{workload.name}: {offence}" for offence in _pod(workload))
        for container in workload.containers:
            yield from (f"{workload.name}: {offence}" for offence in _container(container))
    yield from _settings(manifests)
    yield from unavailable(manifests)
    yield from at_odds(manifests)
    yield from _placeholders(manifests.documents)


def cores(quantity: str) -> float:
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def _denies_all(policy: Document) -> bool:
    return policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def _pod(workload: Workload) -> Iterator[str]:
    pod, security = workload.pod, workload.pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        yield "may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "has every system call"
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(shared):
            yield f"has the node's own: {shared}"
    for volume in pod.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed"
    if pod.get("automountServiceAccountToken") is not False:
        yield "has a token for the cluster's API"
    if pod.get("enableServiceLinks") is not False:
        yield "is told of every Service in its variables"


def _container(container: Document) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield "may gain privileges"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "can write its own root"
    if {"runAsUser", "runAsNonRoot", "seccompProfile"} & set(security):
        yield "has another user or profile than its pod"
    resources = container.get("resources", {})
    if set(resources.get("requests", {})) != {"cpu", "memory"} or set(resources.get("limits", {})) != {"memory"}:
        yield "must request cpu and memory, and have a limit of memory alone"
    if not re.search(r":[\w.-]*\d[\w.-]*$", container["image"]):
        yield f"the image {container['image']} has no version"
    if "lifecycle" in container:
        yield "has a hook; the service drains by itself"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "has a port of the node"


def _settings(manifests: Manifests) -> Iterator[str]:
    """What the service is told fits the pod that it is told in."""
    pod = manifests.workload("Deployment", "spake").pod
    settings = manifests.get("ConfigMap", "spake-settings")["data"]
    [container] = pod["containers"]
    drain = seconds(settings["SPAKE_DRAIN_DELAY"]) + seconds(settings["SPAKE_DRAIN_TIMEOUT"])
    if pod["terminationGracePeriodSeconds"] <= drain:
        yield f"the pod is killed before it has drained for {drain:g} s"
    readiness = container["readinessProbe"]
    if readiness["timeoutSeconds"] <= seconds(settings.get("SPAKE_REDIS_TIMEOUT", "2s")):
        yield "the readiness probe ends before Redis' own time is up"
    startup = container["startupProbe"]
    if startup["periodSeconds"] * startup["failureThreshold"] < 60:
        yield "the startup probe gives Redis no time"
    if int(settings["SPAKE_STRETCH_THREADS"]) > math.ceil(cores(container["resources"]["requests"]["cpu"])):
        yield "it stretches on more cores than it asks for"
    if manifests.of("Job") and settings.get("SPAKE_REDIS_MIGRATE") != "false":
        yield "there is a Job that migrates, and each pod does it too"
    if "SPAKE_INSECURE_NO_AUTH" in settings:
        yield "everyone may call"


def _placeholders(value: object, path: str = "") -> Iterator[str]:
    """What site.env has for the operator to say."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _placeholders(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _placeholders(inner, f"{path}.{index}")
    elif isinstance(value, str) and "SET-ME" in value:
        yield f"SET-ME at {path}"
