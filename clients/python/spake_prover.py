"""SPAKE2+ (RFC 9383) on P-256 as the prover, without HTTP: for whoever has requests of their own.

    prover = SPAKEProver("alice")
    share = prover.generate_public_key(password, kdf, salt)          # shareP, to the service
    proof = prover.finish(server_share, server_confirmation)         # shareV and confirmV, from it
    send(proof.confirmation)                                         # confirmP, to the service
    proof.shared_secret                                              # 32 bytes

confirmP and the shared secret exist only once confirmV has been verified.

Names of values are those of the RFC: w0 and w1 what the password is stretched to, L = w1·P, Z and V
the common points. Import from `spake_utils`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from spake_utils import (
    _G,
    _M,
    _N,
    _ORDER,
    InvalidShare,
    Kdf,
    ParametersRefused,
    Pbkdf2,
    WrongOrder,
    WrongPassword,
    _as_bytes,
    _as_kdf,
    _CheckFailed,
    _decode_share,
    _encode_point,
    _framed,
    _hkdf,
    _hmac,
    _prepare_password,
    _random_scalar,
    _require,
    _shown,
    _stretch,
    verify_shared_secret,
)

__all__ = ["Proof", "SPAKEProver", "Verifier"]

_ID_LIMIT = 1024
_CONTEXT_LIMIT = 255


@dataclass(frozen=True, repr=False)
class Verifier:
    """What the service stores: w0, 32 bytes, and L, 65 bytes. Whoever has it can test passwords offline."""

    w0: bytes
    L: bytes

    def to_json(self) -> dict[str, str]:
        """The service's `verifier` object."""
        return {"w0": self.w0.hex(), "L": self.L.hex()}


@dataclass(frozen=True, repr=False)
class Proof:
    """What a verified run gives: confirmP to send, and K_shared. Both 32 bytes."""

    confirmation: bytes
    shared_secret: bytes


@dataclass(frozen=True, repr=False)
class _Secret:
    """w0 and w1: as secret as the password."""

    w0: int
    w1: int

    def verifier(self) -> Verifier:
        return Verifier(self.w0.to_bytes(32, "big"), _encode_point(_G * self.w1))


def _password_scalars(password: bytes, prover: bytes, verifier: bytes, salt: bytes, kdf: Kdf) -> _Secret:
    """w0 and w1, from a prepared password."""
    wide = _stretch(_framed(password, prover, verifier), salt, kdf, b"spake-service/1 w0 w1", 80)
    w0, w1 = (int.from_bytes(half, "big") % _ORDER for half in (wide[:40], wide[40:]))
    if w0 == 0 or w1 == 0:  # once in 2**255
        raise ParametersRefused("with this salt the password is stretched to 0; take another salt")
    return _Secret(w0, w1)


def _transcript(
    context: bytes,
    prover: bytes,
    verifier: bytes,
    shares: tuple[bytes, bytes],
    common: tuple[bytes, bytes],
    w0: int,
) -> bytes:
    """TT; `shares` are shareP and shareV, `common` Z and V."""
    constants = (_encode_point(_M), _encode_point(_N))
    return _framed(context, prover, verifier, *constants, *shares, *common, w0.to_bytes(32, "big"))


def _confirmation_keys(main: bytes) -> tuple[bytes, bytes]:
    keys = _hkdf(main, b"ConfirmationKeys", 64)
    return keys[:32], keys[32:]


@dataclass(frozen=True, repr=False)
class _Keys:
    shared_secret: bytes
    confirm_p: bytes
    confirm_v: bytes


def _key_schedule(transcript: bytes, share_p: bytes, share_v: bytes) -> _Keys:
    """RFC 9383, section 3.4: each side's confirmation covers the other's share."""
    main = hashlib.sha256(transcript).digest()
    key_p, key_v = _confirmation_keys(main)
    return _Keys(
        shared_secret=_hkdf(main, b"SharedKey", 32),
        confirm_p=_hmac(key_p, share_v),
        confirm_v=_hmac(key_v, share_p),
    )


# What a run holds between its two steps. A step takes the state out, so none can be repeated.


@dataclass(frozen=True, repr=False)
class _Fresh:
    pass


@dataclass(frozen=True, repr=False)
class _Started:
    x: int
    secret: _Secret
    share_p: bytes


