"""Who is meant to reach whom in the overlays."""

from __future__ import annotations

from collections.abc import Iterator

from kubernetes_manifests import EDGES, Manifests
from kubernetes_network import Peer, ours, outside, reaches, stranger
from kubernetes_stack import MONITORING, SITE

DNS = stranger("kube-system", k8s_app="kube-dns")
INTERNET = outside("203.0.113.7")
METADATA = outside("169.254.169.254")
REDIS = outside("10.20.0.7")
REDIS_NEIGHBOUR = outside("10.20.1.7")

Way = tuple[Peer, Peer, int, bool]


def unexpected(manifests: Manifests) -> Iterator[str]:
    """The ways that are open and should not be, or the other way round."""
    ways = [*_callers(manifests), *_within(manifests), *_outside(manifests)]
    for source, target, port, allowed in ways:
        if reaches(manifests, source, target, port) != allowed:
            yield f"{source} to {target} on {port} is {'closed' if allowed else 'open'}"
    for workload in manifests.workloads:
        if workload.document["kind"] != "StatefulSet" and not reaches(manifests, ours(workload), DNS, 53, "UDP"):
            yield f"{workload.name} cannot ask for names"


def _callers(manifests: Manifests) -> Iterator[Way]:
    service = ours(manifests.workload("Deployment", "spake"))
    monitoring = stranger(MONITORING if manifests.of(*EDGES) else "monitoring")
    edge = _edge(manifests)
    yield edge, service, 5000, True
    yield edge, service, 9464, False
    yield monitoring, service, 9464, True
    yield monitoring, service, 5000, False
    for other in (stranger("default"), _neighbour(service), service, INTERNET):
        yield other, service, 5000, False
        yield other, service, 9464, False


def _within(manifests: Manifests) -> Iterator[Way]:
    """Redis, where it is in the overlay."""
    if not manifests.of("StatefulSet"):
        return
    service = ours(manifests.workload("Deployment", "spake"))
    redis = ours(manifests.workload("StatefulSet", "spake-redis"))
    yield service, redis, 6379, True
    for other in (_edge(manifests), stranger("monitoring"), stranger("default"), _neighbour(service), INTERNET):
        yield other, redis, 6379, False
    yield redis, INTERNET, 443, False
    yield redis, service, 5000, False


def _outside(manifests: Manifests) -> Iterator[Way]:
    is_outside = not manifests.of("StatefulSet")
    for workload in manifests.workloads:
        pod = ours(workload)
        if workload.labels["app.kubernetes.io/name"] == "spake-service":
            yield pod, REDIS, 6379, is_outside
        yield pod, REDIS, 22, False
        yield pod, REDIS_NEIGHBOUR, 6379, False
        yield pod, INTERNET, 443, False
        yield pod, INTERNET, 6379, False
        yield pod, METADATA, 80, False
        yield pod, DNS, 443, False
        yield pod, stranger("kube-system"), 53, False
    yield _neighbour(ours(next(manifests.workloads))), INTERNET, 443, False


def _edge(manifests: Manifests) -> Peer:
    """The Ingress controller, or a Gateway's pods."""
    return stranger(SITE["INGRESS_NAMESPACE"] if manifests.of(*EDGES) else "ingress")


def _neighbour(pod: Peer) -> Peer:
    """Something else in the same namespace."""
    return Peer(pod.namespace, (("app", "another"),))
