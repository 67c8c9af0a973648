"""What keeps the service there while pods come and go: probes, rolling updates, drains of nodes, the autoscaler."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kubernetes_manifests import Document, Manifests

# Alive is not ready: a pod that is restarted because Redis is away comes back to the same Redis.
PATHS = {"startupProbe": "/health/live", "livenessProbe": "/health/live", "readinessProbe": "/health/ready"}


def unavailable(manifests: Manifests) -> Iterator[str]:
    """What would take away pods that are needed, or hold on to all of them."""
    deployment = manifests.get("Deployment", "spake")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    for probe, path in PATHS.items():
        if container[probe]["httpGet"]["path"] != path:
            yield f"{probe} asks {container[probe]['httpGet']['path']}, not {path}"
    yield from _rolling_update(deployment["spec"].get("strategy", {}))
    replicas = deployment["spec"].get("replicas", 1)
    for autoscaler in manifests.of("HorizontalPodAutoscaler"):
        replicas = autoscaler["spec"].get("minReplicas", 1)
        yield from _autoscaler(autoscaler["spec"])
    if replicas < 2:
        yield "one pod is none while it is being replaced"
    for budget in manifests.of("PodDisruptionBudget"):
        may_go = _may_go(budget["spec"], replicas)
        if not 1 <= may_go < replicas:
            yield f"of {replicas} pods {may_go} may go: no node could be drained, or all at once"


def _share(value: int | str, whole: int) -> int:
    """A number or a percentage, rounded up as Kubernetes does for budgets."""
    return value if isinstance(value, int) else math.ceil(int(value.rstrip("%")) * whole / 100)


def _rolling_update(strategy: Document) -> Iterator[str]:
    rolling = strategy.get("rollingUpdate", {})
    if strategy.get("type") != "RollingUpdate" or _share(rolling.get("maxUnavailable", "25%"), 100) != 0:
        yield "an update takes pods away before their successors are ready"
    if _share(rolling.get("maxSurge", "25%"), 100) < 1:
        yield "an update can start no successor"


def _autoscaler(spec: Document) -> Iterator[str]:
    for metric in spec["metrics"]:
        used = metric["resource"]["target"]["averageUtilization"]
        if used > 90:
            yield f"the autoscaler waits until {used} % are used: nothing is left until the next pod is there"


def _may_go(budget: Document, replicas: int) -> int:
    if "minAvailable" in budget:
        return max(0, replicas - _share(budget["minAvailable"], replicas))
    return _share(budget["maxUnavailable"], replicas)
