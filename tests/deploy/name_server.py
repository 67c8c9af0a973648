"""A name server for one name, as Docker has one in each network: an address for each replica that runs."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from types import TracebackType


class NameServer:
    """Answers questions for A records on a free port of loopback. `addresses` may change at any time."""

    def __init__(self, name: str) -> None:
        self._question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
        self.addresses: tuple[str, ...] = ()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        host, port = self._socket.getsockname()
        self._socket.sendto(b"", (host, port))  # an empty question ends it
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, caller = self._socket.recvfrom(4096)
            if not question:
                return
            self._socket.sendto(self._answer(question), caller)

    def _answer(self, message: bytes) -> bytes:
        end = message.index(b"\0", 12) + 5
        question = message[12:end]
        kind, _ = struct.unpack("!HH", question[-4:])
        known = question[:-4].lower() == self._question
        records = self.addresses if known and kind == 1 else ()
        # A response (authoritative, recursion available), or NXDOMAIN: Docker says so of a name without containers.
        status = 0 if known and self.addresses else 3
        head = message[:2] + struct.pack("!HHHHH", 0x8580 | status, 1, len(records), 0, 0)
        # Each refers to the name in the question, at byte 12; a minute to live, which HAProxy does not look at.
        return head + question + b"".join(
            struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + ipaddress.IPv4Address(a).packed for a in records
        )
