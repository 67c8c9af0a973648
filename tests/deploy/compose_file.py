"""docker-compose.yml as Docker would see it: defaults filled in, secrets from the real script, paths of containers on this machine."""

from __future__ import annotations

import copy
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

Service = dict[str, Any]


class Compose:
    """The file; `services` and `texts` may be changed, to plant a mistake."""

    def __init__(self, root: Path, document: dict[str, Any] | None = None) -> None:
        self.root = root
        text = (root / "docker-compose.yml").read_text()
        self.document: dict[str, Any] = document or yaml.safe_load(text)
        self.services: dict[str, Service] = self.document["services"]
        # Of other files, where they are not as they lie in the repository.
        self.texts: dict[str, str] = {}

    def text(self, path: str) -> str:
        """Of another file, by its path in the repository."""
        return self.texts[path] if path in self.texts else (self.root / path).read_text()

    def copy(self) -> Compose:
        return Compose(self.root, copy.deepcopy(self.document))

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service, where the user has set none."""
        return {k: _filled_in(str(v)) for k, v in self.services[name].get("environment", {}).items()}

    def mounts(self, name: str) -> Iterator[tuple[str, str, bool]]:
        """Source, path in the container, and whether it is read-only there."""
        for mount in self.services[name].get("volumes", []):
            source, target, *mode = mount.split(":")
            yield source, target, mode == ["ro"]

    def on_this_machine(self, name: str, path: str, secrets: Path) -> Path | None:
        """Where a container's file is here; what `secrets` wrote lies as its own mounts say. None: nothing is mounted there."""
        made = {source: PurePosixPath(target).name for source, target, _ in self.mounts("secrets")}
        for source, target, _ in self.mounts(name):
            if not PurePosixPath(path).is_relative_to(target):
                continue
            start = secrets / made[source] if source in made else self.root / source
            return start / PurePosixPath(path).relative_to(target)
        return None

    def local_environment(self, name: str, secrets: Path) -> dict[str, str]:
        """The same variables, with files where they are on this machine."""
        there = self.environment(name)
        for variable, value in there.items():
            if variable.endswith("_FILE"):
                there[variable] = str(self.on_this_machine(name, value, secrets) or value)
        return there


def make_secrets(root: Path, directory: Path, redis: str = "redis:6379") -> subprocess.CompletedProcess[str]:
    """Runs the script that the service `secrets` runs."""
    directory.mkdir(exist_ok=True)
    command = ["sh", str(root / "deploy/compose/secrets"), str(directory)]
    environment = {"PATH": os.environ["PATH"], "REDIS_ADDRESS": redis}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def seconds(text: str) -> int:
    """A duration of compose or of the service."""
    found = re.fullmatch(r"(\d+)s", text)
    assert found, f"{text} is given in seconds"
    return int(found[1])


def _filled_in(text: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
