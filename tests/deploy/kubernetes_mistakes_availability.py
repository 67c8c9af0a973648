"""Mistakes that would make the service unavailable, planted in the manifests of production."""

from __future__ import annotations

from kubernetes_manifests import Document, Manifests
from kubernetes_mistakes import POLICY, Check, Mutation, container, deployment


def probed(manifests: Manifests, probe: str) -> Document:
    found: Document = container(manifests)[probe]["httpGet"]
    return found


def rolling(manifests: Manifests) -> Document:
    found: Document = deployment(manifests)["spec"]["strategy"]["rollingUpdate"]
    return found


def budget(manifests: Manifests) -> Document:
    found: Document = manifests.get("PodDisruptionBudget", "spake")["spec"]
    return found


def autoscaler(manifests: Manifests) -> Document:
    found: Document = manifests.get("HorizontalPodAutoscaler", "spake")["spec"]
    return found


def needs(manifests: Manifests, available: int | str) -> None:
    budget(manifests).pop("maxUnavailable")
    budget(manifests)["minAvailable"] = available


AVAILABILITY: dict[str, tuple[Mutation, Check, str]] = {
    "pods that are restarted when Redis is away": (
        lambda m: probed(m, "livenessProbe").update(path="/health/ready"),
        POLICY,
        "livenessProbe asks /health/ready",
    ),
    "pods that do not start when Redis is away": (
        lambda m: probed(m, "startupProbe").update(path="/health/ready"),
        POLICY,
        "startupProbe asks /health/ready",
    ),
    "pods that are ready whatever Redis says": (
        lambda m: probed(m, "readinessProbe").update(path="/health/live"),
        POLICY,
        "readinessProbe asks /health/live",
    ),
    "an update of all pods at once": (lambda m: rolling(m).update(maxUnavailable="100%"), POLICY, "takes pods away"),
    "an update of one pod at a time": (lambda m: rolling(m).update(maxUnavailable=1), POLICY, "takes pods away"),
    "the cluster's own way to update": (lambda m: deployment(m)["spec"].pop("strategy"), POLICY, "takes pods away"),
    "an update that first ends all": (
        lambda m: deployment(m)["spec"].update(strategy={"type": "Recreate"}),
        POLICY,
        "takes pods away",
    ),
    "an update without a successor": (lambda m: rolling(m).update(maxSurge=0), POLICY, "no successor"),
    "a budget that lets no pod go": (lambda m: budget(m).update(maxUnavailable=0), POLICY, "pods 0 may go"),
    "a budget that lets no share go": (lambda m: budget(m).update(maxUnavailable="0%"), POLICY, "pods 0 may go"),
    "a budget that needs all pods": (lambda m: needs(m, 3), POLICY, "pods 0 may go"),
    "a budget that needs every share": (lambda m: needs(m, "90%"), POLICY, "pods 0 may go"),
    "a budget that lets all go": (lambda m: budget(m).update(maxUnavailable="100%"), POLICY, "pods 3 may go"),
    "an autoscaler down to one": (lambda m: autoscaler(m).update(minReplicas=1), POLICY, "one pod is none"),
    "an autoscaler that says no least": (lambda m: autoscaler(m).pop("minReplicas"), POLICY, "one pod is none"),
    "an autoscaler that waits too long": (
        lambda m: autoscaler(m)["metrics"][0]["resource"]["target"].update(averageUtilization=95),
        POLICY,
        "until 95 %",
    ),
}
