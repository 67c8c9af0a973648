"""The overlays at work: a real Redis and the real service, each in the pod that its manifest describes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import requests
from kubernetes_docs import make_secrets
from kubernetes_manifests import EDGES, Manifests, Workload, render
from kubernetes_pod import Container, Node, Running, loopback
from kubernetes_redis import ExternalRedis
from kubernetes_references import PROBES
from kubernetes_wait import eventually

# What an operator says in site.env, with a Gateway too, and one thing that stands there already.
SITE = {
    "INGRESS_HOST": "spake.example.org",
    "INGRESS_CLASS": "edge",
    "INGRESS_NAMESPACE": "edge",
    "TRUSTED_PROXIES": "10.244.0.0/16",
    "REDIS_NETWORK": "10.20.0.0/24",
}
GATEWAY = {"GATEWAY_NAME": "public", "GATEWAY_NAMESPACE": "gateways"}
MONITORING = "observability"


@dataclass
class Stack:
    """An overlay that runs."""

    node: Node
    manifests: Manifests
    pod: Container
    service: Running
    address: str

    def url(self, port: int) -> str:
        return f"http://{self.address}:{port}"


def development_overlay(root: Path, service: Path, directory: Path) -> Path:
    """A copy of the manifests, with secrets made by the script itself."""
    overlay = copied(root, directory) / "overlays" / "development"
    subprocess.run([overlay / "make-secrets", service], check=True, capture_output=True)
    return overlay


def production_overlay(root: Path, directory: Path) -> Path:
    """A copy of the manifests with everything said that an operator must say."""
    overlay = copied(root, directory) / "overlays" / "production"
    site = (overlay / "site.env").read_text()
    for name, value in (SITE | GATEWAY).items():
        site = site.replace(f"{name}=SET-ME", f"{name}={value}")
    site = site.replace("MONITORING_NAMESPACE=monitoring", f"MONITORING_NAMESPACE={MONITORING}")
    (overlay / "site.env").write_text(site)
    kustomization = overlay / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("SET-ME/", "registry.example.org/"))
    return overlay


def copied(root: Path, directory: Path) -> Path:
    """The manifests without anybody's secrets."""
    copy = directory / "deploy" / "kubernetes"
    shutil.copytree(root / "deploy" / "kubernetes", copy, ignore=shutil.ignore_patterns("secrets"))
    return copy


@contextmanager
def development(root: Path, service: Path, directory: Path) -> Iterator[Stack]:
    manifests = render(development_overlay(root, service, directory))
    address = loopback()
    with ExitStack() as stack:
        node = Node(service, hosts={"spake-redis": address})
        stack.callback(node.remove)
        stack.enter_context(redis(redis_pod(node, manifests), address))
        yield stack.enter_context(serving(node, manifests))


def redis_pod(node: Node, manifests: Manifests) -> Container:
    return node.pod(manifests, manifests.workload("StatefulSet", "spake-redis"))


@contextmanager
def redis(pod: Container, address: str) -> Iterator[Running]:
    """The Redis of the development overlay, once its own probe is content."""
    program, *arguments = pod.spec["readinessProbe"]["exec"]["command"]
    with pod.started("--bind", address, "--loglevel", "warning") as running:
        eventually(lambda: pod.run(program, "-h", address, *arguments).returncode == 0, running)
        yield running


@contextmanager
def production(root: Path, service: Path, directory: Path) -> Iterator[Stack]:
    overlay = production_overlay(root, directory)
    with ExitStack() as stack:
        external = stack.enter_context(ExternalRedis.started(root))
        secrets = make_secrets(root, service, external.directory, external.url)
        manifests = Manifests(render(overlay).documents + secrets)
        node = Node(service)
        stack.callback(node.remove)
        yield stack.enter_context(serving(node, manifests))


@contextmanager
def serving(node: Node, manifests: Manifests) -> Iterator[Stack]:
    address = loopback()
    pod = node.pod(manifests, manifests.workload("Deployment", "spake"))
    everywhere = {name: value for name, value in pod.environment.items() if value.startswith("0.0.0.0")}
    with pod.started(**{name: value.replace("0.0.0.0", address) for name, value in everywhere.items()}) as running:
        stack = Stack(node, manifests, pod, running, address)
        eventually(lambda: not any(unanswered(stack, manifests, ("readinessProbe",))), running)
        yield stack


def refused(node: Node, manifests: Manifests) -> Iterator[str]:
    """What the service says against the pods that serve."""
    for workload in manifests.workloads:
        for container in workload.containers:
            if container["image"].rpartition("/")[2].startswith("spake-service:") and "command" not in container:
                yield from _refused(node.pod(manifests, workload, container))


def _refused(pod: Container) -> Iterator[str]:
    # So that the service's listener is judged as it is there.
    checked = pod.run(str(pod.node.service), "check-config")
    if checked.returncode != 0:
        yield checked.stderr
        return
    for port, line in (("http", "listens on"), ("admin", "operators")):
        [said] = [said for said in checked.stdout.splitlines() if said.startswith(line)]
        if not said.endswith(f"0.0.0.0:{pod.workload.ports[port]}"):
            yield f"{said.strip()}: not the port {port} of the pod"
    # Where nobody but the developer calls, it may say that keys are to be seen on the network.
    if pod.manifests.of(*EDGES):
        yield from re.findall(r"^warning .*", checked.stdout, re.MULTILINE)


def unanswered(stack: Stack, manifests: Manifests, probes: tuple[str, ...] = PROBES) -> Iterator[str]:
    """What the running service does not answer as the manifests have it."""
    workload = manifests.workload("Deployment", "spake")
    for container in workload.containers:
        for probe in probes:
            get = container[probe]["httpGet"]
            yield from _ask(stack, workload.ports[get["port"]], get["path"], probe)
    if probes != PROBES:
        return
    for monitor in manifests.of("ServiceMonitor"):
        for endpoint in monitor["spec"]["endpoints"]:
            yield from _ask(stack, _target(manifests, workload, endpoint["port"]), endpoint["path"], "ServiceMonitor")
    for ingress in manifests.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                port = _target(manifests, workload, path["backend"]["service"]["port"]["name"])
                yield from _ask(stack, port, f"{path['path']}health", "Ingress")
    for route in manifests.of("HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for match, backend in product(rule["matches"], rule["backendRefs"]):
                name = _port_name(manifests, backend["name"], backend["port"])
                port = _target(manifests, workload, name)
                yield from _ask(stack, port, f"{match['path']['value']}health", "HTTPRoute")


def _target(manifests: Manifests, workload: Workload, port: str) -> int:
    """To which port of the pod a port of a Service leads."""
    ports = [found for service in manifests.of("Service") for found in service["spec"]["ports"]]
    return next(workload.ports[found["targetPort"]] for found in ports if found["name"] == port)


def _port_name(manifests: Manifests, service: str, number: int) -> str:
    ports = manifests.get("Service", service)["spec"]["ports"]
    return next(str(port["name"]) for port in ports if port["port"] == number)


def _ask(stack: Stack, port: int, path: str, who: str) -> Iterator[str]:
    try:
        answer = requests.get(stack.url(port) + path, timeout=5)
    except requests.RequestException as error:
        yield f"{who}: {error}"
        return
    if answer.status_code != 200:
        yield f"{who}: {path} on {port} answers {answer.status_code}"
