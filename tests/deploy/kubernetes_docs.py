"""The commands of docs/OPERATIONS.md, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from pathlib import Path

import yaml
from kubernetes_manifests import Document

# Stands for `kubectl` where there is no cluster: what would be created is written down.
WRITES_DOWN = """#!/bin/sh
case "$*" in
    *" create "*) kubectl=$(PATH=${PATH#*:} command -v kubectl); echo --- >> made.yaml
        "$kubectl" "$@" --dry-run=client -o yaml >> made.yaml ;;
    *) echo "$*" >> asked ;;
esac
"""


def section(root: Path) -> str:
    operations = (root / "docs" / "OPERATIONS.md").read_text()
    found = re.search(r"^## Kubernetes\n(.*?)^## ", operations, re.MULTILINE | re.DOTALL)
    assert found, "docs/OPERATIONS.md has no section on Kubernetes"
    return found[1]


def blocks(root: Path) -> list[str]:
    """Its blocks of commands."""
    found = re.findall(r"^( *)```bash\n(.*?)^ *```", section(root), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def kubectl(root: Path) -> list[str]:
    """Its commands of kubectl and those of the README, one a line."""
    lines = [line for block in blocks(root) for line in block.replace("\\\n", " ").splitlines()]
    lines += (root / "README.md").read_text().splitlines()
    commands = [" ".join(command.split()) for line in lines for command in line.split(" | ")]
    return [command for command in commands if command.startswith("kubectl ")]


def make_secrets(root: Path, service: Path, directory: Path, redis_url: str) -> list[Document]:
    """The Secrets that the document's commands make in a directory that has the certificates."""
    [block] = [block for block in blocks(root) if "create secret generic" in block and "--dry-run" not in block]
    programs = directory / "programs"
    programs.mkdir()
    (programs / "kubectl").write_text(WRITES_DOWN)
    (programs / "kubectl").chmod(0o755)
    (programs / "spake-service").symlink_to(service)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "REDIS_URL": redis_url, "HOME": str(directory)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=directory, env=environment, check=True)
    return list(filter(None, yaml.safe_load_all((directory / "made.yaml").read_text())))


def least_rights(root: Path, password: str) -> str:
    """The line of an ACL file that the document has for the service's user."""
    operations = (root / "docs" / "OPERATIONS.md").read_text()
    found = re.search(r"^ACL SETUSER (spake .*?)\n```", operations, re.MULTILINE | re.DOTALL)
    assert found, "docs/OPERATIONS.md has no ACL"
    return "user " + " ".join(found[1].split()).replace("<password>", password)
