"""Client side of spake-service on P-256: SPAKE2 (RFC 9382) as party A, SPAKE2+ (RFC 9383) as prover.

Pairing with a one-time code, SPAKE2:

    client = SPAKEClient()
    share = client.generate_public_key(password)            # pA, to the service
    secret = client.compute_shared_secret(server_share)     # 32 bytes
    send(client.confirmation())                             # cA, to the service
    client.verify_confirmation(server_confirmation)         # cB, from the service

Until `verify_confirmation` has returned, the peer has not shown that it knows the password.

Accounts, SPAKE2+ (`spake_account`, and without HTTP `spake_prover`):

    account = SPAKEAccount("https://spake.example", "alice")
    account.register(password)
    login = account.login(password)                         # confirmed by both sides

Names of values are those of the RFC: pA and pB the shares, K the common point, TT the
transcript, cA and cB the confirmations; `p` is the order of the group and `q` that of the field.

Python cannot erase memory and its integers are not constant-time; point multiplications
are blinded by PyCryptodome. `python spake_utils.py` runs the built-in protocol test.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sys
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, ClassVar, NoReturn, cast

# Documented there, but not exported explicitly in the type hints of every release.
from Crypto.PublicKey.ECC import EccPoint  # type: ignore[attr-defined, unused-ignore]

if TYPE_CHECKING:
    from spake_account import HttpResponse as HttpResponse
    from spake_account import HttpSession as HttpSession
    from spake_account import Login as Login
    from spake_account import Registration as Registration
    from spake_account import ServiceError as ServiceError
    from spake_account import ServiceUnreachable as ServiceUnreachable
    from spake_account import SPAKEAccount as SPAKEAccount
    from spake_account import TooManyGuesses as TooManyGuesses
    from spake_prover import Proof as Proof
    from spake_prover import SPAKEProver as SPAKEProver
    from spake_prover import Verifier as Verifier

__all__ = [
    "Argon2id",
    "ConfirmationFailed",
    "HttpResponse",
    "HttpSession",
    "InvalidShare",
    "Kdf",
    "Login",
    "MissingDependency",
    "ParametersRefused",
    "PasswordRefused",
    "Pbkdf2",
    "PinMismatch",
    "Proof",
    "Registration",
    "SPAKEAccount",
    "SPAKEClient",
    "SPAKEProver",
    "Scrypt",
    "ServiceError",
    "ServiceUnreachable",
    "SpakeError",
    "TooManyGuesses",
    "Verifier",
    "WrongOrder",
    "WrongPassword",
    "verify_shared_secret",
]


def __getattr__(name: str) -> object:
    """What stands in the modules above this one, which import it, is looked up when it is asked for."""
    if name in __all__:
        import spake_account
        import spake_prover

        for module in (spake_account, spake_prover):
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# ---- errors ----


class SpakeError(Exception):
    """Everything that this module raises on purpose, except TypeError."""


class WrongOrder(SpakeError):
    """A step was called twice, too early, or after the run had failed."""


class PasswordRefused(SpakeError, ValueError):
    """The password is empty, too long, or not encodable as UTF-8."""


class ParametersRefused(SpakeError, ValueError):
    """Stretching parameters, a salt or a context outside the accepted range."""


class InvalidShare(SpakeError, ValueError):
    """The server's public key is no usable point."""


class PinMismatch(SpakeError):
    """The service announced other settings than this client has."""


class ConfirmationFailed(SpakeError):
    """The peer did not prove that it knows the password. Do not use the shared secret."""


class WrongPassword(ConfirmationFailed):
    """One side refused the other's confirmation. A login with an unknown id fails just so."""


class MissingDependency(SpakeError, ImportError):
    """An optional package is needed for this setting."""


# ---- P-256 ----

_FIELD = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF  # q
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # p
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_SHARE_LENGTH = 65


