"""Mistakes about the way in: the Ingress as nginx is told of it, and the Gateway's route in its place."""

from __future__ import annotations

from typing import Any

from kubernetes_edge import NGINX
from kubernetes_manifests import Document, Manifests
from kubernetes_mistakes import ASKED, NAMES, POLICY, REACH, SCHEMA, Check, Mutation, policy, settings


def annotate(manifests: Manifests, name: str, value: str) -> None:
    manifests.get("Ingress", "spake")["metadata"]["annotations"][NGINX + name] = value


def route(manifests: Manifests) -> Document:
    found: Document = manifests.get("HTTPRoute", "spake")["spec"]
    return found


def rule(manifests: Manifests) -> Document:
    found: Document = route(manifests)["rules"][0]
    return found


def lead(manifests: Manifests, **to: Any) -> None:
    rule(manifests)["backendRefs"][0].update(to)


def ingress_again(manifests: Manifests) -> None:
    metadata = {"name": "spake", "namespace": "spake"}
    manifests.documents.append({"kind": "Ingress", "metadata": metadata, "spec": {"tls": [], "rules": []}})


# By the component that production takes in.
EDGE: dict[str, dict[str, tuple[Mutation, Check, str]]] = {
    "ingress-nginx": {
        "PUT and DELETE that are sent twice": (
            lambda m: annotate(m, "proxy-next-upstream", "error timeout"),
            POLICY,
            "sends requests twice",
        ),
        "everything that is sent twice": (
            lambda m: annotate(m, "proxy-next-upstream", "error timeout non_idempotent"),
            POLICY,
            "sends requests twice",
        ),
        "what nginx does by itself": (
            lambda m: m.get("Ingress", "spake")["metadata"]["annotations"].pop(f"{NGINX}proxy-next-upstream"),
            POLICY,
            "sends requests twice",
        ),
        "requests in the clear": (lambda m: annotate(m, "ssl-redirect", "false"), POLICY, "in the clear"),
        "bodies that are smaller than the service's": (
            lambda m: annotate(m, "proxy-body-size", "15k"),
            POLICY,
            "proxy-body-size",
        ),
        "bodies of any size": (lambda m: annotate(m, "proxy-body-size", "0"), POLICY, "proxy-body-size"),
    },
    "gateway": {
        "a misspelt field": (lambda m: route(m).update(hostname=["a.example.org"]), SCHEMA, "hostname"),
        "a version that is gone": (
            lambda m: m.get("HTTPRoute", "spake").update(apiVersion="gateway.networking.k8s.io/v1beta1"),
            SCHEMA,
            "v1' was expected",
        ),
        "a host that was not named": (lambda m: route(m).update(hostnames=["SET-ME"]), SCHEMA, "SET-ME"),
        "every host": (lambda m: route(m).pop("hostnames"), SCHEMA, "hostnames"),
        "a port by its name": (lambda m: lead(m, port="http"), SCHEMA, "http"),
        "a time that the Gateway cannot read": (
            lambda m: rule(m)["timeouts"].update(request="1.5s"),
            SCHEMA,
            "1.5s",
        ),
        "retries": (lambda m: rule(m).update(retry={"attempts": 2}), SCHEMA, "retry"),
        "a Gateway that was not named": (
            lambda m: route(m)["parentRefs"][0].update(name="SET-ME"),
            POLICY,
            "SET-ME at",
        ),
        "every listener": (lambda m: route(m)["parentRefs"][0].pop("sectionName"), POLICY, "every listener"),
        "requests without an end": (lambda m: rule(m).pop("timeouts"), POLICY, "longer than the 30 s"),
        "requests that outlast their pod": (
            lambda m: rule(m)["timeouts"].update(request="1m"),
            POLICY,
            "longer than the 30 s",
        ),
        "proxies left out": (lambda m: settings(m).pop("SPAKE_TRUSTED_PROXIES"), POLICY, "SPAKE_TRUSTED_PROXIES"),
        "an Ingress beside it": (ingress_again, POLICY, "two ways in"),
        "another Service": (lambda m: lead(m, name="web"), NAMES, "no Service web"),
        "another port": (lambda m: lead(m, port=5000), NAMES, "no port 5000"),
        "the operators' port": (lambda m: lead(m, name="spake-operators", port=9464), ASKED, "/health on 9464"),
        "a path that is not there": (
            lambda m: rule(m)["matches"][0]["path"].update(value="/v1/"),
            ASKED,
            "/v1/health",
        ),
        "a Gateway that may not call": (
            lambda m: policy(m, "spake-callers")["ingress"].pop(0),
            REACH,
            "on 5000 is closed",
        ),
    },
}
