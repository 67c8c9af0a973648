"""The known answers that the service's own protocol crate is tested with, when this is the whole repository."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import independent
import spake_prover
import spake_utils
from spake_utils import Argon2id, Kdf, PasswordRefused, Pbkdf2, Scrypt, SPAKEClient, SPAKEProver

FILE = (
    Path(__file__).resolve().parents[3]
    / "crates/spake-protocol/tests/vectors/spake_service_1.json"
)
if not FILE.exists():
    pytest.skip("not in the repository: no shared vectors", allow_module_level=True)
KAT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def parameters(kdf: dict[str, Any]) -> Kdf:
    """The file names the parameters of Argon2id as its RFC does."""
    if kdf["algorithm"] == "argon2id":
        return Argon2id(memory_kib=kdf["m"], passes=kdf["t"], parallelism=kdf["p"])
    if kdf["algorithm"] == "scrypt":
        return Scrypt(n=kdf["n"], r=kdf["r"], p=kdf["p"])
    assert kdf["algorithm"] == Pbkdf2.algorithm
    return Pbkdf2(iterations=kdf["iterations"])


def test_the_file_has_cases_of_every_kind() -> None:
    assert KAT["passwords"] and KAT["refused_passwords"]
    for protocol in ("spake2", "spake2plus"):
        assert {case["kdf"]["algorithm"] for case in KAT[protocol]} == {
            kind.algorithm for kind in (Argon2id, Pbkdf2, Scrypt)
        }


@pytest.mark.parametrize("case", KAT["passwords"], ids=lambda case: ascii(case["password"])[:40])
def test_a_password_is_prepared_as_the_service_does(case: dict[str, str]) -> None:
    assert spake_utils._prepare_password(case["password"]).hex() == case["prepared"]


@pytest.mark.parametrize(
    "case", KAT["refused_passwords"], ids=lambda case: f"{case['error']} {len(case['password'])}"
)
def test_a_password_is_refused_as_the_service_does(case: dict[str, str]) -> None:
    reason = {"empty": "empty", "too_long": "longer"}[case["error"]]
    with pytest.raises(PasswordRefused, match=reason):
        spake_utils._prepare_password(case["password"])


@pytest.mark.parametrize("case", KAT["spake2"], ids=lambda case: case["name"])
def test_every_byte_of_a_run_is_the_services(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, scalars: Callable[[int], None]
) -> None:
    a, b, context = (bytes.fromhex(case[name]) for name in ("A", "B", "context"))
    kdf = parameters(case["kdf"])
    assert spake_utils._pairing_salt(a, b).hex() == case["salt"]
    framed = spake_utils._framed(spake_utils._prepare_password(case["password"]))
    salt = bytes.fromhex(case["salt"])
    stretched = spake_utils._stretch(framed, salt, kdf, b"spake-service/1 w", 40)
    assert stretched.hex() == case["stretched"]

    transcripts: list[bytes] = []
    true_schedule = spake_utils._key_schedule

    def record(transcript: bytes, context: bytes) -> spake_utils._Keys:
        transcripts.append(transcript)
        return true_schedule(transcript, context)

    monkeypatch.setattr(spake_utils, "_key_schedule", record)
    scalars(int(case["x"], 16))
    client = SPAKEClient(client_id=a, server_id=b, context=context, kdf=kdf)
    assert client.generate_public_key(case["password"]).hex() == case["pA"]
    state = client._state
    assert isinstance(state, spake_utils._Started)
    assert f"{state.w:064x}" == case["w"]

    secret = client.compute_shared_secret(bytes.fromhex(case["pB"]))
    assert [transcript.hex() for transcript in transcripts] == [case["TT"]]
    assert hashlib.sha256(transcripts[0]).hexdigest() == case["Ke"] + case["Ka"]
    kca, kcb = spake_utils._confirmation_keys(bytes.fromhex(case["Ka"]), context)
    assert (kca.hex(), kcb.hex()) == (case["KcA"], case["KcB"])
    assert secret.hex() == case["shared_secret"]
    assert client.confirmation().hex() == case["cA"]
    client.verify_confirmation(bytes.fromhex(case["cB"]))


def setting(case: dict[str, Any]) -> dict[str, bytes]:
    return {
        "credential_id": bytes.fromhex(case["idProver"]),
        "server_id": bytes.fromhex(case["idVerifier"]),
        "context": bytes.fromhex(case["context"]),
    }


logins = pytest.mark.parametrize("case", KAT["spake2plus"], ids=lambda case: case["name"])


@logins
def test_every_byte_of_a_registration_is_the_services(case: dict[str, Any]) -> None:
    ids = setting(case)
    kdf, salt = parameters(case["kdf"]), bytes.fromhex(case["salt"])
    prepared = spake_utils._prepare_password(case["password"])
    framed = spake_utils._framed(prepared, ids["credential_id"], ids["server_id"])
    stretched = spake_utils._stretch(framed, salt, kdf, b"spake-service/1 w0 w1", 80)
    assert stretched.hex() == case["w0s"] + case["w1s"]
    secret = spake_prover._password_scalars(prepared, ids["credential_id"], ids["server_id"], salt, kdf)
    assert (f"{secret.w0:064x}", f"{secret.w1:064x}") == (case["w0"], case["w1"])
    verifier = SPAKEProver(**ids).verifier(case["password"], kdf, salt)
    assert verifier.to_json() == {"w0": case["w0"], "L": case["L"]}


@logins
def test_every_byte_of_a_login_is_the_services(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, scalars: Callable[[int], None]
) -> None:
    transcripts: list[str] = []
    true_schedule = spake_prover._key_schedule

    def record(transcript: bytes, share_p: bytes, share_v: bytes) -> spake_prover._Keys:
        transcripts.append(transcript.hex())
        return true_schedule(transcript, share_p, share_v)

    monkeypatch.setattr(spake_prover, "_key_schedule", record)
    scalars(int(case["x"], 16))
    prover = SPAKEProver(**setting(case))
    share = prover.generate_public_key(
        case["password"], parameters(case["kdf"]), bytes.fromhex(case["salt"])
    )
    assert share.hex() == case["shareP"]
    proof = prover.finish(bytes.fromhex(case["shareV"]), bytes.fromhex(case["confirmV"]))
    assert transcripts == [case["TT"]]
    assert hashlib.sha256(bytes.fromhex(transcripts[0])).hexdigest() == case["K_main"]
    keys = spake_prover._confirmation_keys(bytes.fromhex(case["K_main"]))
    assert [key.hex() for key in keys] == [case["K_confirmP"], case["K_confirmV"]]
    assert proof.confirmation.hex() == case["confirmP"]
    assert proof.shared_secret.hex() == case["K_shared"] == case["shared_secret"]


@logins
def test_the_services_side_in_these_tests_is_the_services(
    case: dict[str, Any], scalars: Callable[[int], None]
) -> None:
    ids = setting(case)
    server = independent.PartyV(
        int(case["w0"], 16),
        independent.decode(bytes.fromhex(case["L"])),
        prover=ids["credential_id"],
        verifier=ids["server_id"],
        context=ids["context"],
        y=int(case["y"], 16),
    )
    assert server.share.hex() == case["shareV"]
    answer = server.respond(bytes.fromhex(case["shareP"]))
    assert {name: value.hex() for name, value in answer.items()} == {name: case[name] for name in answer}

    scalars(int(case["y"], 16))
    verifier = spake_prover.Verifier(bytes.fromhex(case["w0"]), bytes.fromhex(case["L"]))
    built_in = spake_prover._PartyV(verifier, SPAKEProver(**ids))
    assert built_in.share == server.share
    keys = built_in.respond(bytes.fromhex(case["shareP"]))
    assert (keys.confirm_v, keys.confirm_p) == (answer["confirmV"], answer["confirmP"])
