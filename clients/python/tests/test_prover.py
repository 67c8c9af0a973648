"""What a SPAKEProver promises: nothing before confirmV, refusals, one run per object."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Any

import pytest

import independent
import spake_prover
import spake_utils
from conftest import FAST
from spake_utils import (
    ConfirmationFailed,
    InvalidShare,
    ParametersRefused,
    PasswordRefused,
    Proof,
    SPAKEProver,
    WrongOrder,
    WrongPassword,
)
from test_client import BAD_SHARES

PASSWORD = "correct horse battery staple"
SALT = bytes(range(16))
Y = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF


@functools.cache
def scalars_of(password: str) -> tuple[int, int]:
    kdf = {"algorithm": "pbkdf2-hmac-sha256", "iterations": 100_000}
    return independent.scalars_w0_w1(password, b"alice", b"spake-service", kdf, SALT)


def new_server(password: str = PASSWORD, **settings: Any) -> independent.PartyV:
    w0, w1 = scalars_of(password)
    return independent.PartyV(w0, independent.multiply(w1, independent.G), **{"y": Y, **settings})


def started(password: str = PASSWORD) -> tuple[SPAKEProver, bytes]:
    prover = SPAKEProver("alice")
    return prover, prover.generate_public_key(password, FAST, SALT)


def run(server: independent.PartyV, password: str = PASSWORD) -> tuple[Proof, dict[str, bytes]]:
    prover, share = started(password)
    answer = server.respond(share)
    return prover.finish(server.share, answer["confirmV"]), answer


# ---- agreement ----


def test_both_sides_of_one_password_agree_and_confirm() -> None:
    proof, answer = run(new_server())
    assert (proof.confirmation, proof.shared_secret) == (answer["confirmP"], answer["K_shared"])


def test_two_runs_of_one_password_share_nothing() -> None:
    assert started()[1] != started()[1]


def test_a_password_is_prepared() -> None:
    proof, answer = run(new_server(), "correct\u00a0horse\u3000battery staple")
    assert proof.shared_secret == answer["K_shared"]


# ---- disagreement ----


@pytest.mark.parametrize(
    "server",
    [
        new_server("correct house battery staple"),
        new_server(prover=b"mallory"),
        new_server(verifier=b"other-service"),
        new_server(context=b"spake-service/2"),
    ],
    ids=["password", "credential_id", "server_id", "context"],
)
def test_a_side_with_another_setting_is_a_wrong_password_and_ends_the_run(
    server: independent.PartyV,
) -> None:
    prover, share = started()
    answer = server.respond(share)
    with pytest.raises(WrongPassword):
        prover.finish(server.share, answer["confirmV"])
    with pytest.raises(WrongOrder, match="ended"):
        prover.finish(server.share, answer["confirmV"])


def test_a_service_that_knows_only_w0_is_refused() -> None:
    w0, w1 = scalars_of(PASSWORD)
    server = independent.PartyV(w0, independent.multiply(w1 + 1, independent.G), y=Y)
    with pytest.raises(WrongPassword):
        run(server)


@pytest.mark.parametrize("bit", [0, 7, 128, 255])
def test_each_bit_of_the_confirmation_counts(bit: int) -> None:
    prover, share = started()
    server = new_server()
    flipped = int.from_bytes(server.respond(share)["confirmV"], "big") ^ (1 << bit)
    with pytest.raises(WrongPassword):
        prover.finish(server.share, flipped.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_confirmation_of_another_length_is_refused(length: int) -> None:
    prover, share = started()
    server = new_server()
    with pytest.raises(WrongPassword):
        prover.finish(server.share, (server.respond(share)["confirmV"] + b"\0")[:length])


def test_the_provers_own_confirmation_is_none_of_the_service() -> None:
    prover, share = started()
    server = new_server()
    with pytest.raises(WrongPassword):
        prover.finish(server.share, server.respond(share)["confirmP"])


def test_a_wrong_password_is_a_failed_confirmation() -> None:
    assert issubclass(WrongPassword, ConfirmationFailed)


# ---- shares ----


@pytest.mark.parametrize("bad", BAD_SHARES.values(), ids=BAD_SHARES.keys())
def test_a_share_that_is_no_point_is_refused_and_changes_nothing(bad: bytes) -> None:
    prover, share = started()
    server = new_server()
    answer = server.respond(share)
    with pytest.raises(InvalidShare):
        prover.finish(bad, answer["confirmV"])
    assert prover.finish(server.share, answer["confirmV"]).shared_secret == answer["K_shared"]


def test_a_share_that_cancels_the_mask_is_refused_and_ends_the_run() -> None:
    mask = independent.encode(independent.multiply(scalars_of(PASSWORD)[0], independent.N))
    prover, _ = started()
    with pytest.raises(InvalidShare, match="run is over"):
        prover.finish(mask, bytes(32))
    with pytest.raises(WrongOrder):
        prover.finish(new_server().share, bytes(32))


def test_hex_instead_of_bytes_is_a_type_error_that_names_fromhex() -> None:
    prover, share = started()
    server = new_server()
    confirmation = server.respond(share)["confirmV"]
    with pytest.raises(TypeError, match="fromhex"):
        prover.finish(server.share.hex(), confirmation)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fromhex"):
        prover.finish(server.share, confirmation.hex())  # type: ignore[arg-type]
    prover.finish(server.share, confirmation)


# ---- settings ----


def test_settings_that_are_too_long_are_refused() -> None:
    SPAKEProver("a" * 1024, server_id="b" * 1024, context="c" * 255)
    for settings in ({"credential_id": "a" * 1025}, {"server_id": "b" * 1025}, {"context": "c" * 256}):
        with pytest.raises(ParametersRefused, match="at most"):
            SPAKEProver(**{"credential_id": "alice", **settings})


@pytest.mark.parametrize("length", [0, 15, 65])
def test_nothing_is_stretched_with_a_salt_outside_the_range(length: int) -> None:
    prover = SPAKEProver("alice")
    with pytest.raises(ParametersRefused, match="salt"):
        prover.generate_public_key(PASSWORD, FAST, bytes(length))
    with pytest.raises(ParametersRefused, match="salt"):
        prover.verifier(PASSWORD, FAST, bytes(length))


def test_a_kdf_object_of_json_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="Pbkdf2"):
        SPAKEProver("alice").verifier(PASSWORD, FAST.to_json(SALT), SALT)  # type: ignore[arg-type]


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(PasswordRefused):
        SPAKEProver("alice").verifier("", FAST, SALT)


def test_a_password_that_is_stretched_to_0_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    order = spake_utils._ORDER.to_bytes(40, "big")
    one = (1).to_bytes(40, "big")
    for wide in (order + one, one + order):
        monkeypatch.setattr(spake_prover, "_stretch", lambda *_, wide=wide: wide)
        with pytest.raises(ParametersRefused, match="another salt"):
            SPAKEProver("alice").verifier(PASSWORD, FAST, SALT)


# ---- one run per object ----


def test_steps_out_of_order_are_refused() -> None:
    prover = SPAKEProver("alice")
    with pytest.raises(WrongOrder, match="generate_public_key first"):
        prover.finish(new_server().share, bytes(32))
    prover.generate_public_key(PASSWORD, FAST, SALT)
    with pytest.raises(WrongOrder, match="new one"):
        prover.generate_public_key(PASSWORD, FAST, SALT)


def test_a_finished_run_cannot_be_finished_again() -> None:
    prover, share = started()
    server = new_server()
    confirmation = server.respond(share)["confirmV"]
    prover.finish(server.share, confirmation)
    with pytest.raises(WrongOrder, match="ended"):
        prover.finish(server.share, confirmation)
    with pytest.raises(WrongOrder, match="new one"):
        prover.generate_public_key(PASSWORD, FAST, SALT)


def test_a_prover_cannot_be_copied_or_pickled() -> None:
    prover, _ = started()
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="one run"):
            duplicate(prover)


def test_no_secret_shows_in_a_repr() -> None:
    prover, share = started()
    state = prover._state
    assert isinstance(state, spake_prover._Started)
    server = new_server()
    seen = [repr(prover), repr(state), repr(state.secret), repr(state.secret.verifier())]
    proof = prover.finish(server.share, server.respond(share)["confirmV"])
    seen += [repr(prover), repr(proof)]
    secrets = [state.x, *scalars_of(PASSWORD)]
    shown = [f"{value:x}" for value in secrets] + [str(value) for value in secrets]
    shown += [proof.shared_secret.hex(), repr(proof.shared_secret), PASSWORD]
    assert [part for part in shown if any(part in text for text in seen)] == []
    assert "alice" in seen[0] and "started" in seen[0] and "ended" in seen[4]
