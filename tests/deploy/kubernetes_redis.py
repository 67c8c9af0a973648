"""The Redis that production has elsewhere: TLS, a user of least rights, a master and a replica."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes_docs import least_rights
from kubernetes_pod import Running, loopback
from kubernetes_wait import eventually

PORT = 6379


@dataclass
class ExternalRedis:
    """Where it is, and a directory with who signed its certificate."""

    url: str
    directory: Path

    @classmethod
    @contextmanager
    def started(cls, root: Path) -> Iterator[ExternalRedis]:
        master, replica = loopback(), loopback()
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spake-redis-")))
            _certificates(directory, master, replica)
            users = f"{least_rights(root, 'throwaway')}\nuser default on >other ~* &* +@all\n"
            (directory / "users.acl").write_text(users)
            stack.enter_context(_server(directory, master))
            of_master = ["--replicaof", f"{master} {PORT}", "--masterauth", "other"]
            stack.enter_context(_server(directory, replica, *of_master))
            yield cls(f"rediss://spake:throwaway@{master}:{PORT}", directory)


@contextmanager
def _server(directory: Path, address: str, *more: str) -> Iterator[Running]:
    data = directory / address
    data.mkdir()
    command = f"redis-server --bind {address} --port 0 --tls-port {PORT} --tls-replication yes --tls-auth-clients no "
    command += f"--dir {data} --aclfile {directory}/users.acl --maxmemory-policy noeviction --appendonly yes "
    command += f"--tls-ca-cert-file {directory}/ca.crt --tls-cert-file {directory}/tls.crt "
    command += f"--tls-key-file {directory}/tls.key --repl-diskless-sync-delay 0"
    log = data / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command.split(), *more], stdout=output, stderr=subprocess.STDOUT)
    running = Running(process, log)
    wanted = "master_link_status:up" if more else "role:master"
    try:
        eventually(lambda: wanted in _info(directory, address), running)
        yield running
    finally:
        process.kill()
        process.wait()


def _info(directory: Path, address: str) -> str:
    command = f"redis-cli --tls --cacert {directory}/ca.crt -h {address} --no-auth-warning -a other info replication"
    return subprocess.run(command.split(), capture_output=True, text=True).stdout


def _certificates(directory: Path, *addresses: str) -> None:
    """An authority, and a certificate of its for these addresses."""
    (directory / "openssl.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n")
    new = "req -config openssl.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
    names = ",".join(f"IP:{address}" for address in addresses)
    ca = ["-subj", "/CN=Throwaway CA", "-addext", "basicConstraints=critical,CA:TRUE"]
    end = ["-subj", "/CN=redis", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName={names}"]
    for name, more in (("ca", ca), ("tls", end)):
        command = ["openssl", *new, "-keyout", f"{name}.key", "-out", f"{name}.crt", *more]
        subprocess.run(command, cwd=directory, check=True, capture_output=True)


def open_to_strangers(address: str) -> bool:
    """Whether someone without a password may write or read."""
    asked = [["set", "spake:it", "1"], ["get", "spake:it"], ["config", "get", "dir"], ["keys", "*"], ["flushall"]]
    return any(
        subprocess.run(["redis-cli", "-e", "-h", address, *command], capture_output=True).returncode == 0
        for command in asked
    )