def _decompress(data: bytes) -> EccPoint:
    x = int.from_bytes(data[1:], "big")
    y = pow(x**3 - 3 * x + _B, (_FIELD + 1) // 4, _FIELD)
    if y & 1 != data[0] & 1:
        y = _FIELD - y
    return EccPoint(x, y, curve="p256")


_G = _decompress(
    bytes.fromhex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
)
# RFC 9382, section 4.
_M = _decompress(
    bytes.fromhex("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f")
)
_N = _decompress(
    bytes.fromhex("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49")
)


def _encode_point(point: EccPoint) -> bytes:
    x, y = point.xy
    return b"\x04" + int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")


def _decode_share(data: bytes) -> EccPoint:
    """A point of the curve other than the identity; looks at public bytes only."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("a share is bytes; use bytes.fromhex for the hex of a response")
    data = bytes(data)
    if len(data) != _SHARE_LENGTH or data[0] != 4:
        raise InvalidShare("a share is 65 bytes and begins with 04 (SEC1, uncompressed)")
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    # Checked here, because PyCryptodome reduces large coordinates and takes (0, 0) for the identity.
    if x >= _FIELD or y >= _FIELD:
        raise InvalidShare("a coordinate of the share is not below the field's prime")
    if (y * y - x**3 + 3 * x - _B) % _FIELD != 0:
        raise InvalidShare("the share is not on the curve")
    return EccPoint(x, y, curve="p256")


def _random_scalar() -> int:
    """Uniform in [1, p-1], by rejection."""
    while True:
        scalar = int.from_bytes(secrets.token_bytes(32), "big")
        if 0 < scalar < _ORDER:
            return scalar


# ---- hashing and stretching ----


def _framed(*parts: bytes) -> bytes:
    """len(x) ‖ x for each part; a length is eight bytes little-endian."""
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    output = block = b""
    counter = 1
    while len(output) < length:
        block = _hmac(prk, block + info + bytes([counter]))
        output += block
        counter += 1
    return output[:length]


def _hkdf(ikm: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869) without a salt."""
    return _hkdf_expand(_hmac(bytes(32), ikm), info, length)


_PASSWORD_LIMIT = 1024


def _prepare_password(password: str) -> bytes:
    if not isinstance(password, str):
        raise TypeError("a password is str")
    # An UnicodeEncodeError would carry the password into tracebacks.
    if any("\ud800" <= char <= "\udfff" for char in password):
        raise PasswordRefused("the password holds a lone surrogate and is not Unicode text")
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    prepared = unicodedata.normalize("NFC", spaced).encode()
    if not prepared:
        raise PasswordRefused("the password is empty")
    if len(prepared) > _PASSWORD_LIMIT:
        raise PasswordRefused(f"the password is longer than {_PASSWORD_LIMIT} bytes of UTF-8")
    return prepared


def _require_range(name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise ParametersRefused(f"{name} must be an integer from {low:,} to {high:,}, not {value!r}")


def _require_salt(salt: bytes) -> None:
    if not 16 <= len(salt) <= 64:
        raise ParametersRefused(f"a salt has 16 to 64 bytes, not {len(salt)}")


@dataclass(frozen=True)
class Kdf(ABC):
    """How a password is stretched. Parameters outside the accepted ranges cannot be constructed."""

    algorithm: ClassVar[str]

    @abstractmethod
    def _core(self, secret: bytes, salt: bytes) -> bytes:
        """32 bytes."""

    def to_json(self, salt: bytes) -> dict[str, str | int]:
        """The service's `kdf` object."""
        return {"algorithm": self.algorithm, "salt": salt.hex(), **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> tuple[Kdf, bytes]:
        """Parameters and salt of the service's `kdf` object; called on a subclass, only that algorithm."""
        if not isinstance(data, Mapping):
            raise ParametersRefused(f"kdf must be an object, not {data!r:.80}")
        algorithm = data.get("algorithm")
        found = next((kind for kind in _KDFS if kind.algorithm == algorithm), None)
        if found is None or not issubclass(found, cls):
            raise ParametersRefused(f"kdf algorithm {algorithm!r:.80} is not accepted here")
        salt = data.get("salt")
        if not isinstance(salt, str) or not re.fullmatch("(?:[0-9a-fA-F]{2})+", salt):
            raise ParametersRefused("the salt of a kdf object must be hex")
        _require_salt(bytes.fromhex(salt))
        parameters = {name: value for name, value in data.items() if name not in ("algorithm", "salt")}
        wanted = [field.name for field in fields(found)]
        # A parameter that is not known here would not be computed with.
        if sorted(parameters) != sorted(wanted):
            raise ParametersRefused(f"a {found.algorithm} kdf object has the parameters {', '.join(wanted)}")
        return found(**cast("dict[str, int]", parameters)), bytes.fromhex(salt)


@dataclass(frozen=True)
class Pbkdf2(Kdf):
    """PBKDF2-HMAC-SHA256."""

    algorithm: ClassVar[str] = "pbkdf2-hmac-sha256"
    iterations: int = 600_000

    def __post_init__(self) -> None:
        _require_range("iterations", self.iterations, 100_000, 10_000_000)

    def _core(self, secret: bytes, salt: bytes) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", secret, salt, self.iterations, 32)


@dataclass(frozen=True)
class Argon2id(Kdf):
    """Argon2id, version 0x13 (RFC 9106); needs the package argon2-cffi."""

    algorithm: ClassVar[str] = "argon2id"
    memory_kib: int
    passes: int
    parallelism: int

    def __post_init__(self) -> None:
        _require_range("memory_kib", self.memory_kib, 19 * 1024, 1024 * 1024)
        _require_range("passes", self.passes, 2, 10)
        _require_range("parallelism", self.parallelism, 1, 4)

    def _core(self, secret: bytes, salt: bytes) -> bytes:
        try:
            from argon2.low_level import Type, hash_secret_raw
        except ImportError:
            raise MissingDependency("Argon2id needs argon2-cffi: pip install argon2-cffi") from None
        return hash_secret_raw(
            secret,
            salt,
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.parallelism,
            hash_len=32,
            type=Type.ID,
            version=0x13,
        )


@dataclass(frozen=True)
class Scrypt(Kdf):
    """scrypt (RFC 7914)."""

    algorithm: ClassVar[str] = "scrypt"
    n: int
    r: int
    p: int

    def __post_init__(self) -> None:
        _require_range("n", self.n, 2**15, 2**20)
        _require_range("r", self.r, 8, 8)
        _require_range("p", self.p, 1, 4)
        if self.n & (self.n - 1):
            raise ParametersRefused(f"n must be a power of two, not {self.n}")

    def _core(self, secret: bytes, salt: bytes) -> bytes:
        # OpenSSL counts every buffer: N blocks, p blocks and a few of its own.
        memory = 128 * self.r * (self.n + self.p + 4)
        return hashlib.scrypt(
            secret, salt=salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=32
        )


_KDFS: tuple[type[Pbkdf2] | type[Argon2id] | type[Scrypt], ...] = (Pbkdf2, Argon2id, Scrypt)


def _stretch(secret: bytes, salt: bytes, kdf: Kdf, info: bytes, length: int) -> bytes:
    _require_salt(salt)
    return _hkdf_expand(kdf._core(secret, salt), info, length)


# ---- SPAKE2 ----


def _pairing_salt(id_a: bytes, id_b: bytes) -> bytes:
    """From the identities only, so that a client can stretch before its first request."""
    return hashlib.sha256(b"spake-service/1 salt" + _framed(id_a, id_b)).digest()


def _password_scalar(password: bytes, salt: bytes, kdf: Kdf) -> int:
    """w, from a prepared password."""
    wide = _stretch(_framed(password), salt, kdf, b"spake-service/1 w", 40)
    return int.from_bytes(wide, "big") % _ORDER


def _transcript(
    id_a: bytes, id_b: bytes, share_a: bytes, share_b: bytes, common: bytes, w: int
) -> bytes:
    return _framed(id_a, id_b, share_a, share_b, common, w.to_bytes(32, "big"))


def _confirmation_keys(ka: bytes, context: bytes) -> tuple[bytes, bytes]:
    keys = _hkdf(ka, b"ConfirmationKeys" + context, 32)
    return keys[:16], keys[16:]


@dataclass(frozen=True, repr=False)
class _Keys:
    shared_secret: bytes
    confirm_a: bytes
    confirm_b: bytes


def _key_schedule(transcript: bytes, context: bytes) -> _Keys:
    digest = hashlib.sha256(transcript).digest()
    ke, ka = digest[:16], digest[16:]
    kca, kcb = _confirmation_keys(ka, context)
    return _Keys(
        shared_secret=_hkdf(ke, b"spake-service/1 shared secret" + _framed(context), 32),
        confirm_a=_hmac(kca, transcript),
        confirm_b=_hmac(kcb, transcript),
    )


# What a run holds between two steps. A step takes the state out, so none can be repeated.


@dataclass(frozen=True, repr=False)
class _Fresh:
    pass


@dataclass(frozen=True, repr=False)
class _Started:
    x: int
    w: int
    share_a: bytes


@dataclass(frozen=True, repr=False)
class _Derived:
    confirm_a: bytes
    confirm_b: bytes


@dataclass(frozen=True, repr=False)
class _Failed:
    pass


class SPAKEClient:
    """One run of SPAKE2 as party A. A second run needs a new object.

    Identities and context are this client's own; a response is compared with them
    (`check_response`) and never changes them.
    """

    def __init__(
        self,
        *,
        client_id: str | bytes = "",
        server_id: str | bytes = "spake-service",
        context: str | bytes = "spake-service/1",
        kdf: Kdf = Pbkdf2(iterations=600_000),
    ) -> None:
        self._client_id = _as_bytes(client_id, "client_id")
        self._server_id = _as_bytes(server_id, "server_id")
        self._context = _as_bytes(context, "context")
        if len(self._context) > 255:
            raise ParametersRefused("a context has at most 255 bytes")
        self._kdf = _as_kdf(kdf)
        self._salt = _pairing_salt(self._client_id, self._server_id)
        self._state: _Fresh | _Started | _Derived | _Failed = _Fresh()

    def generate_public_key(self, password: str) -> bytes:
        """This side's share pA, 65 bytes. Takes as long as the stretching does."""
        if not isinstance(self._state, _Fresh):
            raise WrongOrder(
                "generate_public_key was already called: a SPAKEClient is one run,"
                " make a new one for the next"
            )
        w = _password_scalar(_prepare_password(password), self._salt, self._kdf)
        x = _random_scalar()
        share_a = _encode_point(_G * x + _M * w)
        self._state = _Started(x, w, share_a)
        return share_a

    def compute_shared_secret(self, server_public_key: bytes) -> bytes:
        """The shared secret, 32 bytes, from the server's share pB.

        A share that is no point of the curve changes nothing; any other ends this step.
        """
        if not isinstance(self._state, _Started):
            raise WrongOrder(
                "call generate_public_key first"
                if isinstance(self._state, _Fresh)
                else "compute_shared_secret was already called: a SPAKEClient is one run,"
                " make a new one for the next"
            )
        share = _decode_share(server_public_key)
        run, self._state = self._state, _Failed()
        unmasked = share + -(_N * run.w)
        if unmasked.is_point_at_infinity():
            raise InvalidShare("the server's share equals the password's mask: the run is over")
        transcript = _transcript(
            self._client_id,
            self._server_id,
            run.share_a,
            _encode_point(share),
            _encode_point(unmasked * run.x),
            run.w,
        )
        keys = _key_schedule(transcript, self._context)
        self._state = _Derived(keys.confirm_a, keys.confirm_b)
        return keys.shared_secret

    def confirmation(self) -> bytes:
        """This side's confirmation cA, 32 bytes: it proves the password to the server."""
        return self._derived("confirmation").confirm_a

    def verify_confirmation(self, server_confirmation: bytes) -> None:
        """Returns when cB proves that the server knows the password; ends the run otherwise."""
        expected = self._derived("verify_confirmation").confirm_b
        if not isinstance(server_confirmation, (bytes, bytearray, memoryview)):
            raise TypeError("a confirmation is bytes; use bytes.fromhex for the hex of a response")
        if not hmac.compare_digest(expected, bytes(server_confirmation)):
            self._state = _Failed()
            raise ConfirmationFailed(
                "the server's confirmation is wrong: another password, other settings or an"
                " impostor; do not use the shared secret and do not retry automatically"
            )

    def check_response(self, data: Mapping[str, object]) -> None:
        """Compares what an `initiate` response announces with this client's own settings."""
        if not isinstance(data, Mapping):
            raise PinMismatch(f"the response is no object: {data!r:.80}")
        for field, own in (
            ("protocol", b"spake2"),
            ("server_id", self._server_id),
            ("client_id", self._client_id),
            ("context", self._context),
        ):
            theirs = data.get(field)
            if field == "client_id" and theirs is None:
                theirs = ""
            if not isinstance(theirs, str) or theirs.encode("utf-8", "surrogatepass") != own:
                raise PinMismatch(
                    f"{field}: the service says {theirs!r:.80}, this client has {_shown(own)!r}"
                )
        try:
            theirs_kdf = Kdf.from_json(cast("Mapping[str, object]", data.get("kdf")))
        except ParametersRefused as error:
            raise PinMismatch(f"kdf: {error}") from error
        if theirs_kdf != (self._kdf, self._salt):
            raise PinMismatch(
                f"kdf: the service says {theirs_kdf[0].to_json(theirs_kdf[1])},"
                f" this client has {self._kdf.to_json(self._salt)}"
            )

    def _derived(self, step: str) -> _Derived:
        if isinstance(self._state, _Failed):
            raise WrongOrder(f"{step}: this run has failed; make a new SPAKEClient")
        if not isinstance(self._state, _Derived):
            raise WrongOrder(f"call compute_shared_secret before {step}")
        return self._state

    def __repr__(self) -> str:
        return (
            f"<SPAKEClient client_id={_shown(self._client_id)!r}"
            f" server_id={_shown(self._server_id)!r} context={_shown(self._context)!r}"
            f" kdf={self._kdf!r} {type(self._state).__name__[1:].lower()}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SPAKEClient is one run and cannot be copied or pickled")


def verify_shared_secret(a: bytes, b: bytes) -> bool:
    """Whether two shared secrets are equal, in constant time."""
    return hmac.compare_digest(a, b)


def _as_kdf(kdf: Kdf) -> Kdf:
    if not isinstance(kdf, Kdf):
        raise TypeError("kdf must be a Pbkdf2, Argon2id or Scrypt object")
    return kdf


def _as_bytes(text: str | bytes, name: str) -> bytes:
    if not isinstance(text, (str, bytes)):
        raise TypeError(f"{name} is str or bytes")
    return text.encode() if isinstance(text, str) else text


def _shown(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


# ---- the built-in protocol test ----


class _PartyB:
    """The other side, as the service plays it; for the test below."""

    def __init__(self, password: str, *, server_id: bytes, context: bytes, kdf: Kdf) -> None:
        salt = _pairing_salt(b"", server_id)
        self._w = _password_scalar(_prepare_password(password), salt, kdf)
        self._y = _random_scalar()
        self._server_id, self._context = server_id, context
        self.share = _encode_point(_G * self._y + _N * self._w)

    def finish(self, share_a: bytes) -> _Keys:
        common = (_decode_share(share_a) + -(_M * self._w)) * self._y
        transcript = _transcript(
            b"", self._server_id, share_a, self.share, _encode_point(common), self._w
        )
        return _key_schedule(transcript, self._context)


# RFC 9382, appendix B, the first vector (A = "server", B = "client", no context).
_RFC_VECTOR = {
    "w": "2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f",
    "x": "43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729",
    "y": "dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be",
    "pA": "04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9"
    "010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c",
    "pB": "0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d0"
    "9857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7",
    "cA": "58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0",
    "cB": "d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b",
}


class _CheckFailed(Exception):
    pass


def _require(condition: bool, sentence: str) -> None:
    if not condition:  # no assert: the test must also work under -O
        raise _CheckFailed(sentence)


def _check_rfc_vector() -> None:
    vector = _RFC_VECTOR
    w, x, y = (int(vector[name], 16) for name in ("w", "x", "y"))
    share_a, share_b = _G * x + _M * w, _G * y + _N * w
    _require(_encode_point(share_a).hex() == vector["pA"], "pA differs")
    _require(_encode_point(share_b).hex() == vector["pB"], "pB differs")
    common = (share_b + -(_N * w)) * x
    _require(common == (share_a + -(_M * w)) * y, "the two sides have different points K")
    transcript = _transcript(
        b"server", b"client", _encode_point(share_a), _encode_point(share_b), _encode_point(common), w
    )
    keys = _key_schedule(transcript, b"")
    _require(keys.confirm_a.hex() == vector["cA"], "cA differs")
    _require(keys.confirm_b.hex() == vector["cB"], "cB differs")


def _run_both_sides(client_password: str, server_password: str) -> tuple[SPAKEClient, bytes, _Keys]:
    client = SPAKEClient()
    server = _PartyB(
        server_password, server_id=client._server_id, context=client._context, kdf=client._kdf
    )
    share_a = client.generate_public_key(client_password)
    secret = client.compute_shared_secret(server.share)
    return client, secret, server.finish(share_a)


def _check_agreement() -> None:
    client, secret, server = _run_both_sides("correct horse\u00a0battery", "correct horse battery")
    _require(verify_shared_secret(secret, server.shared_secret), "the shared secrets differ")
    _require(hmac.compare_digest(client.confirmation(), server.confirm_a), "cA was refused")
    client.verify_confirmation(server.confirm_b)


def _check_wrong_password() -> None:
    client, secret, server = _run_both_sides("correct horse", "correct house")
    _require(not verify_shared_secret(secret, server.shared_secret), "the shared secrets are equal")
    _require(not hmac.compare_digest(client.confirmation(), server.confirm_a), "cA was accepted")
    try:
        client.verify_confirmation(server.confirm_b)
    except ConfirmationFailed:
        return
    raise _CheckFailed("cB was accepted")


def main() -> int:
    """The built-in protocol test; 0 when every check passed."""
    from spake_prover import CHECKS

    checks: tuple[tuple[str, Callable[[], None]], ...] = (
        ("the first vector of RFC 9382 is reproduced", _check_rfc_vector),
        ("both sides of one password agree and confirm", _check_agreement),
        ("a wrong password gives other secrets and no confirmation", _check_wrong_password),
        *CHECKS,
    )
    failures = 0
    for promise, check in checks:
        try:
            check()
        except Exception as error:
            failures += 1
            print(f"FAILED  {promise}: {type(error).__name__}: {error}")
        else:
            print(f"ok      {promise}")
    print(f"FAILED ({failures} of {len(checks)} checks)" if failures else "All checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    import spake_utils  # the module that the others import, and not a second one

    sys.exit(spake_utils.main())
