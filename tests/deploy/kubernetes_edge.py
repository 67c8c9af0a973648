"""What the Ingress or the Gateway's route, and the service behind it, must agree upon."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubernetes_durations import seconds
from kubernetes_manifests import EDGES, Document, Manifests

NGINX = "nginx.ingress.kubernetes.io/"
# What the service takes of a body, in KiB.
BODY = 16


def at_odds(manifests: Manifests) -> Iterator[str]:
    """What would lose requests, send them twice or in the clear, or make all callers one."""
    if not manifests.of(*EDGES):
        return
    if len(manifests.of(*EDGES)) > 1:
        yield "there are two ways in"
    settings = manifests.get("ConfigMap", "spake-settings")["data"]
    if "SPAKE_TRUSTED_PROXIES" not in settings:
        yield "SPAKE_TRUSTED_PROXIES is not set: all callers would be one"
    if seconds(settings.get("SPAKE_REQUEST_TIMEOUT", "15s")) <= 60:
        yield "nginx keeps idle connections for 60 s, longer than the service"
    # Whom callers reach from outside has a Redis that can fail over.
    if int(settings.get("SPAKE_REDIS_WAIT_REPLICAS", "0")) < 1:
        yield "SPAKE_REDIS_WAIT_REPLICAS: a failover of Redis would take guesses back"
    for ingress in manifests.of("Ingress"):
        yield from _annotations(ingress["metadata"].get("annotations", {}))
    for route in manifests.of("HTTPRoute"):
        yield from _route(route["spec"], seconds(settings["SPAKE_DRAIN_TIMEOUT"]))


def _annotations(annotations: dict[str, str]) -> Iterator[str]:
    nginx = {name.removeprefix(NGINX): value for name, value in annotations.items() if name.startswith(NGINX)}
    if not nginx:
        return
    if nginx.get("proxy-next-upstream") != "off":
        yield f"nginx sends requests twice: proxy-next-upstream is {nginx.get('proxy-next-upstream')}"
    # Without TLS it is off unless it is forced; with it, on unless it is switched off.
    if nginx.get("ssl-redirect", "true") != "true":
        yield "nginx serves in the clear too: ssl-redirect"
    size = re.fullmatch(r"(\d+)([kKmM])", nginx.get("proxy-body-size", "1m"))
    if not size or int(size[1]) * (1024 if size[2] in "mM" else 1) < BODY:
        yield f"proxy-body-size is not a number of k or m, at least the service's {BODY}k"


def _route(spec: Document, drain: float) -> Iterator[str]:
    for parent in spec["parentRefs"]:
        if not parent.get("sectionName"):
            yield "the route is for every listener of the Gateway, those without TLS too"
    for rule in spec["rules"]:
        limit = seconds(rule.get("timeouts", {}).get("request", "0s"))
        if not 0 < limit <= drain:
            yield f"a request may last longer than the {drain:g} s of a pod that stops"
