# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sink's side of Miracast over Infrastructure ([MS-MICE]): waits to be told which port of a source to dial.

The control channel is served on a thread of its own from the moment the source has come, so that the session can go on
meanwhile. What the source has said, and when, is in facts().
"""
from __future__ import annotations

import dataclasses
import socket
import struct
import threading
import time

PORT = 7250
VERSION = 1
SOURCE_READY, STOP_PROJECTION, SECURITY_HANDSHAKE = 1, 2, 3
NAMES = {1: "SOURCE_READY", 2: "STOP_PROJECTION", 3: "SECURITY_HANDSHAKE", 4: "SESSION_REQUEST", 5: "PIN_CHALLENGE",
         6: "PIN_RESPONSE"}
TLV_NAME, TLV_PORT, TLV_SOURCE_ID, TLV_TOKEN = 0, 2, 3, 4
# A ClientHello would be here; the first bytes of a DTLS 1.2 handshake record are enough to be understood.
TOKEN = bytes.fromhex("16fefd0000000000000000")

# What a display may do instead of calling; "lose" and "stop" come when they are asked for, by act().
BEHAVIOURS = {
    "good": "dials as it is told",
    "silent": "takes the message and does nothing",
    "reject": "closes the control channel instead of dialling",
    "garbage": "answers with what is no message",
    "security": "asks for encryption",
    "lose": "closes the control channel while it plays",
    "stop": "sends STOP_PROJECTION while it plays",
}


class MiceError(Exception):
    """The source did not do what the protocol says."""


@dataclasses.dataclass(frozen=True)
class Message:
    command: int
    values: dict[int, bytes]


def build(command: int, *values: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">BH", kind, len(value)) + value for kind, value in values)
    return struct.pack(">HBB", len(body) + 4, VERSION, command) + body


def parse(data: bytes) -> Message:
    size, version, command = struct.unpack_from(">HBB", data)
    if size != len(data) or version != VERSION or command not in NAMES:
        raise MiceError(f"no message: {data[:16].hex()}")
    values: dict[int, bytes] = {}
    at = 4
    while at < size:
        if size - at < 3:
            raise MiceError(f"half a value in {NAMES[command]}")
        kind, length = struct.unpack_from(">BH", data, at)
        value = data[at + 3:at + 3 + length]
        if len(value) != length or kind in values:
            raise MiceError(f"value {kind} of {NAMES[command]} is cut off or comes twice")
        values[kind] = value
        at += 3 + length
    return Message(command, values)


class ControlChannel:
    """One source, from its coming to its going."""

    def __init__(self, host: str, port: int, behaviour: str = "good"):
        self._behaviour = behaviour
        self._door = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.address = self._door.getsockname()[:2]
        self._channel: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._said: list[tuple[float, str]] = []
        self._closed_t: float | None = None
        self._came_t: float | None = None
        self._source: dict = {}
        self.over = threading.Event()

    def wait(self, seconds: float) -> tuple[str, int]:
        """(host, port) to dial."""
        self._door.settimeout(seconds)
        try:
            self._channel, peer = self._door.accept()
        except TimeoutError:
            raise MiceError(f"no source came within {seconds:g} s") from None
        self._came_t = time.monotonic()
        self._channel.settimeout(seconds)
        message = self._receive()
        if message is None or message.command != SOURCE_READY:
            raise MiceError(f"the first word is {message and NAMES[message.command]}, not SOURCE_READY")
        self._check(message)
        host = f"{peer[0]}%{peer[3]}" if len(peer) > 3 and peer[3] else peer[0]
        self._channel.settimeout(None)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return host, struct.unpack(">H", message.values[TLV_PORT])[0]

    def _check(self, message: Message) -> None:
        values = message.values
        if set(values) != {TLV_NAME, TLV_PORT, TLV_SOURCE_ID}:
            raise MiceError(f"SOURCE_READY has the values {sorted(values)}")
        if len(values[TLV_PORT]) != 2 or len(values[TLV_SOURCE_ID]) != 16 or len(values[TLV_NAME]) > 520:
            raise MiceError(f"SOURCE_READY has values of the wrong size: {values}")
        self._source = {"name": values[TLV_NAME].decode("utf-16-le"), "id": values[TLV_SOURCE_ID].hex()}

    def _receive(self) -> Message | None:
        header = self._exactly(4)
        if not header:
            return None
        message = parse(header + self._exactly(struct.unpack(">H", header[:2])[0] - 4))
        self._said.append((time.monotonic(), NAMES[message.command]))
        if message.command == STOP_PROJECTION and message.values.get(TLV_SOURCE_ID, b"").hex() != self._source.get("id"):
            raise MiceError("STOP_PROJECTION is of another source")
        return message

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._channel.recv(size - len(data))
            if not more:
                break
            data += more
        return data

    def _listen(self) -> None:
        try:
            while self._receive():
                pass
        except (OSError, MiceError, struct.error) as error:
            self._said.append((time.monotonic(), f"error: {error}"))
        self._closed_t = time.monotonic()
        self.over.set()

    def misbehave(self) -> bool:
        """Before the call. Whether there is to be none."""
        if self._behaviour == "reject":
            self.close()
        elif self._behaviour == "garbage":
            self._channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif self._behaviour == "security":
            self._channel.sendall(build(SECURITY_HANDSHAKE, (TLV_TOKEN, TOKEN)))
        return self._behaviour in ("silent", "reject", "garbage", "security")

    def act(self) -> None:
        """While it plays, if that is what it is to do."""
        if self._behaviour == "stop":
            self._channel.sendall(build(STOP_PROJECTION))
        elif self._behaviour == "lose":
            self.close()

    def close(self) -> None:
        if self._channel:
            try:
                self._channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._channel.close()
        self._door.close()

    def facts(self) -> dict:
        """Times are of CLOCK_MONOTONIC."""
        return {"source": self._source, "came": self._came_t, "said": self._said, "closed": self._closed_t}
