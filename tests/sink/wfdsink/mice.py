# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sink's side of Miracast over Infrastructure ([MS-MICE]): waits to be told which port of a source to dial.

The control channel is served on a thread of its own from the moment the source has come, so that the session can go on
meanwhile. What the source has said, and when, is in facts().
"""
from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import os
import socket
import struct
import threading
import time

try:
    from . import dtls
except ImportError:
    dtls = None  # only who needs it has to have OpenSSL for Python

PORT = 7250
VERSION = 1
SOURCE_READY, STOP_PROJECTION, SECURITY_HANDSHAKE, SESSION_REQUEST, PIN_CHALLENGE, PIN_RESPONSE = 1, 2, 3, 4, 5, 6
NAMES = {1: "SOURCE_READY", 2: "STOP_PROJECTION", 3: "SECURITY_HANDSHAKE", 4: "SESSION_REQUEST", 5: "PIN_CHALLENGE",
         6: "PIN_RESPONSE"}
TLV_NAME, TLV_PORT, TLV_SOURCE_ID, TLV_TOKEN, TLV_OPTIONS, TLV_HASH, TLV_RESULT = 0, 2, 3, 4, 5, 6, 7
OPTION_ENCRYPTION, OPTION_PIN = 1, 2
PIN_ACCEPTED, PIN_WRONG = 0, 1
PIN_ATTEMPTS = 3
# A ClientHello would be here; the first bytes of a DTLS 1.2 handshake record are enough to be understood.
TOKEN = bytes.fromhex("16fefd0000000000000000")

# What a display may do instead of calling; "lose" and "stop" come when they are asked for, by act().
BEHAVIOURS = {
    "good": "dials as it is told",
    "silent": "takes the message and does nothing",
    "reject": "closes the control channel instead of dialling",
    "garbage": "answers with what is no message",
    "security": "asks for encryption",
    "demand-pin": "closes the control channel to who has not asked for a PIN",
    "deaf": "does not answer the security handshake",
    "no-cipher": "answers the security handshake with an alert",
    "impatient": "closes the control channel after the first wrong PIN",
    "impostor": "takes any PIN, and does not know it",
    "garbled": "answers the PIN with what cannot be decrypted",
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
    return wrap(command, build_values(*values))


def wrap(command: int, body: bytes) -> bytes:
    return struct.pack(">HBB", len(body) + 4, VERSION, command) + body


def build_values(*values: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">BH", kind, len(value)) + value for kind, value in values)


def pin_hash(pin: str, address: str) -> bytes:
    return hashlib.sha256(pin.encode("ascii") + ipaddress.ip_address(address.partition("%")[0]).packed).digest()


def parse(command: int, data: bytes) -> Message:
    size = len(data)
    values: dict[int, bytes] = {}
    at = 0
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
    """One source, from its coming to its going. `pin` is shown to whoever asks for one."""

    def __init__(self, host: str, port: int, behaviour: str = "good", pin: str = ""):
        self._behaviour = behaviour
        self._pin = pin
        self._door = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.address = self._door.getsockname()[:2]
        self._channel: socket.socket | None = None
        self._peer = self._own = ""
        self._thread: threading.Thread | None = None
        self._said: list[tuple[float, str]] = []
        self._closed_t: float | None = None
        self._came_t: float | None = None
        self._source: dict = {}
        self._dtls = None
        self._options = 0
        self._wrong_pins = 0
        self._proven = False
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
        self._peer, self._own = peer[0], self._channel.getsockname()[0]
        port = self._until_ready()
        host = f"{peer[0]}%{peer[3]}" if len(peer) > 3 and peer[3] else peer[0]
        self._channel.settimeout(None)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return host, port

    def _until_ready(self) -> int:
        first = True
        while True:
            message = self._receive()
            if message is None:
                raise MiceError("the source has closed the control channel")
            if message.command == SESSION_REQUEST and first:
                self._take_request(message)
            elif message.command == SECURITY_HANDSHAKE and not (self._dtls and self._dtls.ready):
                self._shake(message)
            elif message.command == PIN_CHALLENGE and self._sealed() and not self._proven:
                self._check_pin(message)
            elif message.command == SOURCE_READY:
                self._check_ready(message)
                return struct.unpack(">H", message.values[TLV_PORT])[0]
            else:
                raise MiceError(f"{NAMES[message.command]} does not belong there")
            first = False

    def _sealed(self) -> bool:
        """Whether the values of messages are encrypted by now."""
        return bool(self._options and self._dtls and self._dtls.ready)

    def _take_request(self, message: Message) -> None:
        self._demand_values(message, {TLV_NAME, TLV_SOURCE_ID, TLV_OPTIONS})
        self._options = message.values[TLV_OPTIONS][0]
        if self._options != OPTION_ENCRYPTION | OPTION_PIN:
            raise MiceError(f"the source wants {self._options:#x}")

    def _shake(self, message: Message) -> None:
        self._demand_values(message, {TLV_TOKEN, TLV_SOURCE_ID})
        if self._behaviour == "deaf":
            return
        if self._behaviour == "no-cipher":
            answer = bytes.fromhex("15fefd00000000000000000002") + bytes([2, 40])
        else:
            self._dtls = self._dtls or dtls.Dtls()
            answer = self._dtls.shake(message.values[TLV_TOKEN])
        if answer:
            self._channel.sendall(build(SECURITY_HANDSHAKE, (TLV_TOKEN, answer)))

    def _check_pin(self, message: Message) -> None:
        self._demand_values(message, {TLV_HASH, TLV_SOURCE_ID})
        right = message.values[TLV_HASH] == pin_hash(self._pin, self._peer)
        self._wrong_pins += not right
        if self._behaviour == "impatient" and not right:
            self.close()
            raise MiceError("the PIN is wrong")
        answer = build_values((TLV_HASH, pin_hash(self._pin, self._own)),
                              (TLV_RESULT, bytes([PIN_ACCEPTED if right else PIN_WRONG])))
        if self._behaviour == "impostor":
            answer = build_values((TLV_HASH, os.urandom(32)), (TLV_RESULT, bytes([PIN_ACCEPTED])))
        record = self._dtls.seal(answer)
        if self._behaviour == "garbled":
            record = record[:-1] + bytes([record[-1] ^ 1])
        self._channel.sendall(wrap(PIN_RESPONSE, record))
        self._proven = right

    def _demand_values(self, message: Message, wanted: set[int]) -> None:
        name, values = NAMES[message.command], message.values
        if set(values) != wanted:
            raise MiceError(f"{name} has the values {sorted(values)}")
        sizes = {TLV_PORT: 2, TLV_SOURCE_ID: 16, TLV_OPTIONS: 1, TLV_HASH: 32}
        if any(len(value) != sizes.get(kind, len(value)) for kind, value in values.items()) or \
                len(values.get(TLV_NAME, b"")) > 520:
            raise MiceError(f"{name} has values of the wrong size: {values}")
        identity = values[TLV_SOURCE_ID].hex()
        if self._source.setdefault("id", identity) != identity:
            raise MiceError(f"{name} is of another source")

    def _check_ready(self, message: Message) -> None:
        self._demand_values(message, {TLV_NAME, TLV_PORT, TLV_SOURCE_ID})
        if self._options & OPTION_PIN and not self._proven and self._behaviour != "impostor":
            raise MiceError("the source goes on without the PIN")
        self._source["name"] = message.values[TLV_NAME].decode("utf-16-le")

    def _receive(self) -> Message | None:
        header = self._exactly(4)
        if not header:
            return None
        size, version, command = struct.unpack(">HBB", header)
        body = self._exactly(size - 4)
        if len(body) != size - 4 or version != VERSION or command not in NAMES:
            raise MiceError(f"no message: {(header + body)[:16].hex()}")
        if self._sealed() and command != SECURITY_HANDSHAKE:
            body = self._dtls.open(body)
        message = parse(command, body)
        self._said.append((time.monotonic(), NAMES[command]))
        if command == STOP_PROJECTION and message.values.get(TLV_SOURCE_ID, b"").hex() != self._source.get("id"):
            raise MiceError("STOP_PROJECTION is of another source")
        return message

    def unseal(self, datagram: bytes) -> bytes | None:
        """An RTP packet; None if it was not encrypted as it should be."""
        try:
            return self._dtls.open(datagram)
        except Exception:  # whatever OpenSSL makes of it
            return None

    def encrypted(self) -> bool:
        return self._dtls is not None

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
        except Exception as error:  # of OpenSSL, too; it is in the facts
            self._said.append((time.monotonic(), f"error: {error}"))
        self._closed_t = time.monotonic()
        self.over.set()

    def misbehave(self) -> bool:
        """Before the call. Whether there is to be none."""
        if self._behaviour in ("reject", "demand-pin") and not self._proven:
            self.close()
        elif self._behaviour == "garbage":
            self._channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif self._behaviour == "security":
            self._channel.sendall(build(SECURITY_HANDSHAKE, (TLV_TOKEN, TOKEN)))
        return self._behaviour in ("silent", "reject", "garbage", "security") or \
            (self._behaviour == "demand-pin" and not self._proven)

    def act(self) -> None:
        """While it plays, if that is what it is to do."""
        if self._behaviour == "stop" and self._sealed():
            self._channel.sendall(wrap(STOP_PROJECTION, self._dtls.seal(build_values((TLV_NAME, "TV".encode("utf-16-le"))))))
        elif self._behaviour == "stop":
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
        return {"source": self._source, "came": self._came_t, "said": self._said, "closed": self._closed_t,
                "cipher": self._dtls.cipher() if self._dtls and self._dtls.ready else None,
                "wrong_pins": self._wrong_pins}
