# SPDX-License-Identifier: LGPL-2.1-or-later
"""A minimal scripted source for the self test of the sink. It knows one dialogue and can get single things wrong."""
from __future__ import annotations

import re
import socket
import threading
import time

import ts_maker

WFD = "rtsp://localhost/wfd1.0"
M3_NAMES = ("wfd_video_formats", "wfd_audio_codecs", "wfd_client_rtp_ports")
VIDEO = "00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none"
PUBLIC = "org.wfa.wfd1.0, SET_PARAMETER, GET_PARAMETER, SETUP, PLAY, PAUSE, TEARDOWN"


class FakeSource(threading.Thread):
    """Serves one sink. `flaws` maps a name to a replacement value; see the .get() calls below."""

    def __init__(self, flaws: dict | None = None, audio: bool = True, patience: float = 10.0,
                 address: str = "127.0.0.1", port: int = 0, units: list[bytes] | None = None):
        super().__init__(daemon=True)
        self._flaws = flaws or {}
        self._maker = self._flaws.get("maker") or ts_maker.Maker(audio=audio)
        self._patience = patience
        self._units = units or ts_maker.encoded_units()
        self._listener = socket.create_server((address, port))
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind((address, 0))
        self.port = self._listener.getsockname()[1]
        self._cseq, self._buffer = 0, b""
        self._playing = threading.Event()
        self._over = threading.Event()
        self._force_idr = False
        self._sink_port = 0
        self.idr_requests = 0

    # -- messages --------------------------------------------------------------------------------------------

    def _request(self, start: str, headers: str = "", body: str = "") -> None:
        self._cseq += self._flaws.get("cseq_step", 1)
        self._write(f"{start} RTSP/1.0\r\nCSeq: {self._cseq}\r\n{headers}", body)

    def _write(self, head: str, body: str = "") -> None:
        if body:
            head += f"Content-Type: text/parameters\r\nContent-Length: {len(body) + self._flaws.get('length', 0)}\r\n"
        data = (head + "\r\n" + body).encode()
        if "bare_lf" in self._flaws:
            data = data.replace(b"\r\n", b"\n")
        self._socket.sendall(data)

    def _read(self) -> tuple[str, str, str] | None:
        """(start line, CSeq, body) of the next message; None when the sink is gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                return None
        end = self._buffer.index(b"\r\n\r\n") + 4
        text = self._buffer[:end].decode()
        size = int((re.search(r"(?im)^content-length: *(\d+)", text) or [0, 0])[1])
        while len(self._buffer) < end + size:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[end:end + size].decode(), self._buffer[end + size:]
        return text.split("\r\n")[0], re.search(r"(?im)^cseq: *(\d+)", text)[1], body

    def _fill(self) -> bool:
        data = self._socket.recv(4096)
        self._buffer += data
        return bool(data)

    def _expect(self, start: str) -> tuple[str, str, str]:
        message = self._read()
        if message is None or not message[0].startswith(start):
            raise ConnectionError(f"wanted {start}, got {message}")
        return message

    def _ok(self, cseq: str, headers: str = "") -> None:
        self._write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{headers}")

    # -- the dialogue ------------------------------------------------------------------------------------------

    def run(self) -> None:
        self._socket, peer = self._listener.accept()
        self._socket.settimeout(self._patience)
        media = threading.Thread(target=self._stream, args=(peer[0],), daemon=True)
        try:
            self._set_up()
            media.start()
            self._serve()
        except (ConnectionError, TimeoutError, OSError):
            pass
        self._over.set()
        if media.ident:
            media.join()
        for one in (self._socket, self._listener, self._rtp):
            one.close()

    def _set_up(self) -> None:
        flaws = self._flaws
        time.sleep(flaws.get("m1_delay", 0))
        self._request("OPTIONS *", flaws.get("require", "Require: org.wfa.wfd1.0\r\n"))
        self._expect("RTSP/1.0 200")
        _, cseq, _ = self._expect("OPTIONS")
        self._ok(cseq, f"Public: {flaws.get('public', PUBLIC)}\r\n")
        self._request(f"GET_PARAMETER {WFD}", "", "".join(n + "\r\n" for n in flaws.get("m3", M3_NAMES)))
        answer = self._expect("RTSP/1.0 200")[2]
        ports = re.search(r"wfd_client_rtp_ports: (.*)\r\n", answer)[1]
        self._sink_port = int(ports.split()[1])
        audio = "wfd_audio_codecs: " + flaws.get("audio", "LPCM 00000002 00") + "\r\n" if self._maker.audio else ""
        self._request(f"SET_PARAMETER {WFD}", "", f"wfd_video_formats: {flaws.get('video', VIDEO)}\r\n" + audio +
                      f"wfd_presentation_URL: {flaws.get('url', 'rtsp://127.0.0.1/wfd1.0/streamid=0 none')}\r\n"
                      f"wfd_client_rtp_ports: {flaws.get('ports', ports)}\r\n" + flaws.get("m4_more", ""))
        self._expect("RTSP/1.0 200")
        self._trigger("SETUP")
        self._expect("RTSP/1.0 200")
        _, cseq, _ = self._expect("SETUP")
        self._ok(cseq, flaws.get("session", "Session: 12345678;timeout=30\r\n") + flaws.get(
            "transport", f"Transport: RTP/AVP/UDP;unicast;client_port={self._sink_port};"
                         f"server_port={self._rtp.getsockname()[1]}\r\n"))

    def _trigger(self, what: str) -> None:
        self._request(f"SET_PARAMETER {WFD}", "", f"wfd_trigger_method: {what}\r\n")

    def _serve(self) -> None:
        """After M6: obeys PLAY, PAUSE, TEARDOWN and key frame requests; sends what `in_play` lists after PLAY."""
        while message := self._read():
            start, cseq, body = message
            if start.startswith("RTSP/1.0"):
                continue
            self._ok(cseq, "Session: 12345678\r\n")
            if start.startswith("PLAY"):
                self._force_idr = "stale" not in self._flaws
                self._playing.set()
                for body_text in self._flaws.pop("in_play", ()):
                    self._request(f"SET_PARAMETER {WFD}" if body_text else f"GET_PARAMETER {WFD}", "", body_text)
            elif start.startswith("PAUSE") or "wfd_standby" in body:
                if "stream_on" not in self._flaws:
                    self._playing.clear()
            elif "wfd_idr_request" in body:
                self.idr_requests += 1
                self._force_idr = True
            elif start.startswith("TEARDOWN"):
                return

    def _stream(self, address: str) -> None:
        units = self._units
        # Media time counts ticks of 80 ms whether they are sent or not, as a live source's clock does.
        seq, number, tick, begin = 7, 0, 0, time.monotonic()
        while not self._over.is_set():
            time.sleep(max(0.0, begin + tick * 0.08 - time.monotonic()))
            now = 90000 + tick * 7200
            tick += 1
            if not self._playing.is_set():
                continue
            if self._force_idr:
                self._force_idr, number = False, 0
            packets = self._maker.frame(number, units[number % len(units)], now)
            for payload in ts_maker.datagrams(packets):
                self._rtp.sendto(ts_maker.rtp_packet(seq, now, payload, **self._flaws.get("rtp", {})),
                                 (address, self._sink_port))
                seq += self._flaws.get("seq_step", 1)
            number += 1
