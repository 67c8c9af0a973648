"""Who reaches whom under the network policies of an overlay, decided as a cluster does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from kubernetes_manifests import Document, Labels, Manifests, Workload, matches


@dataclass(frozen=True)
class Peer:
    """A pod of ours or of another namespace, or an address outside."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    address: str = ""


def outside(address: str) -> Peer:
    return Peer(address=address)


def stranger(namespace: str, **labels: str) -> Peer:
    """A pod of another namespace; `k8s_app` stands for `k8s-app`."""
    return Peer(namespace, tuple((name.replace("_", "-"), value) for name, value in labels.items()))


def ours(workload: Workload) -> Peer:
    return Peer(workload.document["metadata"]["namespace"], tuple(workload.labels.items()))


def reaches(manifests: Manifests, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Both the source's egress and the target's ingress must allow it; a pod that no policy selects may do all."""
    return _allows(manifests, source, target, "Egress", (port, protocol), target) and _allows(
        manifests, target, source, "Ingress", (port, protocol), target
    )


def _allows(
    manifests: Manifests, pod: Peer, other: Peer, direction: str, port: tuple[int, str], serving: Peer
) -> bool:
    policies = [policy["spec"] for policy in manifests.of("NetworkPolicy") if _selects(manifests, policy, pod)]
    policies = [policy for policy in policies if direction in policy["policyTypes"]]
    rules, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    if not policies:
        return True
    return any(
        _is_one(manifests, rule[peers], other) and port in _ports(manifests, rule, serving)
        for policy in policies
        for rule in policy.get(rules, [])
    )


def _selects(manifests: Manifests, policy: Document, pod: Peer) -> bool:
    selector: Labels = policy["spec"]["podSelector"].get("matchLabels", {})
    return pod.namespace == policy["metadata"]["namespace"] and matches(selector, dict(pod.labels))


def _is_one(manifests: Manifests, peers: list[Document], pod: Peer) -> bool:
    [namespace] = manifests.of("Namespace")
    for peer in peers:
        if "ipBlock" in peer:
            if pod.address and ip_address(pod.address) in ip_network(peer["ipBlock"]["cidr"]):
                return True
            continue
        wanted = peer.get("namespaceSelector", {}).get("matchLabels")
        is_there = (
            pod.namespace == namespace["metadata"]["name"]
            if wanted is None
            else matches(wanted, {"kubernetes.io/metadata.name": pod.namespace})
        )
        if is_there and matches(peer.get("podSelector", {}).get("matchLabels", {}), dict(pod.labels)):
            return True
    return False


def _ports(manifests: Manifests, rule: Document, serving: Peer) -> Iterator[tuple[int, str]]:
    """The ports of a rule; their names are those of the pods that serve."""
    names = {
        name: number
        for workload in manifests.workloads
        if serving == ours(workload)
        for name, number in workload.ports.items()
    }
    for port in rule["ports"]:
        number = names.get(port["port"], 0) if isinstance(port["port"], str) else port["port"]
        yield number, port.get("protocol", "TCP")
