"""SPAKE2 and SPAKE2+ as the design states them, a second time: affine formulas, plain integers, hashlib.

Shares no code with spake_utils and does not use PyCryptodome. Run as a program it prints
the frozen vectors (vectors/client_kat.json).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import unicodedata
from typing import Any, Optional

Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
P = 115792089210356248762697446949407573529996955224135760342422259061068512044369
B = 41058363725152142129326129780047268409114441015993725554835256314039467401291

Point = Optional[tuple[int, int]]

G: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
M: Point = (
    0x886E2F97ACE46E55BA9DD7242579F2993B64E16EF3DCAB95AFD497333D8FA12F,
    0x5FF355163E43CE224E0B0E65FF02AC8E5C7BE09419C785E0CA547D55A12E2D20,
)
N: Point = (
    0xD8BBD6C639C62937B04D997F38C3770719C629D7014D49A24B4F98BAA1292B49,
    0x07D60AA6BFADE45008A636337F5168C64D9BD36034808CD564490B1E656EDBE7,
)


def on_curve(point: Point) -> bool:
    return point is None or (point[1] ** 2 - point[0] ** 3 + 3 * point[0] - B) % Q == 0


def add(a: Point, b: Point) -> Point:
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % Q == 0:
            return None
        slope = (3 * a[0] ** 2 - 3) * pow(2 * a[1], -1, Q)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, Q)
    x = (slope * slope - a[0] - b[0]) % Q
    return x, (slope * (a[0] - x) - a[1]) % Q


def negate(point: Point) -> Point:
    return None if point is None else (point[0], -point[1] % Q)


def multiply(scalar: int, point: Point) -> Point:
    result: Point = None
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def encode(point: Point) -> bytes:
    assert point is not None
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode(data: bytes) -> Point:
    return int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")


def lv(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    blocks = [b""]
    for number in range(1, 10):
        blocks.append(mac(key, blocks[-1] + info + bytes([number])))
    return b"".join(blocks)[:length]


ZS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


def prepare(password: str) -> bytes:
    spaces = str.maketrans(dict.fromkeys(ZS, " "))
    return unicodedata.normalize("NFC", password.translate(spaces)).encode("utf-8")


def core(kdf: dict[str, Any], secret: bytes, salt: bytes) -> bytes:
    if kdf["algorithm"] == "pbkdf2-hmac-sha256":
        return hashlib.pbkdf2_hmac("sha256", secret, salt, kdf["iterations"])
    if kdf["algorithm"] == "scrypt":
        return hashlib.scrypt(
            secret, salt=salt, n=kdf["n"], r=kdf["r"], p=kdf["p"], maxmem=2**31 - 1, dklen=32
        )
    from argon2 import low_level

    return low_level.hash_secret_raw(
        secret, salt, kdf["passes"], kdf["memory_kib"], kdf["parallelism"], 32, low_level.Type.ID
    )


def salt_of(a: bytes, b: bytes) -> bytes:
    return hashlib.sha256(b"spake-service/1 salt" + lv(a) + lv(b)).digest()


def scalar_w(password: str, a: bytes, b: bytes, kdf: dict[str, Any]) -> int:
    prk = core(kdf, lv(prepare(password)), salt_of(a, b))
    return int.from_bytes(expand(prk, b"spake-service/1 w", 40), "big") % P


def transcript(a: bytes, b: bytes, pa: bytes, pb: bytes, k: Point, w: int) -> bytes:
    return lv(a) + lv(b) + lv(pa) + lv(pb) + lv(encode(k)) + lv(w.to_bytes(32, "big"))


def outputs(tt: bytes, context: bytes) -> dict[str, bytes]:
    digest = hashlib.sha256(tt).digest()
    ke, ka = digest[:16], digest[16:]
    kc = expand(mac(b"", ka), b"ConfirmationKeys" + context, 32)
    secret = expand(mac(b"", ke), b"spake-service/1 shared secret" + lv(context), 32)
    return {
        "Ke": ke,
        "Ka": ka,
        "KcA": kc[:16],
        "KcB": kc[16:],
        "cA": mac(kc[:16], tt),
        "cB": mac(kc[16:], tt),
        "shared_secret": secret,
    }


class PartyB:
    """The service's part in one run."""

    def __init__(
        self,
        password: str,
        *,
        client_id: bytes = b"",
        server_id: bytes = b"spake-service",
        context: bytes = b"spake-service/1",
        kdf: dict[str, Any],
        y: int,
    ) -> None:
        self.a, self.b, self.context, self.y = client_id, server_id, context, y
        self.w = scalar_w(password, client_id, server_id, kdf)
        self.share = encode(add(multiply(y, G), multiply(self.w, N)))

    def finish(self, pa: bytes) -> dict[str, bytes]:
        k = multiply(self.y, add(decode(pa), negate(multiply(self.w, M))))
        return outputs(transcript(self.a, self.b, pa, self.share, k, self.w), self.context)


