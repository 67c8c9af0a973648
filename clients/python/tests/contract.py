"""The service's own document, and requests held to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent.parent.parent / "docs/openapi.json").read_text(encoding="utf-8")
)


class Undocumented(AssertionError):
    """A request that the document does not have."""


def check_request(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> str:
    """The id of the operation that the request is for."""
    path, operation = _operation(method, urlsplit(url).path)
    content = operation.get("requestBody", {}).get("content", {})
    if (body is None) != (not content):
        raise Undocumented(f"{method} {path}: a body where there is none, or none where there is one")
    if body is not None:
        media_type = headers["Content-Type"]
        if media_type not in content:
            raise Undocumented(f"{method} {path}: {media_type}")
        _check(content[media_type]["schema"], json.loads(body))
    known = {p["name"].lower() for p in map(_resolved, operation["parameters"]) if p["in"] == "header"}
    for name in headers:
        if name.lower() not in known | {"content-type", "authorization"}:
            raise Undocumented(f"{method} {path}: the header {name}")
    return str(operation["operationId"])


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    for template, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path):
            if method.lower() in methods:
                return template, methods[method.lower()]
    raise Undocumented(f"{method} {path}")


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    found: dict[str, Any] = DOCUMENT
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _check(schema: dict[str, Any], value: object) -> None:
    errors = Draft202012Validator({**schema, "components": DOCUMENT["components"]}).iter_errors(value)
    for error in errors:
        raise Undocumented(error.message)
    _check_names(schema, value)


def _check_names(schema: dict[str, Any], value: object) -> None:
    """The service would ignore a field that has another name, and so does a schema."""
    fields = _fields(schema)
    if not isinstance(value, dict) or not fields:
        return
    for name, inner in value.items():
        if name not in fields:
            raise Undocumented(f"the field {name}")
        _check_names(fields[name], inner)


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _resolved(schema)
    fields = dict(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ())):
        fields.update(_fields(part))
    return fields
