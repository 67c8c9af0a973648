"""The manifests for Kubernetes: valid, strict, without a name that names nothing, and such that the service works with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes_manifests import render
from kubernetes_policy import offences
from kubernetes_references import dangling
from kubernetes_schemas import invalid
from kubernetes_stack import Stack, development, production, refused, unanswered


@pytest.fixture(scope="module")
def in_development(root: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with development(root, service, tmp_path_factory.mktemp("development")) as stack:
        yield stack


@pytest.fixture(scope="module")
def in_production(root: Path, service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with production(root, service, tmp_path_factory.mktemp("production")) as stack:
        yield stack


@pytest.fixture(params=["in_development", "in_production"])
def stack(request: pytest.FixtureRequest) -> Stack:
    found: Stack = request.getfixturevalue(request.param)
    return found


def test_every_supported_cluster_takes_them_and_no_field_is_unknown(stack: Stack) -> None:
    assert not list(invalid(stack.manifests))


def test_every_name_in_them_names_something(stack: Stack) -> None:
    assert not list(dangling(stack.manifests))


def test_they_keep_to_the_restricted_profile_and_to_our_rules(stack: Stack) -> None:
    assert not list(offences(stack.manifests))


def test_the_service_accepts_its_variables_and_files(stack: Stack) -> None:
    assert not list(refused(stack.node, stack.manifests))


def test_the_service_answers_what_the_cluster_asks(stack: Stack) -> None:
    assert not list(unanswered(stack, stack.manifests))