def scalars_w0_w1(
    password: str, prover: bytes, verifier: bytes, kdf: dict[str, Any], salt: bytes
) -> tuple[int, int]:
    prk = core(kdf, lv(prepare(password)) + lv(prover) + lv(verifier), salt)
    wide = expand(prk, b"spake-service/1 w0 w1", 80)
    return int.from_bytes(wide[:40], "big") % P, int.from_bytes(wide[40:], "big") % P


class PartyV:
    """The service's part in one login."""

    def __init__(
        self,
        w0: int,
        l: Point,
        *,
        prover: bytes = b"alice",
        verifier: bytes = b"spake-service",
        context: bytes = b"spake-service/1",
        y: int,
    ) -> None:
        self.w0, self.l, self.y = w0, l, y
        self.setting = lv(context) + lv(prover) + lv(verifier)
        self.share = encode(add(multiply(y, G), multiply(w0, N)))

    def respond(self, share_p: bytes) -> dict[str, bytes]:
        z = encode(multiply(self.y, add(decode(share_p), negate(multiply(self.w0, M)))))
        v = encode(multiply(self.y, self.l))
        points = [encode(M), encode(N), share_p, self.share, z, v]
        tt = self.setting + b"".join(map(lv, points)) + lv(self.w0.to_bytes(32, "big"))
        main = hashlib.sha256(tt).digest()
        keys = expand(mac(b"", main), b"ConfirmationKeys", 64)
        return {
            "Z": z,
            "V": v,
            "TT": tt,
            "K_main": main,
            "K_confirmP": keys[:32],
            "K_confirmV": keys[32:],
            "confirmP": mac(keys[:32], self.share),
            "confirmV": mac(keys[32:], share_p),
            "K_shared": expand(mac(b"", main), b"SharedKey", 32),
        }


def vector(
    name: str,
    password: str,
    kdf: dict[str, Any],
    client_id: str = "",
    server_id: str = "spake-service",
    context: str = "spake-service/1",
) -> dict[str, Any]:
    x, y = (
        int.from_bytes(hashlib.sha512(f"{name} {side}".encode()).digest(), "big") % (P - 1) + 1
        for side in "xy"
    )
    a, b = client_id.encode(), server_id.encode()
    w = scalar_w(password, a, b, kdf)
    pa = encode(add(multiply(x, G), multiply(w, M)))
    pb = encode(add(multiply(y, G), multiply(w, N)))
    k = multiply(x * y % P, G)
    tt = transcript(a, b, pa, pb, k, w)
    return {
        "name": name,
        "password": password,
        "client_id": client_id,
        "server_id": server_id,
        "context": context,
        "kdf": {"algorithm": kdf["algorithm"], "salt": salt_of(a, b).hex(), **kdf},
        "x": f"{x:064x}",
        "y": f"{y:064x}",
        "w": f"{w:064x}",
        "pA": pa.hex(),
        "pB": pb.hex(),
        "K": encode(k).hex(),
        "TT": tt.hex(),
        **{key: value.hex() for key, value in outputs(tt, context.encode()).items()},
    }


def main() -> None:
    pbkdf2 = {"algorithm": "pbkdf2-hmac-sha256", "iterations": 100_000}
    vectors = [
        vector("the service's defaults", "shared_password", {**pbkdf2, "iterations": 600_000}),
        vector("a client id", "shared_password", pbkdf2, client_id="alice"),
        vector("other server and context", "4711", pbkdf2, "bob", "vault-7", "vault/2"),
        vector("identities outside ASCII", "4711", pbkdf2, "zoë", "сервер"),
        vector("a password to prepare", "cafe\u0301\u00a0au\u3000lait \U0001f511", pbkdf2),
        vector(
            "argon2id",
            "shared_password",
            {"algorithm": "argon2id", "memory_kib": 19456, "passes": 2, "parallelism": 1},
        ),
        vector("scrypt", "shared_password", {"algorithm": "scrypt", "n": 32768, "r": 8, "p": 1}),
    ]
    source = "tests/independent.py; hex, points SEC1 uncompressed, scalars 32 bytes big-endian"
    print(json.dumps({"source": source, "vectors": vectors}, indent=2))


if __name__ == "__main__":
    main()
