"""What the checks of deploy/ share: where the repository and the real binary are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kubernetes_fixtures import in_development, in_production, stack

__all__ = ["in_development", "in_production", "stack"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def service() -> Path:
    """The service's binary, as built for the tests."""
    return Path(os.environ["SPAKE_TEST_BINARY"])
