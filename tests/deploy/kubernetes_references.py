"""Whether every name in a manifest names something: ports, selectors, volumes, keys of Secrets, targets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import urlsplit

from kubernetes_manifests import Document, Labels, Manifests, Workload, matches

# What these checks do not look into, and would take for less than it is.
UNREAD = ("matchExpressions", "endPort", "except", "valueFrom", "secretRef", "projected")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def dangling(manifests: Manifests) -> Iterator[str]:
    """What names nothing, or something else than was meant. The Secrets that an overlay counts on must be in it."""
    yield from _namespaces(manifests)
    for document in manifests.documents:
        if document["kind"] != "PrometheusRule":
            yield from (f"{document['kind']}: {name} is not checked" for name in UNREAD if f"'{name}'" in str(document))
    for workload in manifests.workloads:
        yield from (f"{workload.name}: {problem}" for problem in _workload(manifests, workload))
    for kind, check in {
        "Service": _service,
        "Ingress": _ingress,
        "HTTPRoute": _route,
        "HorizontalPodAutoscaler": _autoscaler,
        "PodDisruptionBudget": _disruption_budget,
        "ServiceMonitor": _monitor,
        "NetworkPolicy": _network_policy,
        "Secret": _redis_url,
    }.items():
        for document in manifests.of(kind):
            name = f"{kind} {document['metadata']['name']}"
            yield from (f"{name}: {problem}" for problem in check(manifests, document))


def _namespaces(manifests: Manifests) -> Iterator[str]:
    [namespace] = manifests.of("Namespace")
    for document in manifests.documents:
        metadata = document["metadata"]
        if document is not namespace and metadata.get("namespace") != namespace["metadata"]["name"]:
            yield f"{document['kind']} {metadata['name']} is in another namespace"


def _workload(manifests: Manifests, workload: Workload) -> Iterator[str]:
    spec, pod = workload.document["spec"], workload.pod
    if workload.document["kind"] != "Job":
        yield from _selects(manifests, spec["selector"]["matchLabels"], [workload])
    if "serviceName" in spec and not manifests.find("Service", spec["serviceName"]):
        yield f"no Service {spec['serviceName']}"
    account = pod.get("serviceAccountName")
    if account and not manifests.find("ServiceAccount", account):
        yield f"no ServiceAccount {account}"
    for constraint in pod.get("topologySpreadConstraints", []):
        yield from _selects(manifests, constraint["labelSelector"]["matchLabels"], [workload])
    for volume in pod.get("volumes", []):
        yield from _volume(manifests, volume)
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
    mounts = {mount["name"] for container in workload.containers for mount in container.get("volumeMounts", [])}
    yield from (f"volume {name} is mounted, and is not there" for name in mounts - volumes)
    yield from (f"volume {name} is not mounted" for name in volumes - mounts)
    for container in workload.containers:
        yield from _container(manifests, workload, container)


def _container(manifests: Manifests, workload: Workload, container: Document) -> Iterator[str]:
    for source in container.get("envFrom", []):
        name = source["configMapRef"]["name"]
        if not manifests.find("ConfigMap", name):
            yield f"no ConfigMap {name}"
    for probe in PROBES:
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        if port is not None and not workload.has_port(port):
            yield f"{probe}: no port {port}"
    paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    for path in paths:
        if any(other != path and path.startswith(f"{other}/") for other in paths):
            yield f"{path} lies in another mount, which is read-only"
    if any("subPath" in mount for mount in container.get("volumeMounts", [])):
        yield "a subPath is never replaced when its Secret is"


def _volume(manifests: Manifests, volume: Document) -> Iterator[str]:
    for source, kind, field in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        if source not in volume:
            continue
        document = manifests.find(kind, volume[source][field])
        if document is None:
            yield f"no {kind} {volume[source][field]}"
            continue
        for item in volume[source].get("items", []):
            if item["key"] not in document["data"]:
                yield f"{kind} {volume[source][field]} has no {item['key']}"


def _selects(manifests: Manifests, selector: Labels, wanted: list[Workload]) -> Iterator[str]:
    found = [workload.name for workload in manifests.selected(selector)]
    if found != [workload.name for workload in wanted]:
        yield f"{selector} selects {found or 'nothing'}"


def _one(manifests: Manifests, selector: Labels) -> tuple[Workload | None, list[str]]:
    found = manifests.selected(selector)
    if len(found) == 1:
        return found[0], []
    return None, [f"{selector} selects {[workload.name for workload in found] or 'nothing'}"]


def _service(manifests: Manifests, service: Document) -> Iterator[str]:
    workload, problems = _one(manifests, service["spec"]["selector"])
    yield from problems
    for port in service["spec"]["ports"]:
        if workload and not workload.has_port(port["targetPort"]):
            yield f"{workload.name} has no port {port['targetPort']}"


def _ingress(manifests: Manifests, ingress: Document) -> Iterator[str]:
    for tls in ingress["spec"]["tls"]:
        if not manifests.find("Secret", tls["secretName"]):
            yield f"no Secret {tls['secretName']}"
    hosts = {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]}
    for rule in ingress["spec"]["rules"]:
        if rule["host"] not in hosts:
            yield f"no TLS for {rule['host']}"
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            service = manifests.find("Service", backend["name"])
            if service is None:
                yield f"no Service {backend['name']}"
            elif backend["port"]["name"] not in {port["name"] for port in service["spec"]["ports"]}:
                yield f"Service {backend['name']} has no port {backend['port']['name']}"


def _route(manifests: Manifests, route: Document) -> Iterator[str]:
    """The Gateway is somebody else's."""
    for rule in route["spec"]["rules"]:
        for backend in rule["backendRefs"]:
            service = manifests.find("Service", backend["name"])
            if service is None:
                yield f"no Service {backend['name']}"
            elif backend["port"] not in {port["port"] for port in service["spec"]["ports"]}:
                yield f"Service {backend['name']} has no port {backend['port']}"


