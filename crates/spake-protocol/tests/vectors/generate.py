#!/usr/bin/env python3
"""Writes spake_service_1.json: known answers for every byte of the two protocols.

It shares no code with the Rust crate: affine arithmetic on P-256 written out below, HKDF and HMAC from hashlib and
hmac, passwords prepared with unicodedata. Argon2id comes from argon2-cffi; without that package the script
refuses to run, so that no file without those cases is written by accident.

    python3 generate.py            # writes spake_service_1.json beside this file
    python3 generate.py --check    # compares instead
"""

import hashlib
import hmac
import json
import pathlib
import sys
import unicodedata

from argon2 import low_level as argon2  # the package argon2-cffi

# --- P-256, affine -------------------------------------------------------------------------------------------------

Q = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
P = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def decompress(encoded):
    x = int.from_bytes(encoded[1:], "big")
    y = pow((x**3 - 3 * x + B) % Q, (Q + 1) // 4, Q)
    assert y * y % Q == (x**3 - 3 * x + B) % Q
    return (x, y if y % 2 == encoded[0] % 2 else Q - y)


def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0] and (a[1] + b[1]) % Q == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, Q)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, Q)
    x = (slope * slope - a[0] - b[0]) % Q
    return (x, (slope * (a[0] - x) - a[1]) % Q)


def negate(a):
    return (a[0], Q - a[1])


def mul(k, a):
    result = None
    for bit in bin(k)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, a)
    return result


def encode(a):
    return b"\x04" + a[0].to_bytes(32, "big") + a[1].to_bytes(32, "big")


M = decompress(bytes.fromhex("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"))
N = decompress(bytes.fromhex("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"))

# --- hashing -------------------------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_expand(prk, info, length):
    block, output = b"", b""
    for counter in range(1, 256):
        block = mac(prk, block + info + bytes([counter]))
        output += block
        if len(output) >= length:
            return output[:length]


def hkdf(ikm, info, length):
    return hkdf_expand(mac(bytes(32), ikm), info, length)


def prefixed(*parts):
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def prepare(password):
    spaces = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password)
    prepared = unicodedata.normalize("NFC", spaces).encode()
    assert 0 < len(prepared) <= 1024
    return prepared


def core(data, salt, kdf):
    if kdf["algorithm"] == "pbkdf2-hmac-sha256":
        return hashlib.pbkdf2_hmac("sha256", data, salt, kdf["iterations"], 32)
    if kdf["algorithm"] == "scrypt":
        n, r, p = kdf["n"], kdf["r"], kdf["p"]
        return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)
    return argon2.hash_secret_raw(
        data, salt, kdf["t"], kdf["m"], kdf["p"], 32, argon2.Type.ID, version=0x13
    )


def scalar(label):
    """A scalar in [1, p-1] for a test, from its label."""
    return int.from_bytes(sha256(label.encode()), "big") % (P - 1) + 1


def scalar_bytes(k):
    return k.to_bytes(32, "big")


def shown(case):
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in case.items()}


# --- the protocols -------------------------------------------------------------------------------------------------


def spake2(name, password, a, b, context, kdf):
    prepared = prepare(password)
    salt = sha256(b"spake-service/1 salt" + prefixed(a, b))
    stretched = hkdf_expand(core(prefixed(prepared), salt, kdf), b"spake-service/1 w", 40)
    w = int.from_bytes(stretched, "big") % P
    x, y = scalar(name + " x"), scalar(name + " y")
    p_a = add(mul(x, G), mul(w, M))
    p_b = add(mul(y, G), mul(w, N))
    k = mul(x, add(p_b, negate(mul(w, N))))
    assert k == mul(y, add(p_a, negate(mul(w, M))))
    tt = prefixed(a, b, encode(p_a), encode(p_b), encode(k), scalar_bytes(w))
    ke, ka = sha256(tt)[:16], sha256(tt)[16:]
    confirmation_keys = hkdf(ka, b"ConfirmationKeys" + context, 32)
    kc_a, kc_b = confirmation_keys[:16], confirmation_keys[16:]
    c_a, c_b = mac(kc_a, tt), mac(kc_b, tt)
    shared_secret = hkdf(ke, b"spake-service/1 shared secret" + prefixed(context), 32)
    return shown({
        "name": name, "password": password, "prepared": prepared, "A": a, "B": b, "context": context,
        "kdf": kdf, "salt": salt, "stretched": stretched, "w": scalar_bytes(w),
        "x": scalar_bytes(x), "y": scalar_bytes(y), "pA": encode(p_a), "pB": encode(p_b), "K": encode(k),
        "TT": tt, "Ke": ke, "Ka": ka, "KcA": kc_a, "KcB": kc_b, "cA": c_a, "cB": c_b,
        "shared_secret": shared_secret,
        "state_B": prefixed(a, b, context) + scalar_bytes(y) + scalar_bytes(w) + encode(p_b),
        "state_awaiting_cA": c_a + c_b + shared_secret,
    })


