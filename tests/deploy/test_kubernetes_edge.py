"""Callers come in through any Ingress controller, one that heeds nginx's annotations, or a Gateway: two lines each."""

from __future__ import annotations

from pathlib import Path

import pytest
from kubernetes_edge import NGINX
from kubernetes_manifests import Manifests, render
from kubernetes_mistakes_edge import EDGE
from kubernetes_policy import offences
from kubernetes_reach import unexpected
from kubernetes_references import dangling
from kubernetes_schemas import invalid
from kubernetes_stack import GATEWAY, SITE, Stack, production_overlay, refused, unanswered
from test_kubernetes import with_component


@pytest.fixture(scope="module")
def edges(root: Path, in_production: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifests]:
    """Production with each of the components."""
    return {
        component: with_component(root, component, in_production.manifests, tmp_path_factory.mktemp(component))
        for component in EDGE
    }


@pytest.mark.parametrize("component", EDGE)
def test_each_way_in_is_valid_and_leads_to_the_service_alone(
    component: str, edges: dict[str, Manifests], in_production: Stack
) -> None:
    manifests = edges[component]
    for check in (invalid, dangling, offences, unexpected):
        assert not list(check(manifests))
    assert not list(refused(in_production.node, manifests))
    assert not list(unanswered(in_production, manifests))


@pytest.mark.parametrize(("component", "mistake"), [(name, mistake) for name in EDGE for mistake in EDGE[name]])
def test_a_mistake_about_a_way_in_is_named(
    component: str, mistake: str, edges: dict[str, Manifests], in_production: Stack
) -> None:
    plant, check, named = EDGE[component][mistake]
    manifests = edges[component].clone()
    plant(manifests)
    found = list(check(in_production, manifests))
    assert any(named in problem for problem in found), found


def test_the_ingress_is_for_no_controller_until_a_component_says_which(
    edges: dict[str, Manifests], in_production: Stack
) -> None:
    assert "annotations" not in in_production.manifests.get("Ingress", "spake")["metadata"]
    annotations = edges["ingress-nginx"].get("Ingress", "spake")["metadata"]["annotations"]
    assert annotations and all(name.startswith(NGINX) for name in annotations)


def test_the_route_takes_the_place_of_the_ingress_at_the_gateway_of_site_env(edges: dict[str, Manifests]) -> None:
    assert not edges["gateway"].of("Ingress")
    route = edges["gateway"].get("HTTPRoute", "spake")["spec"]
    gateway = {"name": GATEWAY["GATEWAY_NAME"], "namespace": GATEWAY["GATEWAY_NAMESPACE"], "sectionName": "https"}
    assert route["parentRefs"] == [gateway]
    assert route["hostnames"] == [SITE["INGRESS_HOST"]]


def test_a_gateway_that_site_env_does_not_name_is_refused(root: Path, tmp_path: Path) -> None:
    overlay = production_overlay(root, tmp_path)
    kustomization = overlay / "kustomization.yaml"
    text = kustomization.read_text().replace("# components:", "components:")
    kustomization.write_text(text.replace("#   - ../../components/gateway", "  - ../../components/gateway"))
    complete = (overlay / "site.env").read_text()
    for name in (*GATEWAY, "GATEWAY_LISTENER"):
        lines = [line for line in complete.splitlines() if not line.startswith(f"{name}=")]
        (overlay / "site.env").write_text("\n".join(lines))
        with pytest.raises(ValueError, match=name):
            render(overlay)
