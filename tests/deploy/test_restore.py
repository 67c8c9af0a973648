"""What docs/OPERATIONS.md says of a snapshot: Redis does not read it with `appendonly yes`, and does in the way that is written there."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_stack import eventually


def redis_cli(directory: Path, *words: str) -> str:
    asked = ["redis-cli", "-s", str(directory / "socket"), *words]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


@contextlib.contextmanager
def redis(directory: Path, *flags: str) -> Iterator[None]:
    """A Redis whose data is in a directory; ends like one that is stopped."""
    command = ["redis-server", "--port", "0", "--unixsocket", "socket", "--save", "", "--dir", str(directory), *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=directory) as process:
        try:
            eventually(lambda: redis_cli(directory, "PING") == "PONG", "Redis answers")
            yield
        finally:
            process.terminate()


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A dump.rdb with one key, from a Redis as the document wants it."""
    before = tmp_path / "before"
    before.mkdir()
    with redis(before, "--appendonly", "yes"):
        redis_cli(before, "SET", "spake:{0}:facts", "x")
        redis_cli(before, "SAVE")
    after = tmp_path / "after"
    after.mkdir()
    shutil.copy(before / "dump.rdb", after)
    return after


def flags(root: Path) -> tuple[list[str], list[str]]:
    """How the document starts Redis on a snapshot, and what it says then."""
    operations = (root / "docs/OPERATIONS.md").read_text()
    once = re.search(r"once with `(--appendonly no)`", operations)
    then = re.search(r"then `redis-cli (CONFIG SET appendonly yes)`", operations)
    assert once and then, "docs/OPERATIONS.md does not say how a snapshot is restored"
    return once[1].split(), then[1].split()


def test_a_snapshot_is_restored_as_the_document_says(root: Path, snapshot: Path) -> None:
    once, then = flags(root)
    with redis(snapshot, *once):
        assert redis_cli(snapshot, "DBSIZE") == "1"
        redis_cli(snapshot, *then)
        done = ("aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0", "aof_last_bgrewrite_status:ok", "aof_enabled:1")
        eventually(lambda: all(line in redis_cli(snapshot, "INFO", "persistence") for line in done), "the file is rewritten")
    with redis(snapshot, "--appendonly", "yes"):
        assert redis_cli(snapshot, "DBSIZE") == "1"


def test_without_that_it_is_not(snapshot: Path) -> None:
    with redis(snapshot, "--appendonly", "yes"):
        assert redis_cli(snapshot, "DBSIZE") == "0"
