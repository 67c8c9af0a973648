"""A service in Python that does of `initiate` and `status` what costs: JSON, PBKDF2 by OpenSSL, JSON.

`spake-service bench --flask` measures it beside the service. No curve is computed, nothing is stored, nobody is checked; so it
does less than the service, and what it needs is a floor for a service like this one in Flask.
"""

import hashlib
import os
import uuid

from flask import Flask, jsonify, request

app = Flask(__name__)
SALT = bytes(32)
ITERATIONS = int(os.environ.get("PBKDF2_ITERATIONS", "600000"))


@app.post("/spake/initiate")
def initiate():
    password = request.get_json()["password"].encode()
    w = hashlib.pbkdf2_hmac("sha256", password, SALT, ITERATIONS)
    return jsonify(session_id=str(uuid.uuid4()), public_key="04" + w.hex() * 2, status="initiated")


@app.get("/spake/status/<session_id>")
def status(session_id):
    return jsonify(
        session_id=session_id,
        status="initiated",
        confirmed=False,
        protocol="spake2",
        created_at="2026-01-01T00:00:00.000Z",
        expires_at="2026-01-01T00:05:00.000Z",
    )
