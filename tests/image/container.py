"""Runs a container of the built image with what Linux has for it: namespaces of its own, the image's root read-only,
its user, its environment and its entry point as process 1."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from threading import Timer
from time import monotonic, sleep
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

# In namespaces of its own: loopback, a root that nobody can write but for a volume, no way to more rights, then the user.
ENTER = """
set -e
ip link set lo up
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
root=$1 user=$2 data=$3
shift 3
[ -z "$data" ] || mount --bind "$data" "$root/data"
exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
"""


def program(name: str) -> str:
    """Where a program of this machine is, whatever the environment that it is called with."""
    found = shutil.which(name)
    assert found, f"{name} is not here"
    return found


def eventually(what: str, ask: Callable[[], T | None]) -> T:
    """Asks until there is an answer."""
    started = monotonic()
    while (answer := ask()) is None:
        assert monotonic() - started < 60, f"in vain: {what}"
        sleep(0.01)
    return answer


class Image:
    """What was built: its files, and how it says that it is to be run."""

    def __init__(self, root: Path, config: Path) -> None:
        self.root = root
        told = json.loads(config.read_text())["Docker"]["config"]
        self.user: str = told["User"]
        self.labels: dict[str, str] = told["Labels"]
        self.entrypoint: list[str] = told["Entrypoint"]
        self.variables = dict(pair.split("=", 1) for pair in told["Env"])
        form, *self.healthcheck = told["Healthcheck"]["Test"]
        assert form == "CMD", "the health check takes a shell"

    def copied_to(self, root: Path) -> Image:
        """One that may be spoiled."""
        copy = deepcopy(self)
        subprocess.run([program("cp"), "-a", self.root, root], check=True)
        copy.root = root
        return copy


class Container:
    """One that runs; killed at the end. `data` is a directory that is mounted on /data."""

    def __init__(
        self, image: Image, environment: dict[str, str], *command: str, user: str | None = None, data: Path | None = None
    ) -> None:
        self.environment = image.variables | environment
        self.user = user or image.user
        arguments = [str(image.root), self.user, str(data or ""), *image.entrypoint, *command]
        self.parent = subprocess.Popen(
            [program("unshare"), "--mount", "--net", "--pid", "--fork", program("sh"), "-c", ENTER]
            + ["enter", *arguments],
            # What enters is found on this machine's path, and the image's is the same.
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Container:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self.parent.wait()
        assert self.parent.stdout
        self.parent.stdout.close()

    @property
    def process(self) -> int:
        """Process 1, as this machine numbers it."""
        return eventually("it has a process", self.child)

    def child(self) -> int | None:
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children")
        return int(children.read_text() or 0) or None if children.exists() else None

    def kill(self) -> None:
        """Its parent ends with process 1, and not the other way round: who changes its user is no longer told."""
        if (child := self.child()) is not None:
            os.kill(child, signal.SIGKILL)
        else:
            self.parent.kill()

    def until(self, said: str) -> None:
        """Waits for a line, which must come before it ends; after a while it is ended."""
        assert self.parent.stdout
        patience = Timer(30, self.kill)
        patience.start()
        lines = []
        for line in self.parent.stdout:
            lines.append(line)
            if said in line:
                break
        patience.cancel()
        assert lines and said in lines[-1], f"it ended without a word of {said}: {lines}"

    def exec(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command inside, as its user."""
        user, _, group = self.user.partition(":")
        process = self.process
        enter = [program("nsenter"), "--target", str(process), "--mount", "--net", "--pid", "--root", "--wd"]
        return subprocess.run(
            [*enter, "--setuid", user, "--setgid", group or user, "--", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def terminate(self) -> None:
        os.kill(self.process, signal.SIGTERM)

    def wait(self) -> tuple[int, str]:
        """Its exit code, and what it said that nobody had read yet."""
        said, _ = self.parent.communicate(timeout=60)
        return self.parent.returncode, said