@dataclass(frozen=True, repr=False)
class _Ended:
    pass


class SPAKEProver:
    """One run of SPAKE2+ as the prover. A second run needs a new object."""

    def __init__(
        self,
        credential_id: str | bytes,
        *,
        server_id: str | bytes = "spake-service",
        context: str | bytes = "spake-service/1",
    ) -> None:
        self._prover = _as_bytes(credential_id, "credential_id")
        self._verifier = _as_bytes(server_id, "server_id")
        self._context = _as_bytes(context, "context")
        if max(len(self._prover), len(self._verifier)) > _ID_LIMIT:
            raise ParametersRefused(f"an identity has at most {_ID_LIMIT} bytes")
        if len(self._context) > _CONTEXT_LIMIT:
            raise ParametersRefused(f"a context has at most {_CONTEXT_LIMIT} bytes")
        self._state: _Fresh | _Started | _Ended = _Fresh()

    def verifier(self, password: str, kdf: Kdf, salt: bytes) -> Verifier:
        """What a registration sends. Takes as long as the stretching does; is no step of the run."""
        return self._stretched(password, kdf, salt).verifier()

    def generate_public_key(self, password: str, kdf: Kdf, salt: bytes) -> bytes:
        """This side's share shareP, 65 bytes. Takes as long as the stretching does."""
        if not isinstance(self._state, _Fresh):
            raise WrongOrder(
                "generate_public_key was already called: a SPAKEProver is one run,"
                " make a new one for the next"
            )
        secret = self._stretched(password, kdf, salt)
        x = _random_scalar()
        share_p = _encode_point(_G * x + _M * secret.w0)
        self._state = _Started(x, secret, share_p)
        return share_p

    def finish(self, server_public_key: bytes, server_confirmation: bytes) -> Proof:
        """Verifies confirmV and gives confirmP and the shared secret.

        A share that is no point of the curve changes nothing; anything else ends the run.
        """
        if not isinstance(self._state, _Started):
            raise WrongOrder(
                "call generate_public_key first"
                if isinstance(self._state, _Fresh)
                else "this run has ended; make a new SPAKEProver for the next"
            )
        share = _decode_share(server_public_key)
        if not isinstance(server_confirmation, (bytes, bytearray, memoryview)):
            raise TypeError("a confirmation is bytes; use bytes.fromhex for the hex of a response")
        run, self._state = self._state, _Ended()
        unmasked = share + -(_N * run.secret.w0)
        if unmasked.is_point_at_infinity():
            raise InvalidShare("the server's share equals the password's mask: the run is over")
        share_v = _encode_point(share)
        common = (_encode_point(unmasked * run.x), _encode_point(unmasked * run.secret.w1))
        transcript = _transcript(
            self._context, self._prover, self._verifier, (run.share_p, share_v), common, run.secret.w0
        )
        keys = _key_schedule(transcript, run.share_p, share_v)
        if not hmac.compare_digest(keys.confirm_v, bytes(server_confirmation)):
            raise WrongPassword(
                "the server's confirmation is wrong: another password, no such account, other settings"
                " or an impostor; do not retry automatically"
            )
        return Proof(keys.confirm_p, keys.shared_secret)

    def _stretched(self, password: str, kdf: Kdf, salt: bytes) -> _Secret:
        prepared = _prepare_password(password)
        return _password_scalars(prepared, self._prover, self._verifier, salt, _as_kdf(kdf))

    def __repr__(self) -> str:
        return (
            f"<SPAKEProver credential_id={_shown(self._prover)!r}"
            f" server_id={_shown(self._verifier)!r} context={_shown(self._context)!r}"
            f" {type(self._state).__name__[1:].lower()}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SPAKEProver is one run and cannot be copied or pickled")


# ---- the built-in protocol test; `python spake_utils.py` runs it ----


class _PartyV:
    """The other side, as the service plays it; for the tests below."""

    def __init__(self, verifier: Verifier, prover: SPAKEProver) -> None:
        self._w0 = int.from_bytes(verifier.w0, "big")
        self._l = _decode_share(verifier.L)
        self._y = _random_scalar()
        self._ids = (prover._context, prover._prover, prover._verifier)
        self.share = _encode_point(_G * self._y + _N * self._w0)

    def respond(self, share_p: bytes) -> _Keys:
        z = (_decode_share(share_p) + -(_M * self._w0)) * self._y
        common = (_encode_point(z), _encode_point(self._l * self._y))
        transcript = _transcript(*self._ids, (share_p, self.share), common, self._w0)
        return _key_schedule(transcript, share_p, self.share)


