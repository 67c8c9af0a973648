"""Whether manifests are what the APIs of Kubernetes take, in several of its versions and with no field too many."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from kubernetes_manifests import Manifests

# The oldest that the manifests are meant for, one between, and the newest that the checker knows.
VERSIONS = ("1.30", "1.33", "1.37")
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$"}
GATEWAY_DURATION = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def _strict(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these fields and no others."""
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": 16, "items": items}


def _resource(version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = _strict({"name": {"type": "string"}}, {"namespace": {"type": "string"}, "labels": STRINGS})
    return _strict(
        {
            "apiVersion": {"const": version},
            "kind": {"const": kind},
            "metadata": metadata,
            "spec": spec,
        }
    )


# The part of the Prometheus operator's types that we use; the rules themselves are read by promtool.
OPERATOR = {
    "ServiceMonitor": _resource(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        _strict(
            {
                "selector": _strict({"matchLabels": STRINGS}),
                "endpoints": {
                    "type": "array",
                    "items": _strict(
                        {"port": {"type": "string"}},
                        {"path": {"type": "string"}, "interval": DURATION, "scrapeTimeout": DURATION},
                    ),
                },
            },
            {"jobLabel": {"type": "string"}},
        ),
    ),
    "PrometheusRule": _resource(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        _strict(
            {
                "groups": {
                    "type": "array",
                    "minItems": 1,
                    "items": _strict(
                        {
                            "name": {"type": "string"},
                            "rules": {
                                "type": "array",
                                "items": _strict(
                                    {"expr": {"type": ["string", "integer"]}},
                                    {
                                        "alert": {"type": "string"},
                                        "record": {"type": "string"},
                                        "for": DURATION,
                                        "keep_firing_for": DURATION,
                                        "labels": STRINGS,
                                        "annotations": STRINGS,
                                    },
                                ),
                            },
                        },
                        {"interval": DURATION},
                    ),
                }
            }
        ),
    ),
}

# The part of the Gateway API's standard channel that we use, as it has been since its release 1.2. `retry` is not in it.
LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
NAME = {"type": "string", "pattern": rf"^{LABEL}(\.{LABEL})*$", "maxLength": 253}
GATEWAY = {
    "HTTPRoute": _resource(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        _strict(
            {
                "parentRefs": _list(
                    _strict(
                        {"name": NAME},
                        {"namespace": {"type": "string", "pattern": f"^{LABEL}$"}, "sectionName": NAME},
                    )
                ),
                # Without one it would take every host of the Gateway.
                "hostnames": _list(NAME),
                "rules": _list(
                    _strict(
                        {
                            "matches": _list(
                                _strict(
                                    {
                                        "path": _strict(
                                            {
                                                "type": {"enum": ["Exact", "PathPrefix", "RegularExpression"]},
                                                "value": {"type": "string", "pattern": "^/"},
                                            }
                                        )
                                    }
                                )
                            ),
                            "backendRefs": _list(
                                _strict({"name": NAME, "port": {"type": "integer", "minimum": 1, "maximum": 65535}})
                            ),
                        },
                        {"timeouts": _strict({}, {"request": GATEWAY_DURATION, "backendRequest": GATEWAY_DURATION})},
                    )
                ),
            }
        ),
    )
}


def invalid(manifests: Manifests, versions: Sequence[str] = VERSIONS) -> Iterator[str]:
    """What a cluster would refuse, in any of the versions of Kubernetes."""
    own = []
    for document in manifests.documents:
        schema = (OPERATOR | GATEWAY).get(document["kind"])
        if schema is None:
            own.append(document)
            continue
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
            yield f"{document['kind']}: {error.json_path}: {error.message}"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "manifests.yaml")
        file.write_text(yaml.safe_dump_all(own))
        for version in versions:
            checked = subprocess.run(
                ["kubernetes-validate", "--strict", "--quiet", "-k", version, file], capture_output=True, text=True
            )
            # A kind that it does not know is only a warning to it.
            yield from (checked.stdout + checked.stderr).splitlines()
            if checked.returncode != 0 and not checked.stdout:
                yield f"kubernetes-validate ended with {checked.returncode}"
