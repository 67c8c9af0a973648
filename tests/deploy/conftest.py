"""What the checks of deploy/ share: where the repository and the real binary are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from exposition import Family, exposition
from kubernetes_fixtures import in_development, in_production, stack
from watched import known_metrics

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


@pytest.fixture(scope="session")
def metrics(service: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the service says on /metrics."""
    return exposition(service, tmp_path_factory.mktemp("metrics"))


@pytest.fixture(scope="session")
def known(metrics: str, root: Path) -> dict[str, Family]:
    """The metrics that there are."""
    return known_metrics(metrics, root)
