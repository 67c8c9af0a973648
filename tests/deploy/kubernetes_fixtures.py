"""The two overlays, running once for all tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes_stack import Stack, development, production


@pytest.fixture(scope="session")
def in_development(root: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with development(root, service, tmp_path_factory.mktemp("development")) as stack:
        yield stack


@pytest.fixture(scope="session")
def in_production(root: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with production(root, service, tmp_path_factory.mktemp("production")) as stack:
        yield stack


@pytest.fixture(params=["in_development", "in_production"])
def stack(request: pytest.FixtureRequest) -> Stack:
    found: Stack = request.getfixturevalue(request.param)
    return found
