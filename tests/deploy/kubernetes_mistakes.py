"""The mistakes that are planted, one by one, in the manifests of production, and which check has to name each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from kubernetes_manifests import Document, Manifests
from kubernetes_policy import offences
from kubernetes_reach import unexpected
from kubernetes_references import dangling
from kubernetes_schemas import VERSIONS, invalid
from kubernetes_stack import Stack, refused, unanswered

Mutation = Callable[[Manifests], Any]
Check = Callable[[Stack, Manifests], Iterable[str]]

SCHEMA: Check = lambda _, manifests: invalid(manifests, VERSIONS[-1:])
NAMES: Check = lambda _, manifests: dangling(manifests)
POLICY: Check = lambda _, manifests: offences(manifests)
BINARY: Check = lambda stack, manifests: refused(stack.node, manifests)
REACH: Check = lambda _, manifests: unexpected(manifests)
ASKED: Check = unanswered


def deployment(manifests: Manifests) -> Document:
    return manifests.get("Deployment", "spake")


def pod(manifests: Manifests) -> Document:
    return manifests.workload("Deployment", "spake").pod


def container(manifests: Manifests) -> Document:
    found: Document = pod(manifests)["containers"][0]
    return found


def settings(manifests: Manifests) -> Document:
    found: Document = manifests.get("ConfigMap", "spake-settings")["data"]
    return found


def policy(manifests: Manifests, name: str) -> Document:
    found: Document = manifests.get("NetworkPolicy", name)["spec"]
    return found


def keys(manifests: Manifests) -> Document:
    found: Document = manifests.get("Secret", "spake-keys")["data"]
    return found


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def ingress_backend(manifests: Manifests) -> Document:
    found: Document = manifests.get("Ingress", "spake")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    return found


# What is planted, which check names it, and a part of what that says.
MISTAKES: dict[str, tuple[Mutation, Check, str]] = {
    "an unknown field": (lambda m: pod(m).update(serviceAcountName="spake"), SCHEMA, "serviceAcountName"),
    "a field at the wrong place": (lambda m: container(m).update(fsGroup=1), SCHEMA, "fsGroup"),
    "an API version that is gone": (
        lambda m: m.get("HorizontalPodAutoscaler", "spake").update(apiVersion="autoscaling/v2beta2"),
        SCHEMA,
        "autoscaling/v2beta2",
    ),
    "a kind that does not exist": (lambda m: deployment(m).update(kind="Deploiment"), SCHEMA, "Deploiment"),
    "a number that must be text": (lambda m: settings(m).update(PORT=5000), SCHEMA, "5000"),
    "a misspelt field of the operator's": (
        lambda m: m.get("ServiceMonitor", "spake")["spec"].update(joblabel="x"),
        SCHEMA,
        "joblabel",
    ),
    "a misspelt variable": (lambda m: settings(m).update(SPAKE_SESION_TTL="300s"), BINARY, "SPAKE_SESION_TTL"),
    "a value that makes no sense": (
        lambda m: settings(m).update(SPAKE_SESSION_TTL="soon"),
        BINARY,
        "SPAKE_SESSION_TTL",
    ),
    "proxies that were not named": (
        lambda m: settings(m).update(SPAKE_TRUSTED_PROXIES="SET-ME"),
        BINARY,
        "SPAKE_TRUSTED_PROXIES",
    ),
    "proxies left out": (lambda m: settings(m).pop("SPAKE_TRUSTED_PROXIES"), POLICY, "SPAKE_TRUSTED_PROXIES"),
    "proxies left out, as the service sees it": (
        lambda m: settings(m).pop("SPAKE_TRUSTED_PROXIES"),
        BINARY,
        "SPAKE_TRUSTED_PROXIES",
    ),
    "a file that is not mounted": (
        lambda m: settings(m).update(SPAKE_API_KEYS_FILE="/etc/spake/api-keys"),
        BINARY,
        "SPAKE_API_KEYS_FILE",
    ),
    "a mount that is missing": (lambda m: container(m)["volumeMounts"].pop(0), BINARY, "SPAKE_API_KEYS_FILE"),
    "a volume that nothing mounts": (lambda m: container(m)["volumeMounts"].pop(0), NAMES, "not mounted"),
    "a mount without its volume": (lambda m: pod(m)["volumes"].pop(0), NAMES, "is not there"),
    "a Secret without a key that is mounted": (lambda m: keys(m).pop("api-keys"), NAMES, "has no api-keys"),
    "an item that is left out": (
        lambda m: pod(m)["volumes"][0]["secret"]["items"].pop(0),
        BINARY,
        "SPAKE_STATE_KEYS_FILE",
    ),
    "a Secret that does not exist": (
        lambda m: pod(m)["volumes"][0]["secret"].update(secretName="spake-key"),
        NAMES,
        "no Secret spake-key",
    ),
    "a ConfigMap that does not exist": (
        lambda m: container(m)["envFrom"][0]["configMapRef"].update(name="settings"),
        NAMES,
        "no ConfigMap settings",
    ),
    "keys that others may write": (
        lambda m: pod(m)["volumes"][0]["secret"].update(defaultMode=0o666),
        BINARY,
        "SPAKE_API_KEYS_FILE",
    ),
    "keys that the service may not read": (
        lambda m: pod(m)["securityContext"].pop("fsGroup"),
        BINARY,
        "Permission denied",
    ),
    "state keys that are none": (lambda m: keys(m).update({"state-keys": base64_of("k1:x")}), BINARY, "STATE_KEYS"),
    "API keys that are none": (
        lambda m: keys(m).update({"api-keys": base64_of("x y\n")}),
        BINARY,
        "SPAKE_API_KEYS_FILE",
    ),
    "a URL that is none": (
        lambda m: m.get("Secret", "spake-redis")["data"].update(url=base64_of("redis:6379")),
        BINARY,
        "REDIS_URL_FILE",
    ),
    "no state keys": (lambda m: settings(m).pop("SPAKE_STATE_KEYS_FILE"), BINARY, "SPAKE_STATE_KEYS"),
    "no API keys": (lambda m: settings(m).pop("SPAKE_API_KEYS_FILE"), BINARY, "SPAKE_API_KEYS_FILE"),
    "a subPath": (
        lambda m: container(m)["volumeMounts"][0].update(subPath="api-keys"),
        NAMES,
        "subPath",
    ),
    "another port than the container's": (lambda m: settings(m).update(PORT="5001"), BINARY, "not the port http"),
    "operators on loopback": (
        lambda m: settings(m).update(SPAKE_ADMIN_ADDR="127.0.0.1:9464"),
        BINARY,
        "not the port admin",
    ),
    "a probe of a port that has no name": (
        lambda m: container(m)["readinessProbe"]["httpGet"].update(port="metrics"),
        NAMES,
        "no port metrics",
    ),
    "a probe of a path that is not there": (
        lambda m: container(m)["readinessProbe"]["httpGet"].update(path="/ready"),
        ASKED,
        "/ready",
    ),
    "a probe of the callers' port": (
        lambda m: container(m)["livenessProbe"]["httpGet"].update(port="http"),
        ASKED,
        "/health/live on 5000",
    ),
    "metrics of a path that is not there": (
        lambda m: m.get("ServiceMonitor", "spake")["spec"]["endpoints"][0].update(path="/metric"),
        ASKED,
        "/metric on 9464",
    ),
    "a readiness probe that is too quick": (
        lambda m: container(m)["readinessProbe"].update(timeoutSeconds=1),
        POLICY,
        "readiness",
    ),
    "a Service of a port that has no name": (
        lambda m: m.get("Service", "spake")["spec"]["ports"][0].update(targetPort="web"),
        NAMES,
        "no port web",
    ),
    "a Service of nobody": (
        lambda m: m.get("Service", "spake")["spec"]["selector"].update({"app.kubernetes.io/name": "spake"}),
        NAMES,
        "nothing",
    ),
    "a Service that sends requests to the migration": (
        lambda m: m.get("Service", "spake")["spec"]["selector"].pop("app.kubernetes.io/component"),
        NAMES,
        "Job spake-migrate",
    ),
    "a Deployment of other pods than its own": (
        lambda m: deployment(m)["spec"]["selector"]["matchLabels"].update({"app.kubernetes.io/component": "web"}),
        NAMES,
        "nothing",
    ),
    "a budget of nobody": (
        lambda m: m.get("PodDisruptionBudget", "spake")["spec"]["selector"].update(matchLabels={"app": "spake"}),
        NAMES,
        "nothing",
    ),
    "an autoscaler of nothing": (
        lambda m: m.get("HorizontalPodAutoscaler", "spake")["spec"]["scaleTargetRef"].update(name="service"),
        NAMES,
        "Deployment service",
    ),
    "replicas that undo the autoscaler": (lambda m: deployment(m)["spec"].update(replicas=3), NAMES, "replicas"),
    "an Ingress to another Service": (lambda m: ingress_backend(m).update(name="web"), NAMES, "no Service web"),
    "an Ingress to another port": (
        lambda m: ingress_backend(m).update(port={"name": "admin"}),
        NAMES,
        "no port admin",
    ),
    "an Ingress without TLS": (
        lambda m: m.get("Ingress", "spake")["spec"]["tls"][0].update(hosts=["other.example.org"]),
        NAMES,
        "no TLS",
    ),
    "a monitor of nothing": (
        lambda m: m.get("ServiceMonitor", "spake")["spec"]["selector"]["matchLabels"].pop(
            "app.kubernetes.io/component"
        ),
        NAMES,
        "2 Services",
    ),
    "a monitor under another job": (
        lambda m: m.get("ServiceMonitor", "spake")["spec"].pop("jobLabel"),
        NAMES,
        "the alerts ask for",
    ),
    "a policy for a port that no pod has": (
        lambda m: policy(m, "spake-callers")["ingress"][0]["ports"][0].update(port=8080),
        NAMES,
        "no pod has the port 8080",
    ),
    "a policy of nobody": (
        lambda m: policy(m, "spake-callers")["podSelector"].update(matchLabels={"app": "spake"}),
        NAMES,
        "selects nothing",
    ),
    "a selector that the checks cannot read": (
        lambda m: policy(m, "spake-callers")["podSelector"].update(matchExpressions=[]),
        NAMES,
        "is not checked",
    ),
    "callers from every namespace": (
        lambda m: policy(m, "spake-callers")["ingress"][0]["from"][0].update(namespaceSelector={}),
        REACH,
        "on 5000 is open",
    ),
    "callers from everywhere": (
        lambda m: policy(m, "spake-callers")["ingress"][0].pop("from"),
        REACH,
        "on 5000 is open",
    ),
    "callers at the operators' port": (
        lambda m: policy(m, "spake-callers")["ingress"][0].pop("ports"),
        REACH,
        "on 9464 is open",
    ),
    "a way to everywhere": (
        lambda m: policy(m, "spake-store")["egress"][0]["to"][0]["ipBlock"].update(cidr="0.0.0.0/0"),
        REACH,
        "on 6379 is open",
    ),
    "no way to Redis": (lambda m: policy(m, "spake-store")["egress"][0]["ports"][0].update(port=6380), REACH, "closed"),
    "no way to the names": (lambda m: m.documents.remove(m.get("NetworkPolicy", "names")), REACH, "names"),
    "no way to Redis for the migration": (
        lambda m: policy(m, "spake-store")["podSelector"]["matchLabels"].update(
            {"app.kubernetes.io/component": "service"}
        ),
        REACH,
        "is closed",
    ),
    "no policy that denies": (
        lambda m: policy(m, "deny-all").update(policyTypes=["Ingress"]),
        POLICY,
        "no policy denies",
    ),
    "nothing that denies": (lambda m: m.documents.remove(m.get("NetworkPolicy", "deny-all")), REACH, "on 443 is open"),
    "another namespace": (lambda m: deployment(m)["metadata"].update(namespace="default"), NAMES, "another namespace"),
    "a namespace that lets everything in": (
        lambda m: m.of("Namespace")[0]["metadata"].pop("labels"),
        POLICY,
        "restricted",
    ),
    "a grace that is too short": (
        lambda m: pod(m).update(terminationGracePeriodSeconds=30),
        POLICY,
        "killed before it has drained",
    ),
    "a drain that is too long": (lambda m: settings(m).update(SPAKE_DRAIN_DELAY="1m"), POLICY, "drained for 90 s"),
    "more threads than cores": (lambda m: settings(m).update(SPAKE_STRETCH_THREADS="4"), POLICY, "more cores"),
    "guesses that a failover takes back": (
        lambda m: settings(m).update(SPAKE_REDIS_WAIT_REPLICAS="0"),
        POLICY,
        "SPAKE_REDIS_WAIT_REPLICAS",
    ),
    "guesses that no replica has": (
        lambda m: settings(m).pop("SPAKE_REDIS_WAIT_REPLICAS"),
        POLICY,
        "SPAKE_REDIS_WAIT_REPLICAS",
    ),
    "two that migrate": (lambda m: settings(m).pop("SPAKE_REDIS_MIGRATE"), POLICY, "migrates"),
    "connections that nginx holds for longer": (
        lambda m: settings(m).pop("SPAKE_REQUEST_TIMEOUT"),
        POLICY,
        "idle connections",
    ),
    "root": (lambda m: pod(m)["securityContext"].update(runAsUser=0), POLICY, "root"),
    "a root that can be written": (
        lambda m: container(m)["securityContext"].update(readOnlyRootFilesystem=False),
        POLICY,
        "write its own root",
    ),
    "capabilities": (
        lambda m: container(m)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
        POLICY,
        "capabilities",
    ),
    "a container that undoes its pod's user": (
        lambda m: container(m)["securityContext"].update(runAsUser=0),
        POLICY,
        "another user",
    ),
    "system calls of every kind": (lambda m: pod(m)["securityContext"].pop("seccompProfile"), POLICY, "system call"),
    "a directory of the node": (
        lambda m: pod(m)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
        POLICY,
        "not allowed",
    ),
    "a token for the API": (lambda m: pod(m).pop("automountServiceAccountToken"), POLICY, "token"),
    "variables for every Service": (lambda m: pod(m).pop("enableServiceLinks"), POLICY, "variables"),
    "a quota of CPU": (lambda m: container(m)["resources"]["limits"].update(cpu="1"), POLICY, "memory alone"),
    "an image without a version": (lambda m: container(m).update(image="spake-service:latest"), POLICY, "no version"),
    "a hook": (
        lambda m: container(m).update(lifecycle={"preStop": {"sleep": {"seconds": 5}}}),
        POLICY,
        "hook",
    ),
}