# RFC 9383, appendix C, the first vector.
_RFC_CONTEXT = b"SPAKE2+-P256-SHA256-HKDF-SHA256-HMAC-SHA256 Test Vectors"
_RFC_VECTOR = {
    "w0": "bb8e1bbcf3c48f62c08db243652ae55d3e5586053fca77102994f23ad95491b3",
    "w1": "7e945f34d78785b8a3ef44d0df5a1a97d6b3b460409a345ca7830387a74b1dba",
    "L": "04eb7c9db3d9a9eb1f8adab81b5794c1f13ae3e225efbe91ea487425854c7fc00f"
    "00bfedcbd09b2400142d40a14f2064ef31dfaa903b91d1faea7093d835966efd",
    "x": "d1232c8e8693d02368976c174e2088851b8365d0d79a9eee709c6a05a2fad539",
    "y": "717a72348a182085109c8d3917d6c43d59b224dc6a7fc4f0483232fa6516d8b3",
    "shareP": "04ef3bd051bf78a2234ec0df197f7828060fe9856503579bb1733009042c15c0c1"
    "de127727f418b5966afadfdd95a6e4591d171056b333dab97a79c7193e341727",
    "shareV": "04c0f65da0d11927bdf5d560c69e1d7d939a05b0e88291887d679fcadea75810fb"
    "5cc1ca7494db39e82ff2f50665255d76173e09986ab46742c798a9a68437b048",
    "confirmP": "926cc713504b9b4d76c9162ded04b5493e89109f6d89462cd33adc46fda27527",
    "confirmV": "9747bcc4f8fe9f63defee53ac9b07876d907d55047e6ff2def2e7529089d3e68",
    "K_shared": "0c5f8ccd1413423a54f6c1fb26ff01534a87f893779c6e68666d772bfd91f3e7",
}


def _check_rfc_vector() -> None:
    vector = {name: bytes.fromhex(value) for name, value in _RFC_VECTOR.items()}
    w0, w1, x, y = (int.from_bytes(vector[name], "big") for name in ("w0", "w1", "x", "y"))
    _require(_Secret(w0, w1).verifier() == Verifier(vector["w0"], vector["L"]), "L differs")
    share_p, share_v = _G * x + _M * w0, _G * y + _N * w0
    _require(_encode_point(share_p) == vector["shareP"], "shareP differs")
    _require(_encode_point(share_v) == vector["shareV"], "shareV differs")
    prover = SPAKEProver("client", server_id="server", context=_RFC_CONTEXT)
    prover._state = _Started(x, _Secret(w0, w1), vector["shareP"])
    proof = prover.finish(vector["shareV"], vector["confirmV"])
    _require(proof.confirmation == vector["confirmP"], "confirmP differs")
    _require(proof.shared_secret == vector["K_shared"], "K_shared differs")


def _run_both_sides(registered: str, tried: str) -> tuple[SPAKEProver, bytes, _Keys]:
    kdf, salt = Pbkdf2(iterations=100_000), bytes(range(16))
    prover = SPAKEProver("alice")
    server = _PartyV(SPAKEProver("alice").verifier(registered, kdf, salt), prover)
    return prover, server.share, server.respond(prover.generate_public_key(tried, kdf, salt))


def _check_login() -> None:
    prover, share_v, server = _run_both_sides("correct horse\u00a0battery", "correct horse battery")
    proof = prover.finish(share_v, server.confirm_v)
    _require(hmac.compare_digest(proof.confirmation, server.confirm_p), "confirmP was refused")
    _require(verify_shared_secret(proof.shared_secret, server.shared_secret), "K_shared differs")


def _check_wrong_password() -> None:
    prover, share_v, server = _run_both_sides("correct horse", "correct house")
    try:
        prover.finish(share_v, server.confirm_v)
    except WrongPassword:
        return
    raise _CheckFailed("confirmV was accepted")


CHECKS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("the first vector of RFC 9383 is reproduced", _check_rfc_vector),
    ("a registered password logs in, confirmed by both sides", _check_login),
    ("a wrong password does not log in", _check_wrong_password),
)
