"""The bytes: RFC 9382, the frozen vectors, and the primitives below them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import independent
import spake_utils
from spake_utils import Kdf, SPAKEClient

VECTORS = Path(__file__).parent / "vectors"


def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return data


RFC = load("rfc9382_p256.json")
KAT = load("client_kat.json")


@pytest.mark.parametrize("vector", RFC["vectors"], ids=lambda v: f"A={v['A']!r},B={v['B']!r}")
def test_every_value_of_rfc_9382_is_reproduced(
    vector: dict[str, str], monkeypatch: pytest.MonkeyPatch, scalars: Callable[[int], None]
) -> None:
    transcripts: list[bytes] = []
    confirmation_keys: list[tuple[bytes, bytes]] = []
    true_schedule, true_keys = spake_utils._key_schedule, spake_utils._confirmation_keys

    def record_schedule(transcript: bytes, context: bytes) -> spake_utils._Keys:
        transcripts.append(transcript)
        return true_schedule(transcript, context)

    def record_keys(ka: bytes, context: bytes) -> tuple[bytes, bytes]:
        assert ka.hex() == vector["Ka"]
        confirmation_keys.append(true_keys(ka, context))
        return confirmation_keys[-1]

    # The vectors begin at w and have no associated data.
    monkeypatch.setattr(spake_utils, "_password_scalar", lambda *_: int(vector["w"], 16))
    monkeypatch.setattr(spake_utils, "_key_schedule", record_schedule)
    monkeypatch.setattr(spake_utils, "_confirmation_keys", record_keys)
    scalars(int(vector["x"], 16))

    client = SPAKEClient(client_id=vector["A"], server_id=vector["B"], context="")
    assert client.generate_public_key("any").hex() == vector["pA"]
    client.compute_shared_secret(bytes.fromhex(vector["pB"]))

    assert [tt.hex() for tt in transcripts] == [vector["TT"]]
    assert vector["K"] in vector["TT"]
    digest = hashlib.sha256(transcripts[0]).hexdigest()
    assert digest == vector["Hash_TT"] == vector["Ke"] + vector["Ka"]
    assert [(a.hex(), b.hex()) for a, b in confirmation_keys] == [(vector["KcA"], vector["KcB"])]
    assert client.confirmation().hex() == vector["A_conf"]
    client.verify_confirmation(bytes.fromhex(vector["B_conf"]))


@pytest.mark.parametrize("vector", KAT["vectors"], ids=lambda v: v["name"])
def test_the_frozen_vectors_are_reproduced(
    vector: dict[str, Any], scalars: Callable[[int], None]
) -> None:
    kdf, salt = Kdf.from_json(vector["kdf"])
    prepared = spake_utils._prepare_password(vector["password"])
    w = spake_utils._password_scalar(prepared, salt, kdf)
    assert f"{w:064x}" == vector["w"]

    scalars(int(vector["x"], 16))
    client = SPAKEClient(
        client_id=vector["client_id"],
        server_id=vector["server_id"],
        context=vector["context"],
        kdf=kdf,
    )
    assert client.generate_public_key(vector["password"]).hex() == vector["pA"]
    secret = client.compute_shared_secret(bytes.fromhex(vector["pB"]))
    assert secret.hex() == vector["shared_secret"]
    assert client.confirmation().hex() == vector["cA"]
    client.verify_confirmation(bytes.fromhex(vector["cB"]))
    client.check_response(
        {
            "protocol": "spake2",
            **{key: vector[key] for key in ("server_id", "client_id", "context", "kdf")},
        }
    )


def test_the_first_frozen_vector_is_the_default_client(scalars: Callable[[int], None]) -> None:
    vector = KAT["vectors"][0]
    scalars(int(vector["x"], 16))
    assert SPAKEClient().generate_public_key(vector["password"]).hex() == vector["pA"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (spake_utils._G, independent.G),
        (spake_utils._M, independent.M),
        (spake_utils._N, independent.N),
    ],
    ids=["G", "M", "N"],
)
def test_the_constant_points_are_those_of_the_rfc(ours: Any, theirs: independent.Point) -> None:
    assert independent.on_curve(theirs)
    assert spake_utils._encode_point(ours) == independent.encode(theirs)


def test_m_and_n_have_the_encodings_printed_in_the_rfc() -> None:
    for name, point in (("M", independent.M), ("N", independent.N)):
        assert point is not None
        assert RFC[name] == f"{2 + point[1] % 2:02x}{point[0]:064x}"


def test_hkdf_reproduces_rfc_5869() -> None:
    # Test case 3: no salt, no info.
    okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert spake_utils._hkdf(b"\x0b" * 22, b"", 42).hex() == okm


@pytest.mark.parametrize("scalar", [1, 2, 3, independent.P - 1, independent.P - 2, 2**255, 0xFFFF])
def test_point_multiplication_agrees_with_the_plain_formulas(scalar: int) -> None:
    assert spake_utils._encode_point(spake_utils._N * scalar) == independent.encode(
        independent.multiply(scalar, independent.N)
    )


def test_adding_a_point_to_itself_doubles_it() -> None:
    doubled = spake_utils._M + spake_utils._M
    assert spake_utils._encode_point(doubled) == independent.encode(
        independent.multiply(2, independent.M)
    )


def test_scalars_are_drawn_again_until_they_are_in_range(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0, independent.P, 2**256 - 1, independent.P - 1, 1])
    monkeypatch.setattr("secrets.token_bytes", lambda length: next(drawn).to_bytes(length, "big"))
    assert spake_utils._random_scalar() == independent.P - 1
    assert spake_utils._random_scalar() == 1
