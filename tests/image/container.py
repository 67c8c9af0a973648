"""Runs a container of the built image with what Linux has for it: namespaces of its own, the image's root read-only,
its user, its environment and its entry point as process 1."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
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
        self.config = json.loads(config.read_text())

    @property
    def user(self) -> str:
        return self.config["User"]

    @property
    def labels(self) -> dict[str, str]:
        return self.config["Labels"]

    @property
    def healthcheck(self) -> list[str]:
        """The command, which must need no shell."""
        form, *command = self.config["Healthcheck"]["Test"]
        assert form == "CMD", form
        return command

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.config["Env"]) | more


class Container:
    """One that runs; killed at the end. `data` is a directory that is mounted on /data."""

    def __init__(
        self, image: Image, environment: dict[str, str], *command: str, user: str | None = None, data: Path | None = None
    ) -> None:
        self.environment = image.environment(environment)
        self.user = user or image.user
        arguments = [str(image.root), self.user, str(data or ""), *image.config["Entrypoint"], *command]
        self.parent = subprocess.Popen(
            [program("unshare"), "--mount", "--net", "--pid", "--fork", "--kill-child", program("sh"), "-c", ENTER]
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
        self.parent.kill()
        self.parent.wait()
        assert self.parent.stdout
        self.parent.stdout.close()

    @property
    def process(self) -> int:
        """Process 1, as this machine numbers it."""
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children")
        return eventually("it has a process", lambda: int(children.read_text() or 0) or None)

    def until(self, said: str) -> None:
        """Waits for a line, which must come."""
        assert self.parent.stdout
        for line in self.parent.stdout:
            if said in line:
                return
        raise AssertionError(f"it ended without a word of: {said}")

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
