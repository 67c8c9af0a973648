"""Every request that the client makes is one of docs/openapi.json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract import Undocumented, check_request
from test_account import PASSWORD, Request, Service, new_account, pauses

__all__ = ["pauses"]  # a fixture


@pytest.fixture
def requests_made(pauses: list[float]) -> list[Request]:
    """Of a registration and a login with everything that they can be told."""
    service = Service()
    account = new_account(service, api_key="spk_a_b", headers={"X-Request-Id": "r-1"})
    account.register(PASSWORD, create_only=True)
    account.register(PASSWORD)
    account.login(PASSWORD)
    return service.seen


def check(request: Request, **changes: Any) -> str:
    made = {"method": request.method, "url": request.url, "data": request.data, **changes}
    return check_request(made["method"], made["url"], made["data"], request.headers)


def test_every_request_is_in_the_services_document(requests_made: list[Request]) -> None:
    register, login = ["kdf", "register"], ["kdf", "login", "confirm"]
    assert [check(request) for request in requests_made] == register + register + login


def paths(value: object) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [(name, *rest) for name, inner in value.items() for rest in [(), *paths(inner)]]


def test_a_renamed_or_mistyped_field_another_method_or_path_is_noticed(requests_made: list[Request]) -> None:
    changed = 0
    for request in requests_made:
        for path in paths(request.fields):
            for rename in (True, False):
                body = request.fields
                inner = body
                for name in path[:-1]:
                    inner = inner[name]
                value = inner.pop(path[-1])
                if rename:
                    inner[path[-1] + "_"] = value
                else:
                    inner[path[-1]] = [value]
                with pytest.raises(Undocumented):
                    check(request, data=json.dumps(body).encode())
                changed += 1
        with pytest.raises(Undocumented):
            check(request, method="TRACE")
        with pytest.raises(Undocumented):
            check(request, url=request.url + "/more")
    assert changed > 20