def _autoscaler(manifests: Manifests, autoscaler: Document) -> Iterator[str]:
    target = autoscaler["spec"]["scaleTargetRef"]
    deployment = manifests.find(target["kind"], target["name"])
    if deployment is None or deployment["apiVersion"] != target["apiVersion"]:
        yield f"no {target['apiVersion']} {target['kind']} {target['name']}"
        return
    if "replicas" in deployment["spec"]:
        yield "each apply would undo the autoscaler's replicas"
    for metric in autoscaler["spec"]["metrics"]:
        resource = metric["resource"]["name"]
        if any(resource not in container["resources"]["requests"] for container in Workload(deployment).containers):
            yield f"a part of no requested {resource}"


def _disruption_budget(manifests: Manifests, budget: Document) -> Iterator[str]:
    yield from _one(manifests, budget["spec"]["selector"]["matchLabels"])[1]


def _monitor(manifests: Manifests, monitor: Document) -> Iterator[str]:
    selector = monitor["spec"]["selector"]["matchLabels"]
    services = [service for service in manifests.of("Service") if matches(selector, service["metadata"]["labels"])]
    if len(services) != 1:
        yield f"{selector} selects {len(services)} Services"
        return
    job = services[0]["metadata"]["labels"].get(monitor["spec"].get("jobLabel"))
    if job != "spake-service":
        yield f"the job would be {job}; the alerts ask for spake-service"
    for endpoint in monitor["spec"]["endpoints"]:
        if endpoint["port"] not in {port["name"] for port in services[0]["spec"]["ports"]}:
            yield f"no port {endpoint['port']}"


def _network_policy(manifests: Manifests, policy: Document) -> Iterator[str]:
    selector = policy["spec"]["podSelector"].get("matchLabels", {})
    pods = manifests.selected(selector)
    if not pods:
        yield f"{selector} selects nothing"
    for rule in policy["spec"].get("ingress", []):
        yield from _known_ports(rule, pods)
        yield from _known_peers(manifests, rule.get("from", []))
    for rule in policy["spec"].get("egress", []):
        yield from _known_peers(manifests, rule.get("to", []))
        for peer in rule.get("to", []):
            if set(peer) == {"podSelector"}:
                yield from _known_ports(rule, manifests.selected(peer["podSelector"]["matchLabels"]))


def _known_ports(rule: Document, pods: list[Workload]) -> Iterator[str]:
    for port in rule["ports"]:
        if not any(workload.has_port(port["port"]) for workload in pods):
            yield f"no pod has the port {port['port']}"


def _known_peers(manifests: Manifests, peers: list[Document]) -> Iterator[str]:
    for peer in peers:
        if set(peer) == {"podSelector"} and not manifests.selected(peer["podSelector"]["matchLabels"]):
            yield f"{peer['podSelector']['matchLabels']} is nobody"


def _redis_url(manifests: Manifests, secret: Document) -> Iterator[str]:
    """A name without a dot is of this namespace."""
    if "url" not in secret["data"]:
        return
    for url in base64.b64decode(secret["data"]["url"]).decode().split(","):
        parts = urlsplit(url.strip())
        if not parts.hostname or "." in parts.hostname:
            continue
        service = manifests.find("Service", parts.hostname)
        if service is None or (parts.port or 6379) not in {port["port"] for port in service["spec"]["ports"]}:
            yield f"no Service {parts.hostname} with the port {parts.port}"
