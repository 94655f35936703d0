# SPDX-License-Identifier: LGPL-2.1-or-later
"""RTSP/1.0 as WFD uses it: an incremental reader that reports every deviation, a writer, a transcript."""
from __future__ import annotations

import dataclasses
import re
import time
from typing import Callable, Iterable

MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024

Complain = Callable[[str, str], None]

_REQUEST = re.compile(r"^([A-Z_]+) (\S+) RTSP/1\.0$")
_STATUS = re.compile(r"^RTSP/1\.0 ([1-5]\d\d) (.+)$")
_HEADER = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


@dataclasses.dataclass
class Message:
    """One RTSP message, request (method set) or response (status set)."""
    method: str | None = None
    uri: str | None = None
    status: int | None = None
    reason: str = ""
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def set_header(self, name: str, value: str) -> None:
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()] + [(name, value)]

    @property
    def cseq(self) -> int | None:
        value = self.header("CSeq")
        return int(value) if value is not None and value.isdigit() else None

    def start_line(self) -> str:
        if self.method:
            return f"{self.method} {self.uri} RTSP/1.0"
        return f"RTSP/1.0 {self.status} {self.reason}"

    def encode(self, lower_names: bool = False) -> bytes:
        headers = list(self.headers)
        if self.body and self.header("Content-Type") is None:
            headers.append(("Content-Type", "text/parameters"))
        if self.body and self.header("Content-Length") is None:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [self.start_line()]
        lines += [f"{k.lower() if lower_names else k}: {v}" for k, v in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def request(method: str, uri: str, cseq: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Message:
    return Message(method=method, uri=uri, headers=[("CSeq", str(cseq)), *headers], body=body)


def response(to: Message, status: int = 200, reason: str = "OK", headers: Iterable[tuple[str, str]] = (),
             body: bytes = b"") -> Message:
    return Message(status=status, reason=reason, headers=[("CSeq", to.header("CSeq") or "0"), *headers], body=body)


def parameters(lines: Iterable[str]) -> bytes:
    """A text/parameters body: every line ends in CRLF, the last one too."""
    return "".join(line + "\r\n" for line in lines).encode("utf-8")


class Reader:
    """Cuts a byte stream into messages. Deviations go to complain(rule, detail); reading goes on where it can."""

    def __init__(self, complain: Complain):
        self._complain = complain
        self._buffer = bytearray()
        self._after_body = False

    def pending(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Message]:
        self._buffer += data
        messages = []
        while True:
            message = self._next()
            if message is None:
                return messages
            messages.append(message)

    def _next(self) -> Message | None:
        while True:
            end = _END_OF_HEAD.search(self._buffer)
            if not end:
                if len(self._buffer) > MAX_HEAD:
                    self._complain("rtsp-too-big", f"{len(self._buffer)} bytes without an end of header")
                    self._buffer.clear()
                return None
            head = bytes(self._buffer[:end.start()])
            if b"\n" in (head + end.group()).replace(b"\r\n", b""):
                self._complain("rtsp-bare-lf", repr(head[:80]))
            message = self._parse_head(head.replace(b"\r\n", b"\n").decode("utf-8", "replace").split("\n"))
            if message is None:
                # Bytes that are no message after a message with a body: its length was probably wrong.
                del self._buffer[:end.end()]
                continue
            length = self._content_length(message)
            if len(self._buffer) < end.end() + length:
                return None
            message.body = bytes(self._buffer[end.end():end.end() + length])
            del self._buffer[:end.end() + length]
            self._after_body = bool(length)
            self._check_body(message)
            return message

    def _parse_head(self, lines: list[str]) -> Message | None:
        start = lines[0]
        message = Message()
        if match := _REQUEST.match(start):
            message.method, message.uri = match.groups()
        elif match := _STATUS.match(start):
            message.status, message.reason = int(match[1]), match[2]
        else:
            self._complain("rtsp-content-length" if self._after_body else "rtsp-start-line", repr(start[:80]))
            return None
        for line in lines[1:]:
            match = _HEADER.match(line)
            if not match or line.rstrip() != line:
                self._complain("rtsp-header-syntax", repr(line[:80]))
            if not match:
                continue
            if message.header(match[1]) is not None:
                self._complain("rtsp-header-duplicate", match[1])
            message.headers.append((match[1], match[2].strip()))
        cseq = message.header("CSeq")
        if cseq is None:
            self._complain("rtsp-cseq-missing", start)
        elif not cseq.isdigit():
            self._complain("rtsp-cseq-syntax", cseq)
        return message

    def _content_length(self, message: Message) -> int:
        value = message.header("Content-Length")
        if value is None:
            if message.header("Content-Type") is not None:
                self._complain("rtsp-content-length-missing", message.start_line())
            return 0
        if not value.isdigit() or int(value) > MAX_BODY:
            self._complain("rtsp-content-length", value)
            return 0
        return int(value)

    def _check_body(self, message: Message) -> None:
        if not message.body:
            return
        kind = message.header("Content-Type")
        if kind is None or kind.split(";")[0].strip().lower() != "text/parameters":
            self._complain("rtsp-content-type", f"{message.start_line()}: {kind}")
        if not message.body.endswith(b"\r\n") or b"\n" in message.body.replace(b"\r\n", b""):
            self._complain("rtsp-body-crlf", repr(message.body[-40:]))


def body_parameters(message: Message, complain: Complain) -> dict[str, str | None]:
    """Parameters of a body in order; the value is None for a bare name."""
    found: dict[str, str | None] = {}
    for line in message.body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if line != line.strip() or not re.fullmatch(r"[A-Za-z0-9_-]+", name) or (colon and value[:1] != " "):
            complain("rtsp-body-syntax", repr(line[:80]))
        name = name.strip()
        if name in found:
            complain("rtsp-body-duplicate", name)
        found[name] = value.strip() if colon else None
    return found


class Transcript:
    """rtsp.log: what went over the wire, byte for byte readable, with the time since the start."""

    def __init__(self, path: str, t0: float):
        self._file = open(path, "w", encoding="utf-8")
        self._t0 = t0

    def note(self, text: str) -> None:
        self._write("---", text)

    def sent(self, label: str, data: bytes) -> None:
        self._write(">>>", f"{label} ({len(data)} bytes)", data)

    def received(self, label: str, data: bytes) -> None:
        self._write("<<<", f"{label} ({len(data)} bytes)", data)

    def _write(self, arrow: str, title: str, data: bytes = b"") -> None:
        self._file.write(f"[{time.monotonic() - self._t0:10.4f}] {arrow} {title}\n")
        shown = data if len(data) <= 16384 else data[:16384] + b"... (cut)"
        for line in shown.decode("utf-8", "backslashreplace").replace("\r\n", "\n").splitlines():
            self._file.write(f"             | {line}\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
