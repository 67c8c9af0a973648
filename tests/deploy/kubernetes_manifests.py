"""The manifests of an overlay as kustomize renders them, and how the checks look into them."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
Labels = dict[str, str]

# How callers get in, from outside the cluster.
EDGES = ("Ingress", "HTTPRoute")


@dataclass(frozen=True)
class Workload:
    """Something that makes pods."""

    document: Document

    @property
    def name(self) -> str:
        return f"{self.document['kind']} {self.document['metadata']['name']}"

    @property
    def template(self) -> Document:
        template: Document = self.document["spec"]["template"]
        return template

    @property
    def pod(self) -> Document:
        pod: Document = self.template["spec"]
        return pod

    @property
    def labels(self) -> Labels:
        labels: Labels = self.template.get("metadata", {}).get("labels", {})
        return labels

    @property
    def containers(self) -> list[Document]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        """The ports of all containers by their names."""
        ports = [port for container in self.containers for port in container.get("ports", [])]
        return {port["name"]: port["containerPort"] for port in ports}

    def has_port(self, port: str | int) -> bool:
        return port in self.ports if isinstance(port, str) else port in self.ports.values()


@dataclass(frozen=True, repr=False)
class Manifests:
    """All documents of an overlay."""

    documents: list[Document]

    def of(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def find(self, kind: str, name: str) -> Document | None:
        return next((found for found in self.of(kind) if found["metadata"]["name"] == name), None)

    def get(self, kind: str, name: str) -> Document:
        """The one whose name is `name`, or `name` and the hash that kustomize puts after it."""
        for document in self.of(kind):
            found = document["metadata"]["name"]
            if found == name or found.rpartition("-")[0] == name:
                return document
        raise LookupError(f"no {kind} {name}")

    @property
    def workloads(self) -> Iterator[Workload]:
        return map(Workload, self.of("Deployment", "StatefulSet", "Job"))

    def workload(self, kind: str, name: str) -> Workload:
        return Workload(self.get(kind, name))

    def selected(self, selector: Labels) -> list[Workload]:
        """The workloads whose pods have all these labels."""
        return [workload for workload in self.workloads if matches(selector, workload.labels)]

    def clone(self) -> Manifests:
        return Manifests(copy.deepcopy(self.documents))


def matches(selector: Labels, labels: Labels) -> bool:
    return selector.items() <= labels.items()


def render(overlay: Path) -> Manifests:
    """What `kubectl apply -k` would send."""
    rendered = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True)
    if rendered.returncode != 0 or rendered.stderr:
        raise ValueError(rendered.stderr)
    return Manifests([document for document in yaml.safe_load_all(rendered.stdout) if document])
