"""What a SPAKEClient promises: agreement, refusals, pins, one run per object."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import independent
import spake_utils
from conftest import FAST
from spake_utils import (
    ConfirmationFailed,
    InvalidShare,
    ParametersRefused,
    PasswordRefused,
    Pbkdf2,
    PinMismatch,
    Scrypt,
    SPAKEClient,
    SpakeError,
    WrongOrder,
    verify_shared_secret,
)

PASSWORD = "one-time code 4711"
FAST_JSON = {"algorithm": "pbkdf2-hmac-sha256", "iterations": 100_000}
Y = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF


def new_client(**settings: Any) -> SPAKEClient:
    return SPAKEClient(**{"kdf": FAST, **settings})


def new_server(password: str = PASSWORD, **settings: Any) -> independent.PartyB:
    return independent.PartyB(password, **{"kdf": FAST_JSON, "y": Y, **settings})


def run(
    client: SPAKEClient, server: independent.PartyB, password: str = PASSWORD
) -> tuple[bytes, dict[str, bytes]]:
    share_a = client.generate_public_key(password)
    return client.compute_shared_secret(server.share), server.finish(share_a)


def response(**changes: object) -> dict[str, object]:
    """An `initiate` response of a service on its defaults, but with fast stretching."""
    return {
        "session_id": "s",
        "public_key": "04" + "00" * 64,
        "status": "initiated",
        "protocol": "spake2",
        "server_id": "spake-service",
        "client_id": "",
        "context": "spake-service/1",
        "kdf": {**FAST_JSON, "salt": independent.salt_of(b"", b"spake-service").hex()},
        "expires_at": "2030-01-01T00:00:00Z",
        "expires_in": 300,
        **changes,
    }


# ---- agreement ----


def test_both_sides_of_one_password_agree_and_confirm() -> None:
    client = new_client()
    secret, server = run(client, new_server())
    assert secret == server["shared_secret"]
    assert len(secret) == 32
    assert client.confirmation() == server["cA"]
    client.verify_confirmation(server["cB"])


def test_two_runs_of_one_password_share_nothing() -> None:
    first, second = new_client(), new_client()
    assert first.generate_public_key(PASSWORD) != second.generate_public_key(PASSWORD)


@pytest.mark.parametrize("client_id", ["alice", b"alice", "zoë", b"\xff\x00"])
def test_a_client_id_is_bound_into_the_run(client_id: str | bytes) -> None:
    as_bytes = client_id.encode() if isinstance(client_id, str) else client_id
    client = new_client(client_id=client_id)
    secret, server = run(client, new_server(client_id=as_bytes))
    assert secret == server["shared_secret"]
    client.verify_confirmation(server["cB"])


@pytest.mark.parametrize(
    "password", ["correct\u00a0horse", "correct\u3000horse", "correct horse"]
)
def test_every_kind_of_space_is_the_same_password(password: str) -> None:
    secret, server = run(new_client(), new_server("correct horse"), password)
    assert secret == server["shared_secret"]


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    secret, server = run(new_client(), new_server("caf\u00e9"), "cafe\u0301")
    assert secret == server["shared_secret"]


def test_a_share_that_makes_the_client_double_a_point_is_computed_correctly(
    scalars: Callable[[int], None],
) -> None:
    # pB = -wN, so that pB - wN adds a point to itself.
    x = 5
    w = independent.scalar_w(PASSWORD, b"", b"spake-service", FAST_JSON)
    unmasked = independent.negate(independent.multiply(w, independent.N))
    share_b = independent.encode(unmasked)
    scalars(x)
    client = new_client()
    share_a = client.generate_public_key(PASSWORD)
    k = independent.multiply(2 * x, unmasked)
    tt = independent.transcript(b"", b"spake-service", share_a, share_b, k, w)
    expected = independent.outputs(tt, b"spake-service/1")["shared_secret"]
    assert client.compute_shared_secret(share_b) == expected


def test_verify_shared_secret_tells_equal_from_different() -> None:
    assert verify_shared_secret(b"a" * 32, b"a" * 32) is True
    assert verify_shared_secret(b"a" * 32, b"b" * 32) is False
    assert verify_shared_secret(b"a" * 32, b"a" * 31) is False


# ---- disagreement ----


def test_a_wrong_password_gives_another_secret_and_no_confirmation() -> None:
    client = new_client()
    secret, server = run(client, new_server("one-time code 4712"))
    assert not verify_shared_secret(secret, server["shared_secret"])
    assert client.confirmation() != server["cA"]
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(server["cB"])


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": b"mallory"},
        {"server_id": b"other-service"},
        {"context": b"spake-service/2"},
        {"kdf": {**FAST_JSON, "iterations": 100_001}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_side_with_another_setting_does_not_agree(changed: dict[str, Any]) -> None:
    client = new_client()
    secret, server = run(client, new_server(**changed))
    assert secret != server["shared_secret"]
    assert client.confirmation() != server["cA"]
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(server["cB"])


def test_a_share_replaced_on_the_way_does_not_agree() -> None:
    client, server = new_client(), new_server()
    share_a = client.generate_public_key(PASSWORD)
    client.compute_shared_secret(new_server(y=Y + 1).share)
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(server.finish(share_a)["cB"])


def test_a_server_that_returns_the_clients_own_confirmation_is_refused() -> None:
    client = new_client()
    run(client, new_server())
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(client.confirmation())


@pytest.mark.parametrize("bit", [0, 7, 128, 255])
def test_each_bit_of_the_confirmation_counts(bit: int) -> None:
    client = new_client()
    _, server = run(client, new_server())
    flipped = int.from_bytes(server["cB"], "big") ^ (1 << bit)
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(flipped.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_confirmation_of_another_length_is_refused(length: int) -> None:
    client = new_client()
    _, server = run(client, new_server())
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation((server["cB"] + b"\0")[:length])


# ---- shares ----


def point(x: int, y: int) -> bytes:
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


GX, GY = independent.G or (0, 0)
# x = 5 is on the curve, and 5 + q still fits 32 bytes.
SMALL_Y = pow(5**3 - 15 + independent.B, (independent.Q + 1) // 4, independent.Q)

BAD_SHARES = {
    "empty": b"",
    "the identity as one byte": b"\0",
    "64 bytes": point(GX, GY)[1:],
    "66 bytes": point(GX, GY) + b"\0",
    "a truncated point": point(GX, GY)[:-1],
    "compressed": bytes([2 + GY % 2]) + GX.to_bytes(32, "big"),
    "hybrid prefix": bytes([6 + GY % 2]) + point(GX, GY)[1:],
    "prefix 00": b"\0" + point(GX, GY)[1:],
    "prefix 05": b"\x05" + point(GX, GY)[1:],
    "zeros": point(0, 0),
    "x = q": point(independent.Q, GY),
    "x not reduced": point(5 + independent.Q, SMALL_Y),
    "y = q": point(GX, independent.Q),
    "all ones": b"\x04" + b"\xff" * 64,
    "off the curve": point(GX, GY ^ 1),
    "coordinates exchanged": point(GY, GX),
    "a point of another curve": point(1, 1),
}


@pytest.mark.parametrize("share", BAD_SHARES.values(), ids=BAD_SHARES.keys())
def test_a_share_that_is_no_point_is_refused_and_changes_nothing(share: bytes) -> None:
    client, server = new_client(), new_server()
    share_a = client.generate_public_key(PASSWORD)
    with pytest.raises(InvalidShare):
        client.compute_shared_secret(share)
    assert client.compute_shared_secret(server.share) == server.finish(share_a)["shared_secret"]


def test_the_reduced_form_of_the_unreduced_share_is_a_point() -> None:
    assert spake_utils._decode_share(point(5, SMALL_Y)) is not None


def test_a_share_that_cancels_the_mask_is_refused_and_ends_the_run() -> None:
    w = independent.scalar_w(PASSWORD, b"", b"spake-service", FAST_JSON)
    mask = independent.encode(independent.multiply(w, independent.N))
    client = new_client()
    client.generate_public_key(PASSWORD)
    with pytest.raises(InvalidShare, match="run is over"):
        client.compute_shared_secret(mask)
    with pytest.raises(WrongOrder):
        client.compute_shared_secret(new_server().share)
    with pytest.raises(WrongOrder):
        client.confirmation()


def test_hex_instead_of_bytes_is_a_type_error_that_names_fromhex() -> None:
    client = new_client()
    _, server = run(client, new_server())
    with pytest.raises(TypeError, match="fromhex"):
        client.verify_confirmation(server["cB"].hex())  # type: ignore[arg-type]
    client.verify_confirmation(server["cB"])
    other = new_client()
    other.generate_public_key(PASSWORD)
    with pytest.raises(TypeError, match="fromhex"):
        other.compute_shared_secret(new_server().share.hex())  # type: ignore[arg-type]


# ---- passwords ----


def test_a_password_of_1024_bytes_is_accepted_and_one_more_is_not() -> None:
    assert len(spake_utils._prepare_password("é" * 512)) == 1024
    with pytest.raises(PasswordRefused, match="1024"):
        spake_utils._prepare_password("é" * 512 + "a")


def test_the_limit_counts_the_prepared_bytes() -> None:
    # 1,536 bytes as typed, 1,024 once composed; 3,072 with wide spaces, 1,024 with plain ones.
    assert len(spake_utils._prepare_password("e\u0301" * 512)) == 1024
    assert len(spake_utils._prepare_password("\u3000" * 1024)) == 1024
    # 1,023 bytes as typed; NFC makes 1,364 of them.
    assert len("\ufb1d".encode()) * 341 == 1023
    with pytest.raises(PasswordRefused, match="1024"):
        spake_utils._prepare_password("\ufb1d" * 341)


@pytest.mark.parametrize("password", ["", "\ud800", "ok\udfff"], ids=["empty", "high", "low"])
def test_a_password_that_is_empty_or_no_text_is_refused(password: str) -> None:
    client = new_client()
    with pytest.raises(PasswordRefused) as refusal:
        client.generate_public_key(password)
    # No UnicodeEncodeError in the chain: it would carry the password.
    assert refusal.value.__cause__ is None and refusal.value.__context__ is None
    client.generate_public_key(PASSWORD)


def test_nothing_else_about_a_password_is_changed_or_refused() -> None:
    for text in ("a  b", " a ", "A", "a\tb", "a\nb", "\0", "\u200b", "\ufb01", "２", "\U0001f511"):
        assert spake_utils._prepare_password(text) == text.encode()


def test_every_space_of_unicode_becomes_a_plain_one() -> None:
    assert spake_utils._prepare_password(independent.ZS) == b" " * len(independent.ZS)


def test_a_password_in_bytes_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        new_client().generate_public_key(b"secret")  # type: ignore[arg-type]


# ---- one run per object ----


def test_a_second_run_needs_a_new_client() -> None:
    client = new_client()
    client.generate_public_key(PASSWORD)
    with pytest.raises(WrongOrder, match="new one"):
        client.generate_public_key(PASSWORD)


def test_a_second_share_of_the_server_is_refused() -> None:
    client = new_client()
    secret, server = run(client, new_server())
    with pytest.raises(WrongOrder, match="already"):
        client.compute_shared_secret(new_server(y=Y + 1).share)
    client.verify_confirmation(server["cB"])
    with pytest.raises(WrongOrder):
        client.generate_public_key(PASSWORD)


def test_the_secret_before_the_public_key_is_out_of_order() -> None:
    with pytest.raises(WrongOrder, match="generate_public_key first"):
        new_client().compute_shared_secret(new_server().share)


@pytest.mark.parametrize("started", [False, True])
def test_confirmations_before_the_secret_are_out_of_order(started: bool) -> None:
    client = new_client()
    if started:
        client.generate_public_key(PASSWORD)
    with pytest.raises(WrongOrder, match="compute_shared_secret before"):
        client.confirmation()
    with pytest.raises(WrongOrder, match="compute_shared_secret before"):
        client.verify_confirmation(bytes(32))


def test_a_failed_confirmation_ends_the_run() -> None:
    client = new_client()
    _, server = run(client, new_server())
    with pytest.raises(ConfirmationFailed):
        client.verify_confirmation(bytes(32))
    with pytest.raises(WrongOrder, match="failed"):
        client.verify_confirmation(server["cB"])
    with pytest.raises(WrongOrder, match="failed"):
        client.confirmation()


def test_a_confirmation_can_be_read_and_verified_again() -> None:
    client = new_client()
    _, server = run(client, new_server())
    assert client.confirmation() == client.confirmation()
    client.verify_confirmation(server["cB"])
    client.verify_confirmation(server["cB"])


def test_a_client_cannot_be_copied_or_pickled() -> None:
    client = new_client()
    client.generate_public_key(PASSWORD)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="one run"):
            duplicate(client)


def test_no_secret_shows_in_a_repr() -> None:
    client = new_client(client_id="alice")
    seen = [repr(client)]
    share_a = client.generate_public_key(PASSWORD)
    state = client._state
    assert isinstance(state, spake_utils._Started)
    secrets = [f"{state.x:x}", str(state.x), f"{state.w:x}", str(state.w), PASSWORD]
    seen += [repr(client), repr(state)]
    server = new_server(client_id=b"alice")
    secret = client.compute_shared_secret(server.share)
    values = server.finish(share_a)
    seen += [repr(client), repr(client._state)]
    secrets += [secret.hex(), repr(secret), values["cB"].hex(), repr(values["cB"])]
    assert [part for part in secrets if any(part in text for text in seen)] == []
    assert "alice" in seen[0] and "fresh" in seen[0]
    assert "started" in seen[1] and "derived" in seen[3]


def test_the_secrets_of_a_run_are_dropped_once_they_were_used() -> None:
    client = new_client()
    run(client, new_server())
    assert not {"x", "w"} & set(vars(client._state))


# ---- pins ----


def test_the_response_of_a_service_with_the_same_settings_passes() -> None:
    new_client().check_response(response())


def test_upper_case_salt_passes() -> None:
    salt = independent.salt_of(b"", b"spake-service").hex().upper()
    new_client().check_response(response(kdf={**FAST_JSON, "salt": salt}))


def test_a_client_id_of_null_is_the_empty_one() -> None:
    new_client().check_response(response(client_id=None))
    with pytest.raises(PinMismatch, match="client_id"):
        new_client(client_id="alice").check_response(response(client_id=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": "spake2plus"},
        {"protocol": None},
        {"server_id": "other-service"},
        {"server_id": None},
        {"server_id": ["spake-service"]},
        {"client_id": "mallory"},
        {"client_id": False},
        {"context": "spake-service/2"},
        {"context": ""},
        {"context": "\ud800"},
        {"kdf": None},
        {"kdf": "pbkdf2"},
        {"kdf": {**FAST_JSON, "salt": "00" * 32}},
        {"kdf": {**FAST_JSON, "salt": None}},
        {"kdf": {"iterations": 100_001}},
        {"kdf": {"iterations": 1}},
        {"kdf": {"iterations": 100_000.0}},
        {"kdf": {"iterations": "100000"}},
        {"kdf": {"algorithm": "md5"}},
        {"kdf": {"algorithm": ["pbkdf2-hmac-sha256"]}},
        {"kdf": {"pepper": True}},
    ],
    ids=repr,
)
def test_each_changed_field_of_a_response_is_a_mismatch(changes: dict[str, Any]) -> None:
    if isinstance(changes.get("kdf"), dict):
        salt = independent.salt_of(b"", b"spake-service").hex()
        changes = {"kdf": {**FAST_JSON, "salt": salt, **changes["kdf"]}}
    client = new_client()
    before = repr(client)
    with pytest.raises(PinMismatch, match=next(iter(changes))):
        client.check_response(response(**changes))
    assert repr(client) == before


@pytest.mark.parametrize("field", ["protocol", "server_id", "context", "kdf"])
def test_a_missing_field_of_a_response_is_a_mismatch(field: str) -> None:
    data = response()
    del data[field]
    with pytest.raises(PinMismatch, match=field):
        new_client().check_response(data)


@pytest.mark.parametrize("data", [None, [], "text", {"error": "Session already exists"}])
def test_something_that_is_no_such_response_is_a_mismatch(data: Any) -> None:
    with pytest.raises(PinMismatch):
        new_client().check_response(data)


def test_what_a_response_says_is_never_adopted() -> None:
    client = new_client()
    with pytest.raises(PinMismatch):
        client.check_response(response(context="evil", server_id="evil"))
    secret, server = run(client, new_server())
    assert secret == server["shared_secret"]


# ---- settings ----


def test_the_defaults_are_those_of_the_service() -> None:
    salt = independent.salt_of(b"", b"spake-service").hex()
    kdf = {"algorithm": "pbkdf2-hmac-sha256", "salt": salt, "iterations": 600_000}
    SPAKEClient().check_response(response(kdf=kdf))


def test_settings_are_keyword_only() -> None:
    with pytest.raises(TypeError):
        SPAKEClient("alice")  # type: ignore[call-arg, misc, unused-ignore]


def test_a_context_of_255_bytes_is_accepted_and_one_more_is_not() -> None:
    new_client(context="c" * 255)
    with pytest.raises(ParametersRefused, match="255"):
        new_client(context="é" * 128)


@pytest.mark.parametrize("settings", [{"client_id": 7}, {"server_id": None}, {"kdf": 600_000}])
def test_a_setting_of_the_wrong_type_is_a_type_error(settings: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        SPAKEClient(**settings)


def test_other_stretching_works_in_a_whole_run() -> None:
    parameters = {"n": 2**15, "r": 8, "p": 1}
    client = new_client(kdf=Scrypt(**parameters))
    secret, server = run(client, new_server(kdf={"algorithm": "scrypt", **parameters}))
    assert secret == server["shared_secret"]


def test_one_except_clause_catches_every_error_of_this_module() -> None:
    for name in spake_utils.__all__:
        thing = getattr(spake_utils, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, SpakeError)
    assert Pbkdf2() == Pbkdf2(iterations=600_000)
