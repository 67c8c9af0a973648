"""The stack of docker-compose.yml on loopback, without Docker: the real Redis, services, name server and balancer, on the stack's own files.

What differs is said here: addresses, ports and paths. A replica N has the address 127.0.1.N, and all have one port, as in compose.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from compose_file import Compose, make_secrets
from name_server import NameServer

MOST_REPLICAS = 5


def eventually(condition: Callable[[], bool], what: str, within: float = 20) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.02)


class Replica:
    """One service, at an address that it keeps."""

    def __init__(self, number: int, stack: Stack) -> None:
        self.address = f"127.0.1.{number}"
        self.log = stack.directory / f"replica-{number}.log"
        self._stack = stack
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """Compose's, at other addresses; and it stretches as little as it may, for this is no test of that."""
        stack = self._stack
        return {
            **stack.compose.local_environment("spake", stack.secrets),
            "PORT": str(stack.port),
            "SPAKE_HOST": self.address,
            "SPAKE_ADMIN_ADDR": f"{self.address}:{stack.admin_port}",
            "SPAKE_TRUSTED_PROXIES": "127.0.0.1",
            "SPAKE_PBKDF2_ITERATIONS": "100000",
            **stack.changes,
        }

    def start(self) -> None:
        """Starts it; it has its name at once, as a container has, and not when it is ready."""
        stack = self._stack
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([stack.service], env=self.environment(), stdout=log, stderr=log)
        stack.names.addresses += (self.address,)

    def is_healthy(self) -> bool:
        """By the health check of compose."""
        kind, program, *arguments = self._stack.compose.services["spake"]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "/usr/local/bin/spake-service"), "where the image has it"
        command = [str(self._stack.service), *arguments]
        return subprocess.run(command, env=self.environment(), capture_output=True, timeout=20).returncode == 0

    def stop(self) -> int:
        """SIGTERM; its exit code. Docker forgets its address when it has ended."""
        assert self.process
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        assert self.process
        code = self.process.wait(60)
        self.process = None
        self._stack.names.addresses = tuple(a for a in self._stack.names.addresses if a != self.address)
        return code


class Stack:
    """All of it. `changes` go into every replica's environment, `balancer` is another text for haproxy.cfg: to plant mistakes."""

    def __init__(
        self,
        compose: Compose,
        service: Path,
        directory: Path,
        *,
        changes: dict[str, str] | None = None,
        balancer: str | None = None,
    ) -> None:
        self.compose, self.service, self.directory = compose, service, directory
        self.changes = changes or {}
        self.files = compose.root / "deploy/compose"
        self.secrets = directory / "secrets"
        self.port, self.admin_port, self.redis_port, self.public_port = free_ports(4)
        self.url = f"https://127.0.0.1:{self.public_port}"
        self.certificate = self.secrets / "developer/ca.crt"
        self.balancer_log = directory / "balancer.log"
        self._balancer_text = balancer or (self.files / "haproxy.cfg").read_text()
        self._running = ExitStack()
        self.names = NameServer("spake")
        self.replicas = [Replica(number, self) for number in range(1, MOST_REPLICAS + 1)]

    def __enter__(self) -> Stack:
        with ExitStack() as running:
            running.enter_context(self.names)
            made = make_secrets(self.compose.root, self.secrets, f"127.0.0.1:{self.redis_port}")
            assert made.returncode == 0, made.stderr
            self._start_redis(running)
            running.callback(self._end_replicas)
            for replica in self.replicas[:3]:
                replica.start()
            eventually(lambda: all(r.is_healthy() for r in self.replicas[:3]), "three replicas are healthy")
            self._start_balancer(running)
            eventually(lambda: len(self.in_use()) == 3, "the balancer uses three replicas")
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def in_use(self) -> set[str]:
        """Addresses of the replicas that the balancer sends requests to and has found ready, as it says."""
        lines = [line.split(",") for line in self._ask_balancer("show stat -1 4 -1").splitlines() if line]
        head = lines[0]
        servers = (dict(zip(head, line)) for line in lines[1:])
        # A replica that is new to the balancer is up for it, until the first check.
        ready = (s for s in servers if s["status"].startswith("UP") and s["check_status"].endswith("L7OK"))
        return {s["addr"].split(":")[0] for s in ready}

    def api_key(self) -> str:
        return (self.secrets / "developer/api-key").read_text().strip()

    def _start_redis(self, running: ExitStack) -> None:
        data = self.directory / "data"
        data.mkdir()
        users = self.secrets / "redis/users.acl"
        own = ["--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", str(data), "--aclfile", str(users)]
        _start(["redis-server", str(self.files / "redis.conf"), *own], {}, self.directory / "redis.log", running)
        eventually(lambda: listens(self.redis_port), "Redis listens")

    def _start_balancer(self, running: ExitStack) -> None:
        configuration = self.directory / "haproxy.cfg"
        configuration.write_text(self._balancer_text)
        # How the test asks the balancer; the stack has no such socket.
        asked = self.directory / "asked.cfg"
        asked.write_text(f"global\n    stats socket {self.directory}/balancer.socket\n")
        environment = {
            "BALANCER_ADDRESS": f"127.0.0.1:{self.public_port}",
            "BALANCER_CERTIFICATE": str(self.secrets / "balancer/tls.pem"),
            "BALANCER_DNS": self.names.address,
            "SPAKE_PORT": str(self.port),
            "SPAKE_ADMIN_PORT": str(self.admin_port),
        }
        command = ["haproxy", "-db", "-f", str(configuration), "-f", str(asked)]
        _start(command, environment, self.balancer_log, running)
        eventually((self.directory / "balancer.socket").exists, "the balancer starts")

    def _ask_balancer(self, question: str) -> str:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.directory / "balancer.socket"))
            asked.sendall(question.encode() + b"\n")
            return b"".join(iter(lambda: asked.recv(65536), b"")).decode()

    def _end_replicas(self) -> None:
        for replica in self.replicas:
            if replica.process:
                replica.kill()


def _start(command: list[str], environment: dict[str, str], log: Path, running: ExitStack) -> None:
    with log.open("wb") as output:
        environment = {"PATH": os.environ["PATH"], **environment}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    running.callback(process.wait)
    running.callback(process.kill)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Ports that nobody has on any of our addresses."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("0.0.0.0", 0))
        return [one.getsockname()[1] for one in sockets]
