"""Runs the containers of a manifest without a cluster: with their variables, files, modes and users, below a directory.

The ports stay as they are, on addresses of this machine's own network (127.0.0.0/8) that nothing else has.
"""

from __future__ import annotations

import base64
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes_manifests import Document, Manifests, Workload

AS_ROOT = os.geteuid() == 0


def loopback() -> str:
    return f"127.{random.randint(16, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"


@dataclass
class Node:
    """What stands in for a machine of the cluster."""

    service: Path
    hosts: dict[str, str] = field(default_factory=dict)
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="spake-node-")))

    def __post_init__(self) -> None:
        self.directory.chmod(0o755)
        # To a place that every user can reach.
        binary = self.directory / "spake-service"
        try:
            os.link(self.service, binary)
        except OSError:
            shutil.copy2(self.service, binary)
        self.service = binary

    def remove(self) -> None:
        shutil.rmtree(self.directory)

    def pod(self, manifests: Manifests, workload: Workload, container: Document | None = None) -> Container:
        """A container of one of the workload's pods; the first, unless it is said which."""
        root = Path(tempfile.mkdtemp(prefix="pod-", dir=self.directory))
        root.chmod(0o755)
        return Container(self, manifests, workload, container or workload.containers[0], root)


@dataclass
class Container:
    """One container: `root` stands for its `/`."""

    node: Node
    manifests: Manifests
    workload: Workload
    spec: Document
    root: Path

    def __post_init__(self) -> None:
        volumes = {volume["name"]: volume for volume in self.workload.pod.get("volumes", [])}
        for mount in self.spec.get("volumeMounts", []):
            target = self.inside(mount["mountPath"])
            target.mkdir(parents=True)
            for made in [target, *target.parents]:
                if made.is_relative_to(self.root):
                    made.chmod(0o755)
            if mount["name"] in volumes:
                self._fill(target, volumes[mount["name"]], self.manifests)
            else:
                self._own(target, 0o2770)

    def refresh(self, manifests: Manifests) -> None:
        """What kubelets do when a Secret has changed."""
        volumes = {volume["name"]: volume for volume in self.workload.pod["volumes"]}
        for mount in self.spec["volumeMounts"]:
            self._fill(self.inside(mount["mountPath"]), volumes[mount["name"]], manifests)

    @property
    def user(self) -> int:
        user: int = self.workload.pod["securityContext"]["runAsUser"]
        return user

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    @property
    def environment(self) -> dict[str, str]:
        """The variables, as the cluster would set them; what is a path leads below `root`."""
        variables: dict[str, str] = {}
        for source in self.spec.get("envFrom", []):
            variables |= self.manifests.get("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in self.spec.get("env", []):
            variables[variable["name"]] = variable["value"]
        return {name: str(self.inside(value)) if value.startswith("/") else value for name, value in variables.items()}

    @property
    def command(self) -> list[str]:
        """As the manifest says; the image's own is the service without arguments."""
        program, *arguments = self.spec.get("command", ["/usr/local/bin/spake-service"]) + self.spec.get("args", [])
        if program == "/usr/local/bin/spake-service":
            program = str(self.node.service)
        return [program, *map(self._mapped, arguments)]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """To its end, in place of the manifest's own command if there is another."""
        ran: subprocess.CompletedProcess[str] = subprocess.run(
            command or self.command, env=self.environment, capture_output=True, text=True, timeout=60, **self._identity
        )
        return ran

    @contextmanager
    def started(self, *more: str, **variables: str) -> Iterator[Running]:
        """Beside us, with some more arguments and other variables."""
        log = self.root / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.command, *more],
                env=self.environment | variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                **self._identity,
            )
        try:
            yield Running(process, log)
        finally:
            process.kill()
            process.wait()

    @property
    def _identity(self) -> dict[str, Any]:
        return {"user": self.user, "group": self.user, "extra_groups": self._groups} if AS_ROOT else {}

    @property
    def _groups(self) -> list[int]:
        return [group] if (group := self.workload.pod["securityContext"].get("fsGroup")) else []

    def _fill(self, target: Path, volume: Document, manifests: Manifests) -> None:
        """As kubelets do it: files are links through one that is swapped, so that all change at once."""
        source = volume.get("secret") or volume["configMap"]
        if "secret" in volume:
            data = manifests.get("Secret", source["secretName"])["data"]
            contents = {key: base64.b64decode(value).decode() for key, value in data.items()}
        else:
            contents = manifests.get("ConfigMap", source["name"])["data"]
        version = Path(tempfile.mkdtemp(prefix="..", dir=target))
        version.chmod(0o755)
        for item in source.get("items", [{"key": key, "path": key} for key in contents]):
            file = version / item["path"]
            file.write_text(self._mapped(contents[item["key"]]))
            self._own(file, item.get("mode", source.get("defaultMode", 0o644)))
            link = target / item["path"]
            if not link.is_symlink():
                link.symlink_to(Path("..data", item["path"]))
        (target / "..new").symlink_to(version.name)
        (target / "..new").rename(target / "..data")

    def _own(self, path: Path, mode: int) -> None:
        """To root and the pod's group, which may read, as kubelets do it."""
        if self._groups:
            mode |= 0o440
        if AS_ROOT:
            os.chown(path, 0, self._groups[0] if self._groups else 0)
        elif not mode & (0o040 if self._groups else 0o004):
            # We cannot give it away; whoever may not read it there shall not here.
            mode = 0
        path.chmod(mode if AS_ROOT else mode | (0o700 if path.is_dir() else 0))

    def _mapped(self, text: str) -> str:
        """Paths of mounts lead below `root`, names of hosts to where they are."""
        for mount in self.spec.get("volumeMounts", []):
            path = re.escape(mount["mountPath"])
            text = re.sub(rf"(?<![\w/.]){path}(?=[/\s]|$)", str(self.inside(mount["mountPath"])), text)
        for host, address in self.node.hosts.items():
            text = re.sub(rf"(?<=[@/]){re.escape(host)}(?=:)", address, text)
        return text


@dataclass
class Running:
    """A process, and what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def ended(self) -> bool:
        return self.process.poll() is not None
