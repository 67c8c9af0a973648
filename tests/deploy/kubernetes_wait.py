"""Waits for what a process does."""

from __future__ import annotations

import time
from collections.abc import Callable

from kubernetes_pod import Running


def eventually(condition: Callable[[], bool], running: Running, patience: float = 45) -> None:
    """Until it holds, as long as the process lives."""
    deadline = time.monotonic() + patience
    while not condition():
        if running.ended() or time.monotonic() > deadline:
            raise AssertionError(running.said())
        time.sleep(0.05)
