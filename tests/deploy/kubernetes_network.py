"""Who reaches whom under the network policies of an overlay, decided as a cluster does."""

from __future__ import annotations

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


def _allows(manifests: Manifests, pod: Peer, other: Peer, direction: str, port: tuple[int, str], serving: Peer) -> bool:
    policies = [policy["spec"] for policy in manifests.of("NetworkPolicy") if _selects(manifests, policy, pod)]
    policies = [policy for policy in policies if direction in policy["policyTypes"]]
    rules, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    if not policies:
        return True
    return any(
        _is_one(manifests, rule.get(peers), other) and _is_open(manifests, rule.get("ports"), port, serving)
        for policy in policies
        for rule in policy.get(rules, [])
    )


def _selects(manifests: Manifests, policy: Document, pod: Peer) -> bool:
    selector: Labels = policy["spec"]["podSelector"].get("matchLabels", {})
    return pod.namespace == policy["metadata"]["namespace"] and matches(selector, dict(pod.labels))


def _is_one(manifests: Manifests, peers: list[Document] | None, pod: Peer) -> bool:
    """Whether the pod is one of the peers; a rule that names none means everybody."""
    return not peers or any(_is(manifests, peer, pod) for peer in peers)


def _is(manifests: Manifests, peer: Document, pod: Peer) -> bool:
    if "ipBlock" in peer:
        return bool(pod.address) and ip_address(pod.address) in ip_network(peer["ipBlock"]["cidr"])
    if pod.address:
        return False
    if "namespaceSelector" in peer:
        wanted: Labels = peer["namespaceSelector"].get("matchLabels", {})
        is_there = matches(wanted, {"kubernetes.io/metadata.name": pod.namespace})
    else:
        [namespace] = manifests.of("Namespace")
        is_there = pod.namespace == namespace["metadata"]["name"]
    return is_there and matches(peer.get("podSelector", {}).get("matchLabels", {}), dict(pod.labels))


def _is_open(manifests: Manifests, ports: list[Document] | None, port: tuple[int, str], serving: Peer) -> bool:
    """Names of ports are those of the pods that serve; a rule without ports means all of them."""
    names = {
        name: number
        for workload in manifests.workloads
        if serving == ours(workload)
        for name, number in workload.ports.items()
    }
    return not ports or port in {
        (names.get(open_["port"], open_["port"]), open_.get("protocol", "TCP")) for open_ in ports
    }