def spake2plus(name, password, prover, verifier, context, salt, kdf):
    prepared = prepare(password)
    stretched = hkdf_expand(
        core(prefixed(prepared, prover, verifier), salt, kdf), b"spake-service/1 w0 w1", 80
    )
    w0, w1 = (int.from_bytes(half, "big") % P for half in (stretched[:40], stretched[40:]))
    l = mul(w1, G)
    x, y = scalar(name + " x"), scalar(name + " y")
    share_p = add(mul(x, G), mul(w0, M))
    share_v = add(mul(y, G), mul(w0, N))
    unmasked = add(share_v, negate(mul(w0, N)))
    z, v = mul(x, unmasked), mul(w1, unmasked)
    assert z == mul(y, add(share_p, negate(mul(w0, M)))) and v == mul(y, l)
    tt = prefixed(
        context, prover, verifier, encode(M), encode(N), encode(share_p), encode(share_v), encode(z),
        encode(v), scalar_bytes(w0),
    )
    k_main = sha256(tt)
    confirmation_keys = hkdf(k_main, b"ConfirmationKeys", 64)
    k_confirm_p, k_confirm_v = confirmation_keys[:32], confirmation_keys[32:]
    k_shared = hkdf(k_main, b"SharedKey", 32)
    confirm_p = mac(k_confirm_p, encode(share_v))
    return shown({
        "name": name, "password": password, "prepared": prepared, "idProver": prover,
        "idVerifier": verifier, "context": context, "kdf": kdf, "salt": salt,
        "w0s": stretched[:40], "w1s": stretched[40:], "w0": scalar_bytes(w0), "w1": scalar_bytes(w1),
        "L": encode(l), "x": scalar_bytes(x), "y": scalar_bytes(y), "shareP": encode(share_p),
        "shareV": encode(share_v), "Z": encode(z), "V": encode(v), "TT": tt, "K_main": k_main,
        "K_confirmP": k_confirm_p, "K_confirmV": k_confirm_v, "confirmP": confirm_p,
        "confirmV": mac(k_confirm_v, encode(share_p)), "K_shared": k_shared, "shared_secret": k_shared,
        "record": scalar_bytes(w0) + encode(l) + encode(mul(w0, M)) + encode(mul(w0, N)),
        "state_awaiting_confirmP": confirm_p + k_shared,
    })


PBKDF2 = {"algorithm": "pbkdf2-hmac-sha256", "iterations": 100000}
PBKDF2_DEFAULT = {"algorithm": "pbkdf2-hmac-sha256", "iterations": 600000}
ARGON2ID = {"algorithm": "argon2id", "m": 19456, "t": 2, "p": 1}
ARGON2ID_LANES = {"algorithm": "argon2id", "m": 20000, "t": 3, "p": 4}
SCRYPT = {"algorithm": "scrypt", "n": 32768, "r": 8, "p": 1}
SCRYPT_PARALLEL = {"algorithm": "scrypt", "n": 32768, "r": 8, "p": 2}
SERVER, CONTEXT = b"spake-service", b"spake-service/1"

document = {
    "description": "Known answers for spake-service/1; see README.md. Written by generate.py.",
    "passwords": [
        {"password": password, "prepared": prepare(password).hex()}
        for password in [
            "correct horse battery staple", " ", "a\u00a0b\u3000c\u2003d\u202fe\u205ff\u1680g", "e\u0301",
            "\u00e9", "\u212b", "A\u030a", "\u1112\u1161\u11ab", "q\u0323\u0307", "q\u0307\u0323", "\u0344",
            "\ufb01", "\u2126", "pass\u0000word", "tab\tand\nnewline", "\u200bzero width", "\U0001f510\U0001f511",
            "\u0958", "x" * 1024, "e\u0301" * 512, "\u00df\u1e9e", "\u2000\u2001",
        ]
    ],
    "refused_passwords": [
        {"password": "", "error": "empty"},
        {"password": "x" * 1025, "error": "too_long"},
        {"password": "\u00e9" * 513, "error": "too_long"},
        {"password": "\u0958" * 171, "error": "too_long"},
    ],
    "spake2": [
        spake2("spake2 default", "correct horse battery staple", b"", SERVER, CONTEXT, PBKDF2_DEFAULT),
        spake2("spake2 named client", "482-913", b"phone-7", SERVER, CONTEXT, PBKDF2),
        spake2("spake2 unicode", "cafe\u0301\u00a0\U0001f510", "Zoë".encode(), SERVER, CONTEXT, PBKDF2),
        spake2("spake2 nul bytes", "pass\u0000word", b"\x00", b"\x00\x00", b"\x00\xff", PBKDF2),
        spake2("spake2 all empty", " ", b"", b"", b"", PBKDF2),
        spake2("spake2 longest", "x" * 1024, b"a" * 1024, b"b" * 1024, b"c" * 255, PBKDF2),
        spake2("spake2 argon2id", "482-913", b"", SERVER, CONTEXT, ARGON2ID),
        spake2("spake2 scrypt", "482-913", b"", SERVER, CONTEXT, SCRYPT),
    ],
    "spake2plus": [
        spake2plus(
            "spake2plus default", "correct horse battery staple", b"alice@example.org", SERVER, CONTEXT,
            bytes(range(16)), PBKDF2_DEFAULT,
        ),
        spake2plus("spake2plus unicode", "cafe\u0301\u3000", "Zoë".encode(), SERVER, CONTEXT, bytes(64), PBKDF2),
        spake2plus("spake2plus all empty", " ", b"", b"", b"", b"\xff" * 16, PBKDF2),
        spake2plus("spake2plus longest", "x" * 1024, b"p" * 1024, b"v" * 1024, b"c" * 255, bytes(17), PBKDF2),
        spake2plus("spake2plus argon2id", "hunter2", b"bob", SERVER, CONTEXT, bytes(range(32)), ARGON2ID_LANES),
        spake2plus("spake2plus scrypt", "hunter2", b"bob", SERVER, CONTEXT, bytes(range(32)), SCRYPT_PARALLEL),
    ],
}

text = json.dumps(document, indent=1) + "\n"
target = pathlib.Path(__file__).with_name("spake_service_1.json")
if "--check" in sys.argv:
    sys.exit(0 if target.read_text() == text else f"{target.name} differs from what this script writes")
target.write_text(text)
