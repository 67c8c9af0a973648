"""The manifests for Kubernetes are valid and strict, each name in them names something, and the service works with them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from kubernetes_manifests import Manifests, render
from kubernetes_network import ours, outside, reaches, stranger
from kubernetes_policy import offences
from kubernetes_reach import unexpected
from kubernetes_references import dangling
from kubernetes_schemas import invalid
from kubernetes_stack import SITE, Stack, production_overlay, refused, unanswered


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


def scanned(configuration: Path, directory: Path, *overlays: Manifests) -> subprocess.CompletedProcess[str]:
    """What the scanner of policies finds, without the network where that can be taken away."""
    files = []
    for number, manifests in enumerate(overlays):
        files.append(directory / f"{number}.yaml")
        files[-1].write_text(yaml.safe_dump_all(manifests.documents))
    alone = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        alone = []
    checkov = Path(sys.prefix, "checkov", "bin", "checkov")
    command: list[str | Path] = [*alone, checkov, "--config-file", configuration, "--file", *files]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_scanner_of_policies_finds_nothing_that_is_not_explained(
    root: Path, in_development: Stack, in_production: Stack, tmp_path: Path
) -> None:
    configuration = root / "deploy" / "kubernetes" / "checkov.yaml"
    scan = scanned(configuration, tmp_path, in_development.manifests, in_production.manifests)
    assert scan.returncode == 0, scan.stdout + scan.stderr


def test_who_calls_reaches_the_service_and_nobody_else_reaches_anything(stack: Stack) -> None:
    assert not list(unexpected(stack.manifests))


def test_the_job_brings_the_keyspace_to_this_release_beside_running_services(in_production: Stack) -> None:
    job = in_production.manifests.workload("Job", "spake-migrate")
    pending = "migrations are pending"
    assert pending in in_production.service.said(), "the pods do not do it themselves"
    for _ in range(2):
        migrated = in_production.node.pod(in_production.manifests, job).run()
        assert migrated.returncode == 0, migrated.stderr
        assert "256 of 256 buckets" in migrated.stdout
    assert not list(unanswered(in_production, in_production.manifests))


def test_what_an_operator_must_say_is_refused_until_it_is_said(root: Path, service: Path, tmp_path: Path) -> None:
    manifests = render(root / "deploy" / "kubernetes" / "overlays" / "production")
    found = {problem for problem in offences(manifests) if problem.startswith("SET-ME")}
    assert len(found) == 8, found
    # The cluster has a say in all but two: one the service has, the other lets nobody call.
    assert any("SPAKE_TRUSTED_PROXIES" in problem for problem in found)
    said = subprocess.run(
        [service, "check-config"], env={"SPAKE_TRUSTED_PROXIES": "SET-ME"}, capture_output=True, text=True
    )
    assert said.returncode == 2 and "SPAKE_TRUSTED_PROXIES" in said.stderr

    overlay = production_overlay(root, tmp_path)
    complete = (overlay / "site.env").read_text()
    for name in SITE:
        lines = [line for line in complete.splitlines() if not line.startswith(f"{name}=")]
        (overlay / "site.env").write_text("\n".join(lines))
        with pytest.raises(ValueError, match=name):
            render(overlay)


def with_component(root: Path, component: str, production: Manifests, directory: Path) -> Manifests:
    """Production with a component taken in, and the Secrets that it had before."""
    overlay = production_overlay(root, directory)
    kustomization = overlay / "kustomization.yaml"
    text = kustomization.read_text()
    for line in ("components:", f"  - ../../components/{component}"):
        assert f"\n# {line}\n" in text
        text = text.replace(f"\n# {line}\n", f"\n{line}\n")
    kustomization.write_text(text)
    return Manifests(render(overlay).documents + production.clone().of("Secret"))


def test_redis_behind_sentinels_takes_two_lines(root: Path, in_production: Stack, tmp_path: Path) -> None:
    manifests = with_component(root, "sentinel", in_production.manifests, tmp_path)
    assert any("sentinel-password" in problem for problem in dangling(manifests)), "the Secret lacks it"
    manifests.get("Secret", "spake-redis")["data"]["sentinel-password"] = "b3RoZXI="
    for check in (invalid, dangling, offences):
        assert not list(check(manifests))
    assert not list(refused(in_production.node, manifests))
    service = ours(manifests.workload("Deployment", "spake"))
    assert reaches(manifests, service, outside("10.20.0.7"), 26379)


def test_traces_take_two_lines(root: Path, in_production: Stack, tmp_path: Path) -> None:
    manifests = with_component(root, "traces", in_production.manifests, tmp_path)
    for check in (invalid, dangling, offences, unexpected):
        assert not list(check(manifests))
    assert not list(refused(in_production.node, manifests))
    endpoint = urlsplit(manifests.get("ConfigMap", "spake-settings")["data"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    assert endpoint.hostname and endpoint.port
    service = ours(manifests.workload("Deployment", "spake"))
    namespace = endpoint.hostname.split(".")[1]
    assert reaches(manifests, service, stranger(namespace), endpoint.port)
    assert not reaches(in_production.manifests, service, stranger(namespace), endpoint.port)


def unlike_image(recipe: str, version: str, manifests: Manifests) -> Iterator[str]:
    """Where containers of the service would not run what the Dockerfile makes."""
    [program] = re.findall(r'^ENTRYPOINT \["(.*)"\]$', recipe, re.MULTILINE)
    [user] = re.findall(r"^USER (\d+)", recipe, re.MULTILINE)
    for workload in manifests.workloads:
        for container in workload.containers:
            name, _, tag = container["image"].rpartition("/")[2].partition(":")
            if name != "spake-service":
                continue
            if tag != version:
                yield f"{workload.name}: the image is of {tag}"
            if container.get("command", [program])[0] != program:
                yield f"{workload.name}: no {container['command'][0]} in the image"
            if workload.pod["securityContext"]["runAsUser"] != int(user):
                yield f"{workload.name}: another user than the image's"


def test_the_pods_run_the_image_of_this_release(root: Path, stack: Stack) -> None:
    recipe = (root / "Dockerfile").read_text()
    version = re.findall(r'^version = "(.*)"', (root / "Cargo.toml").read_text(), re.MULTILINE)[0]
    assert not list(unlike_image(recipe, version, stack.manifests))


def test_an_image_that_is_another_is_named(in_production: Stack) -> None:
    right = 'ENTRYPOINT ["/usr/local/bin/spake-service"]\nUSER 65532:65532\n'
    [version] = {
        container["image"].rpartition(":")[2]
        for workload in in_production.manifests.workloads
        for container in workload.containers
    }
    assert not list(unlike_image(right, version, in_production.manifests))
    for recipe, released, named in [
        (right.replace("/usr/local", "/usr"), version, "Job spake-migrate: no /usr/local/bin/spake-service"),
        (right.replace("65532", "1000"), version, "Deployment spake: another user"),
        (right, f"{version}1", "Deployment spake: the image is of"),
    ]:
        found = list(unlike_image(recipe, released, in_production.manifests))
        assert any(problem.startswith(named) for problem in found), found


def test_the_rules_are_those_of_prometheus(root: Path, in_production: Stack, tmp_path: Path) -> None:
    rules = yaml.safe_load((root / "deploy" / "prometheus" / "rules.yaml").read_text())
    made = root / "deploy" / "kubernetes" / "overlays" / "production" / "prometheus-rule.yaml"
    assert yaml.safe_load(made.read_text())["spec"] == rules, "run scripts/prometheus-rule"
    subprocess.run([root / "scripts" / "prometheus-rule", tmp_path / "made.yaml"], check=True)
    assert (tmp_path / "made.yaml").read_text() == made.read_text(), "run scripts/prometheus-rule"
    # kustomize breaks long expressions elsewhere.
    rendered = in_production.manifests.get("PrometheusRule", "spake")["spec"]
    assert in_one_line(rendered) == in_one_line(rules)


def in_one_line(value: object) -> str:
    return " ".join(json.dumps(value, sort_keys=True).replace("\\n", " ").split())


def test_no_secret_is_in_the_repository(root: Path) -> None:
    tracked = subprocess.run(
        ["git", "-C", root, "ls-files", "deploy/kubernetes"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert tracked and not [path for path in tracked if "/secrets/" in path]
    assert not render(root / "deploy" / "kubernetes" / "overlays" / "production").of("Secret")
    node = "deploy/kubernetes/overlays/development/secrets/state-keys"
    subprocess.run(["git", "-C", root, "check-ignore", "-q", node], check=True)
