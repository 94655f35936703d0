# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sink's half of the WFD dialogue: M1 to M16, its timers, and the points where a script may interfere.

Single-threaded: one loop reads the socket and runs a heap of timers. RTP is received on another thread.
"""
from __future__ import annotations

import dataclasses
import enum
import heapq
import itertools
import os
import re
import select
import socket
import struct
import time
from typing import Callable

from . import params, rtsp
from .misbehave import BYTE_ACTIONS, Script, Step
from .rules import Findings

WFD_URI = "rtsp://localhost/wfd1.0"
SOURCE_METHODS = ("org.wfa.wfd1.0", "SET_PARAMETER", "GET_PARAMETER", "SETUP", "PLAY", "PAUSE", "TEARDOWN")
FORBIDDEN_METHODS = ("DESCRIBE", "ANNOUNCE", "RECORD", "REDIRECT")
LATENCY = "microsoft_latency_management_capability"
SINK_PUBLIC = "org.wfa.wfd1.0, SET_PARAMETER, GET_PARAMETER"
ANSWER_LIMIT = 5.0
KEEPALIVE_MARGIN = 5.0
LINGER = 30.0                       # how long a source may keep a session that is dead for it


class State(enum.Enum):
    WAIT_M1 = "waiting for M1"
    WAIT_M2_ANSWER = "waiting for the answer to M2"
    WAIT_M3 = "waiting for M3"
    WAIT_M4 = "waiting for M4"
    WAIT_M5 = "waiting for M5"
    WAIT_M6_ANSWER = "waiting for the answer to M6"
    WAIT_M7_ANSWER = "waiting for the answer to M7"
    PLAYING = "playing"
    PAUSED = "paused"
    STANDBY = "standby"
    CLOSING = "tearing down"
    CLOSED = "closed"


# Seconds the source has to move the session out of a state (WFD 6.5), and the finding if it does not.
DEADLINES = {State.WAIT_M1: (6.0, "m1-timeout"), State.WAIT_M3: (6.0, "m3-timeout"),
             State.WAIT_M4: (6.0, "m4-timeout"), State.WAIT_M5: (6.0, "m5-timeout")}
IN_SESSION = (State.PLAYING, State.PAUSED, State.STANDBY)


@dataclasses.dataclass
class Options:
    host: str = "127.0.0.1"
    port: int = 7236
    bind: str | None = None
    retry: float = 90.0
    patience: float | None = None
    duration: float = 10.0
    time_scale: float = 1.0
    video_formats: str = params.DEFAULT_VIDEO
    audio_codecs: str = params.DEFAULT_AUDIO
    wfd2_video_formats: str | None = None
    wfd2_audio_codecs: str | None = None
    edid: bytes = b""
    user_agent: str = "wfd-sink/1.0"
    first_cseq: int = 1
    extra: dict = dataclasses.field(default_factory=dict)       # parameters of the M3 answer: added, replaced, None: left out
    means: dict = dataclasses.field(default_factory=dict)       # what a defective one stands for: M4 is held to this
    tolerate: list = dataclasses.field(default_factory=list)    # requests whose refusal is no finding
    schedule: list = dataclasses.field(default_factory=list)    # (seconds after PLAY, message)
    end_with: str = "teardown"                                  # or "close", "wait" (for the source to end it)
    ignores: list = dataclasses.field(default_factory=list)     # of PLAY, PAUSE, M12: answers 200 and does nothing
    refuses: list = dataclasses.field(default_factory=list)     # of the same: answers 406
    one_read: float = 0.0                                       # takes one read for one message, so long after it came
    port_pair: bool = False                                     # asks for RTP and RTCP, and reports


class Session:
    """One session with one source. run() returns when the connection is gone."""

    def __init__(self, options: Options, script: Script, findings: Findings, transcript: rtsp.Transcript,
                 rtp_port: int, t0: float):
        self.options, self.script = options, script
        self.findings, self.transcript = findings, transcript
        self.rtp_port, self.t0 = rtp_port, t0
        self.state = State.WAIT_M1
        self.peer = ""
        self.ended_by: str | None = None
        self.played = False
        self._played_t = 0.0
        self.negotiated: dict = {}
        self.formats: list[dict] = []           # every M4 video format with the time it was set
        self.quiet: list[list] = []             # [from, to, why]: times without a picture
        self.events: list[tuple[float, str]] = []
        self.idr_requests: list[float] = []
        self.keepalives: list[float] = []
        self.play_sent_t: float | None = None   # the first time
        self._last_play_t = 0.0
        self._timers: list = []
        self._order = itertools.count()
        self._reader = rtsp.Reader(self.complain)
        self._pending: dict[int, tuple[str, float]] = {}
        self._deadline_token = 0.0
        self._cseq = options.first_cseq
        self._source_cseq: int | None = None
        self._seen: dict[str, int] = {}
        self._held = b""
        self._silent = False
        self._session_id: str | None = None
        self._keepalive_timeout = 60.0
        self._last_keepalive = 0.0
        self._url = WFD_URI + "/streamid=0"
        self._m3_answered = False
        self._offer: dict[str, str] = {}
        self._extra_sockets: list[socket.socket] = []

    # -- time ------------------------------------------------------------------------------------------------

    def now(self) -> float:
        return time.monotonic() - self.t0

    def complain(self, rule: str, detail: str = "") -> None:
        self.transcript.note(f"FINDING {rule}: {detail}")
        self.findings.add(rule, detail, self.now())

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now() + seconds, next(self._order), action))

    def _enter(self, state: State) -> None:
        """The only place that changes the state; arms the source's deadline."""
        if self.state is State.CLOSED:
            return
        self.state = state
        self.events.append((round(self.now(), 4), state.name))
        self.transcript.note(f"state: {state.value}")
        if state in DEADLINES:
            limit, rule = DEADLINES[state]
            armed = self.now()
            self._deadline_token = armed
            self._after(limit * self.options.time_scale, lambda: self._deadline(state, armed, limit, rule))

    def _deadline(self, state: State, armed: float, limit: float, rule: str) -> None:
        if self.state is not state or self._deadline_token != armed or self.script.expect in ("ends", "any"):
            return
        self.complain(rule, f"{state.value} for {self.now() - armed:.1f} s (limit {limit} s)")
        self._finish("timeout")

    def _finish(self, ended_by: str) -> None:
        if self.state is not State.CLOSED:
            self._enter(State.CLOSED)
            self.ended_by = self.ended_by or ended_by

    # -- connection ------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """TCP connection with retries; raises ConnectionError with the reason of the last attempt."""
        deadline = time.monotonic() + self.options.retry
        while True:
            try:
                source = (self.options.bind, 0) if self.options.bind else None
                self._socket = socket.create_connection((self.options.host, self.options.port), 5, source)
                self._await_first_word()
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ConnectionError(f"no source at {self.options.host}:{self.options.port}: {error}") from error
                time.sleep(0.2)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(10)
        self.peer = self._socket.getpeername()[0]
        self.transcript.note(f"connected to {self.peer}:{self.options.port}")

    def _await_first_word(self) -> None:
        """What televisions do that dial again when the source says nothing."""
        patience = self.options.patience
        if patience is None or select.select([self._socket], [], [], patience)[0]:
            return
        self._socket.close()
        self.transcript.note(f"hung up, since nothing came within {patience:g} s")
        raise TimeoutError(f"nothing came within {patience:g} s")

    def run(self) -> None:
        self._enter(State.WAIT_M1)
        self._reached("connected")
        self._watch()
        while self.state is not State.CLOSED:
            self._run_timers()
            if self.state is State.CLOSED:
                break
            wait = max(0.0, self._timers[0][0] - self.now()) if self._timers else 1.0
            if select.select([self._socket], [], [], min(wait, 1.0))[0]:
                self._read()
        for extra in self._extra_sockets:
            extra.close()
        self._socket.close()

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= self.now() and self.state is not State.CLOSED:
            heapq.heappop(self._timers)[2]()

    def _read(self) -> None:
        if self.options.one_read:
            time.sleep(self.options.one_read)
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.transcript.note("the source closed the connection")
            if self._reader.pending():
                self.complain("rtsp-truncated", f"{self._reader.pending()} bytes of a message")
            return self._finish("source")
        if self._silent:
            return None
        messages = list(self._reader.feed(data))
        if self.options.one_read and len(messages) > 1:
            self.complain("rtsp-together", " and ".join(message.start_line() for message in messages))
            messages = messages[:1]
        for message in messages:
            if self.state is not State.CLOSED and not self._silent:
                self._handle(message)
        return None

    def _watch(self) -> None:
        """Once a second: open requests, keep-alive, and a source that never lets go."""
        if self.state is State.CLOSED:
            return
        scale, now = self.options.time_scale, self.now()
        misbehaved = self.script.expect in ("ends", "any")
        for cseq, (label, sent) in list(self._pending.items()):
            if now - sent > ANSWER_LIMIT * scale:
                del self._pending[cseq]
                if not self._silent and not misbehaved:
                    self.complain("answer-timeout", f"{label} (CSeq {cseq})")
                    return self._finish("timeout")
        last_sign = max((t for t, _ in self.events), default=0.0)
        if misbehaved and self.state not in IN_SESSION and now - last_sign > LINGER * scale:
            if self.script.expect == "ends":
                self.complain("source-hung", f"{self.state.value} for {now - last_sign:.0f} s")
            return self._finish("linger")
        patience = self.options.duration + (self._keepalive_timeout + LINGER) * scale
        if self.state in IN_SESSION and self.script.expect in ("ends", "closed") and now - self._played_t > patience:
            if self.script.expect == "ends":
                self.complain("source-hung", f"still {self.state.value} after {now - self._played_t:.0f} s")
            return self._finish("linger")
        if self.state in IN_SESSION and now - self._last_keepalive > self._keepalive_timeout * scale:
            if not self._silent:
                self.complain("m16-missing", f"none for {now - self._last_keepalive:.0f} s")
                return self._finish("timeout")
        self._after(1.0, self._watch)
        return None

    # -- sending ---------------------------------------------------------------------------------------------

    def _send(self, label: str, message: rtsp.Message) -> None:
        """Sends one message, after the script's byte actions, and then runs its event actions."""
        if self._silent or self.state is State.CLOSED:
            return
        if message.header("User-Agent") is None and self.options.user_agent:
            message.headers.append(("User-Agent", self.options.user_agent))
        self._seen[label] = nth = self._seen.get(label, 0) + 1
        steps = [s for s in self.script.steps if s.on == label and s.do in BYTE_ACTIONS and s.nth in (0, nth)]
        delay = sum(s.args["seconds"] for s in steps if s.do == "delay") * self.options.time_scale
        if message.method and not any(s.do == "drop" for s in steps):
            self._pending[message.cseq] = (label, self.now() + delay)
        if delay:
            self._after(delay, lambda: self._transmit(label, nth, message, steps))
        else:
            self._transmit(label, nth, message, steps)

    def _transmit(self, label: str, nth: int, message: rtsp.Message, steps: list[Step]) -> None:
        data, size, gap, hold = apply_byte_actions(message, steps)
        if self._held:
            data, self._held = self._held + data, b""
        if hold:
            self._held = data
            self.transcript.note(f"{label} held back to go with the next message")
        elif data:
            self.transcript.sent(label, data)
            self._write(data, size, gap)
        self._fire(label, nth)

    def _write(self, data: bytes, size: int = 0, gap: float = 0.0) -> None:
        try:
            if not size:
                return self._socket.sendall(data)
            for start in range(0, len(data), size):
                self._socket.sendall(data[start:start + size])
                time.sleep(gap)
        except OSError as error:
            self.transcript.note(f"sending failed: {error}")
            self._finish("source")
        return None

    def _reached(self, point: str) -> None:
        self._seen[point] = nth = self._seen.get(point, 0) + 1
        self._fire(point, nth)

    def _fire(self, point: str, nth: int) -> None:
        for step in self.script.steps:
            if step.on == point and step.do not in BYTE_ACTIONS and step.nth in (0, nth):
                if step.after:
                    self._after(step.after * self.options.time_scale, lambda s=step: self._event_action(s))
                else:
                    self._event_action(step)

    def _event_action(self, step: Step) -> None:
        args = step.args
        self.transcript.note(f"script: {step.do} {args}")
        if step.do == "close":
            if args["reset"]:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._finish("script")
        elif step.do == "silence":
            self._silent = True
        elif step.do == "garbage":
            self._write(args["data"].encode("latin-1") * (args["size"] or 1) if args["data"] else os.urandom(args["size"]))
        elif step.do == "request":
            for index in range(args["count"]):
                self._after(index * args["gap"], lambda: self.request(args["message"]))
        elif step.do == "connections":
            for _ in range(args["count"]):
                extra = socket.socket()
                extra.settimeout(2)
                extra.connect_ex((self.options.host, self.options.port))
                self._extra_sockets.append(extra)

    def _client_ports(self) -> str:
        return f"{self.rtp_port}-{self.rtp_port + 1}" if self.options.port_pair else str(self.rtp_port)

    # -- requests of the sink ----------------------------------------------------------------------------------

    def request(self, name: str) -> None:
        """Sends one of the sink's requests: M2, M6, M7, M8, M9, M10, M11, M12, M13, M14, M15."""
        name, _, argument = name.partition("=")
        session = [("Session", self._session_id)] if self._session_id else []
        table = {
            "M2": ("OPTIONS", "*", [("Require", "org.wfa.wfd1.0")], []),
            "M6": ("SETUP", self._url, [("Transport", f"RTP/AVP/UDP;unicast;client_port={self._client_ports()}")], []),
            "M7": ("PLAY", self._url, session, []),
            "M8": ("TEARDOWN", self._url, session, []),
            "M9": ("PAUSE", self._url, session, []),
            "M10": ("SET_PARAMETER", WFD_URI, session, [f"wfd_route: {argument or 'primary'}"]),
            "M11": ("SET_PARAMETER", WFD_URI, session, [f"wfd_connector_type: {argument or '05'}"]),
            "M12": ("SET_PARAMETER", WFD_URI, session, ["wfd_standby"]),
            "M13": ("SET_PARAMETER", WFD_URI, session, ["wfd_idr_request"]),
            "M14": ("SET_PARAMETER", WFD_URI, session, [f"wfd_uibc_capability: {argument or 'none'}"]),
            "M15": ("SET_PARAMETER", WFD_URI, session, [f"wfd_uibc_setting: {argument or 'enable'}"]),
        }
        if name not in table:
            raise ValueError(f"{name} is not a request of a sink")
        method, uri, headers, lines = table[name]
        message = rtsp.request(method, uri, self._cseq, headers, rtsp.parameters(lines) if lines else b"")
        self._cseq += 1
        if name == "M13":
            self.idr_requests.append(self.now())
        if name == "M7":
            self._last_play_t = self.now()
            if self.play_sent_t is None:
                self.play_sent_t = self._last_play_t
        if name == "M8" and self.state is not State.CLOSED:
            self._enter(State.CLOSING)
        self._send(name, message)

    # -- receiving -------------------------------------------------------------------------------------------

    def _handle(self, message: rtsp.Message) -> None:
        label = self._label(message)
        self.transcript.received(label, message.encode())
        self.events.append((round(self.now(), 4), label))
        if message.status is not None:
            self._handle_answer(message)
            return
        self._check_request(message)
        handler = {"M1": self._on_m1, "M3": self._on_m3, "M4": self._on_m4, "M5": self._on_m5, "M12": self._on_m12,
                   "M14": self._on_accept, "M15": self._on_accept, "M16": self._on_m16,
                   "latency": self._on_latency}.get(label)
        self._reached(f"{label}.received")
        if label == "M3" and message.body.count(b"\n") > 3:
            self._reached("M3.long")
        if self.state is State.CLOSED or self._silent:
            return
        if handler:
            handler(message)
        else:
            self.complain("rtsp-method-unknown", message.start_line())
            self._answer("error", message, 405, "Method Not Allowed")

    def _label(self, message: rtsp.Message) -> str:
        if message.status is not None:
            pending = self._pending.get(message.cseq)
            return f"{pending[0]}.answered" if pending else "stray answer"
        if message.method == "OPTIONS":
            return "M1"
        if message.method == "GET_PARAMETER":
            return "M3" if message.body else "M16"
        if message.method == "SET_PARAMETER":
            names = rtsp.body_parameters(message, lambda *_: None)
            for name, label in (("wfd_trigger_method", "M5"), ("wfd_standby", "M12"), ("wfd_uibc_setting", "M15")):
                if name in names:
                    return label
            if list(names) == ["wfd_uibc_capability"]:
                return "M14"
            if list(names) == [LATENCY]:
                return "latency"
            return "M4"
        return message.method

    def _check_request(self, message: rtsp.Message) -> None:
        cseq = message.cseq
        if cseq is not None:
            if self._source_cseq is not None and cseq != self._source_cseq + 1:
                self.complain("rtsp-cseq-order", f"{self._source_cseq} then {cseq}")
            self._source_cseq = cseq
        expected = "*" if message.method == "OPTIONS" else WFD_URI
        if message.uri != expected:
            self.complain("rtsp-uri", message.start_line())
        if self.state is State.WAIT_M1 and message.method != "OPTIONS":
            self.complain("m1-not-first", message.start_line())

    def _answer(self, label: str, to: rtsp.Message, status: int = 200, reason: str = "OK",
                headers: list = (), lines: list = ()) -> None:
        self._send(f"{label}.answer", rtsp.response(to, status, reason, headers, rtsp.parameters(lines)))

    def _on_m1(self, message: rtsp.Message) -> None:
        if (message.header("Require") or "").strip() != "org.wfa.wfd1.0":
            self.complain("m1-require", str(message.header("Require")))
        self._answer("M1", message, headers=[("Public", SINK_PUBLIC)])
        if self.state is State.WAIT_M1:
            self._enter(State.WAIT_M2_ANSWER)
            self.request("M2")

    def _on_m3(self, message: rtsp.Message) -> None:
        asked = [line for line in message.body.decode("utf-8", "replace").split("\r\n") if line]
        for name in asked:
            if name != name.strip() or not re.fullmatch(r"[A-Za-z0-9_]+", name):
                self.complain("rtsp-body-syntax", repr(name[:80]))
        if self.state is State.WAIT_M2_ANSWER and self.script.expect == "plays":
            self.complain("m3-before-m2", ", ".join(asked)[:200])
        if not self._m3_answered:
            video = {"wfd_video_formats", "wfd2_video_formats"} & set(asked)
            audio = {"wfd_audio_codecs", "wfd2_audio_codecs"} & set(asked)
            if not (video and audio and "wfd_client_rtp_ports" in asked):
                self.complain("m3-mandatory", ", ".join(asked)[:200])
        known = self._parameters()
        # A release 2 sink that is asked for both generations answers the newer one only (WFD 6.1.21).
        hidden = {"wfd_" + name[5:] for name in asked if name.startswith("wfd2_") and name in known}
        answer = {name: known[name] for name in asked if name in known and name not in hidden}
        self._offer.update({**answer, **self.options.means})
        self._m3_answered = True
        self._answer("M3", message, lines=[f"{name}: {value}" for name, value in answer.items()])
        if self.state in (State.WAIT_M3, State.WAIT_M2_ANSWER):
            self._enter(State.WAIT_M4)

    def _parameters(self) -> dict[str, str]:
        options = self.options
        known = {
            "wfd_video_formats": options.video_formats,
            "wfd_audio_codecs": options.audio_codecs,
            "wfd_client_rtp_ports": f"RTP/AVP/UDP;unicast {self.rtp_port} 0 mode=play",
            "wfd_3d_video_formats": "none",
            "wfd_content_protection": "none",
            "wfd_display_edid": params.edid_value(options.edid),
            "wfd_coupled_sink": "none",
            "wfd_uibc_capability": "none",
            "wfd_standby_resume_capability": "supported",
            "wfd_connector_type": "05",
            "wfd_I2C": "none",
            "wfd_idr_request_capability": "1",
        }
        if options.wfd2_video_formats:
            known["wfd2_video_formats"] = options.wfd2_video_formats
        if options.wfd2_audio_codecs:
            known["wfd2_audio_codecs"] = options.wfd2_audio_codecs
        known.update(options.extra)
        return {name: value for name, value in known.items() if value is not None}

    def _on_m4(self, message: rtsp.Message) -> None:
        values = rtsp.body_parameters(message, self.complain)
        in_play = self.state in IN_SESSION
        if not self._m3_answered:
            self.complain("m4-before-m3", ", ".join(values))
        refused: dict[str, int] = {}
        allowed = set(self._offer) | {"wfd_presentation_URL", "wfd_av_format_change_timing"}
        for name in values:
            if name not in allowed:
                self.complain("m4-unknown-parameter", name)
        agreed = self._check_formats(values, refused)
        self._check_transport(values, refused, in_play)
        timing = values.get("wfd_av_format_change_timing")
        if in_play != (timing is not None):
            self.complain("m4-change-timing", f"{'missing' if in_play else 'present'} in state {self.state.value}")
        if timing is not None:
            try:
                agreed["change_pts"], agreed["change_dts"] = params.check_change_timing(timing)
            except params.Bad as bad:
                self.complain(bad.rule, str(bad))
        if refused:
            self._answer("M4", message, 303, "See Other", lines=[f"{n}: {code}" for n, code in refused.items()])
            return
        if self._script_refuses("M4.answer"):
            self._answer("M4", message)
            return
        self.negotiated.update(agreed)
        if "video" in agreed or "audio" in agreed:
            self.formats.append({"t": round(self.now(), 4), **agreed})
        self._answer("M4", message)
        if self.state is State.WAIT_M4:
            self._enter(State.WAIT_M5)

    def _script_refuses(self, label: str) -> bool:
        """Whether the script makes a refusal of the next message of this kind."""
        nth = self._seen.get(label, 0) + 1
        return any(step.on == label and step.do == "answer" and step.nth in (0, nth) and step.args["status"] != 200
                   for step in self.script.steps)

    def _check_formats(self, values: dict, refused: dict) -> dict:
        agreed: dict = {}
        for kind in ("video_formats", "audio_codecs"):
            names = [name for name in (f"wfd_{kind}", f"wfd2_{kind}") if name in values]
            if len(names) > 1:
                self.complain("m4-both-generations", kind)
            if not names:
                if self.state is State.WAIT_M4 and kind == "video_formats":
                    self.complain("m4-missing", "video formats")
                if self.state is State.WAIT_M4 and kind == "audio_codecs" and self.options.audio_codecs != "none":
                    self.complain("m4-missing", "audio codecs")
                continue
            name, generation = names[-1], 2 if names[-1].startswith("wfd2_") else 1
            offered = self._offer.get(name, "none")
            try:
                if kind == "video_formats":
                    agreed["video"] = params.check_m4_video(values[name] or "", offered, generation, self.complain)
                else:
                    agreed["audio"] = params.check_m4_audio(values[name] or "", offered, generation)
            except params.Bad as bad:
                self.complain(bad.rule, str(bad))
                refused[name] = 415
        return agreed

    def _check_transport(self, values: dict, refused: dict, in_play: bool) -> None:
        if "wfd_presentation_URL" in values:
            try:
                self._url = params.check_m4_url(values["wfd_presentation_URL"] or "", self.peer)
            except params.Bad as bad:
                self.complain(bad.rule, str(bad))
                first = (values["wfd_presentation_URL"] or "").split(" ")[0]
                if first.startswith("rtsp://"):
                    self._url = first
        elif not in_play:
            self.complain("m4-missing", "wfd_presentation_URL")
        if "wfd_client_rtp_ports" in values:
            if values["wfd_client_rtp_ports"] != self._offer.get("wfd_client_rtp_ports"):
                self.complain("m4-rtp-ports", str(values["wfd_client_rtp_ports"]))
                refused["wfd_client_rtp_ports"] = 401
        elif not in_play:
            self.complain("m4-missing", "wfd_client_rtp_ports")

    def _on_m5(self, message: rtsp.Message) -> None:
        trigger = rtsp.body_parameters(message, self.complain)["wfd_trigger_method"]
        expected = {"SETUP": (State.WAIT_M5,), "PLAY": (State.PAUSED, State.STANDBY), "PAUSE": (State.PLAYING,),
                    "TEARDOWN": tuple(State)}
        if trigger not in expected:
            self.complain("m5-trigger", str(trigger))
            return self._answer("M5", message, 303, "See Other", lines=["wfd_trigger_method: 415"])
        if trigger in self.options.refuses:
            return self._answer("M5", message, 406, "Not Acceptable")
        if trigger in self.options.ignores:
            self._answer("M5", message)
            return self._reached(f"M5.{trigger}")
        if self.state not in expected[trigger]:
            self.complain("m5-state", f"{trigger} while {self.state.value}")
            return self._answer("M5", message, 406, "Not Acceptable")
        self._answer("M5", message)
        self._reached(f"M5.{trigger}")
        if trigger == "TEARDOWN":
            self.ended_by = "source-trigger"
        if self.state is State.CLOSED:
            return None
        if trigger == "SETUP":
            self._enter(State.WAIT_M6_ANSWER)
        return self.request({"SETUP": "M6", "PLAY": "M7", "PAUSE": "M9", "TEARDOWN": "M8"}[trigger])

    def _on_m12(self, message: rtsp.Message) -> None:
        if "M12" in self.options.refuses:
            return self._answer("M12", message, 406, "Not Acceptable")
        self._answer("M12", message)
        if self.state is State.PLAYING and "M12" not in self.options.ignores:
            self._begin_quiet("standby")
            self._enter(State.STANDBY)
        return None

    def _on_accept(self, message: rtsp.Message) -> None:
        self._answer(self._label(message), message)

    def _on_latency(self, message: rtsp.Message) -> None:
        """[MS-WFDPE] 2.4.1.1: only a sink is told that has said that it manages its latency, in one of three words."""
        word = rtsp.body_parameters(message, lambda *_: None)[LATENCY]
        if self._offer.get(LATENCY) != "supported" or word not in ("low", "normal", "high"):
            self.complain("latency-mode", word or "")
        self._answer("latency", message)

    def _on_m16(self, message: rtsp.Message) -> None:
        session = message.header("Session")
        if session is not None and session != self._session_id:
            self.complain("m16-session", session)
        now = self.now()
        limit = (self._keepalive_timeout - KEEPALIVE_MARGIN) * self.options.time_scale
        if self._last_keepalive and now - self._last_keepalive > limit:
            self.complain("m16-late", f"{now - self._last_keepalive:.1f} s after the last (limit {limit:.0f} s)")
        self._last_keepalive = now
        self.keepalives.append(round(now, 3))
        self._answer("M16", message)

    def _handle_answer(self, message: rtsp.Message) -> None:
        entry = self._pending.pop(message.cseq, None)
        if entry is None:
            return self.complain("rtsp-cseq-unknown", f"{message.status} with CSeq {message.header('CSeq')}")
        label = entry[0]
        if message.status != 200 and label not in self.options.tolerate:
            rule = {"M10": "m14-status", "M11": "m14-status", "M15": "m14-status"}.get(label, f"{label.lower()}-status")
            self.complain(rule, f"{message.status} {message.reason}")
        session = message.header("Session")
        if self._session_id and label != "M6" and session and session.split(";")[0].strip() != self._session_id:
            self.complain("session-header", session)
        if message.status == 200:
            handler = {"M2": self._m2_answered, "M6": self._m6_answered, "M7": self._m7_answered,
                       "M8": self._m8_answered, "M9": self._m9_answered, "M12": self._m12_answered}.get(label)
            if handler:
                handler(message)
        elif label in ("M2", "M6", "M7") and label not in self.options.tolerate:
            self._finish("refused")
        if self.state is not State.CLOSED:
            self._reached(f"{label}.answered")
        return None

    def _m2_answered(self, message: rtsp.Message) -> None:
        public = message.header("Public") or ""
        if '"' in public:
            self.complain("m2-public-quoted", public)
        methods = [word.strip() for word in public.replace('"', "").split(",")]
        if missing := [m for m in SOURCE_METHODS if m not in methods]:
            self.complain("m2-public", f"without {', '.join(missing)}")
        if forbidden := [m for m in FORBIDDEN_METHODS if m in methods]:
            self.complain("m2-public-forbidden", ", ".join(forbidden))
        if self.state is State.WAIT_M2_ANSWER:
            self._enter(State.WAIT_M3)

    def _m6_answered(self, message: rtsp.Message) -> None:
        session = message.header("Session") or ""
        self._session_id, _, rest = (part.strip() for part in session.partition(";"))
        if not re.fullmatch(r"[A-Za-z0-9$_.+-]{8,}", self._session_id):
            self.complain("m6-session", session)
        if len(self._session_id) > 15:
            self.complain("m6-session-long", session)
        timeout = re.fullmatch(r"timeout=(\d+)", rest)
        if rest and (not timeout or int(timeout[1]) < 10):
            self.complain("m6-session-timeout", session)
        elif timeout:
            self._keepalive_timeout = float(timeout[1])
        transport = [word.strip() for word in (message.header("Transport") or "").split(";")]
        fields = dict(word.partition("=")[::2] for word in transport)
        if transport[0] != "RTP/AVP/UDP" or "unicast" not in transport:
            self.complain("m6-transport", ";".join(transport))
        if fields.get("client_port") != self._client_ports():
            self.complain("m6-client-port", ";".join(transport))
        server = re.fullmatch(r"(\d+)(?:-(\d+))?", fields.get("server_port", ""))
        if not server:
            self.complain("m6-transport", "no server_port")
        else:
            self.negotiated["server_port"] = int(server[1])
            if self.options.port_pair:
                self._check_port_pair(int(server[1]), int(server[2] or 0))
        self.negotiated["session_timeout"] = self._keepalive_timeout
        self._last_keepalive = self.now()
        if self.state is State.WAIT_M6_ANSWER:
            self._enter(State.WAIT_M7_ANSWER)
            self.request("M7")

    def _check_port_pair(self, rtp_port: int, rtcp_port: int) -> None:
        """As AOSP's sink, which ends without a pair; then reports as it does, from a connected socket."""
        self.negotiated["server_rtcp_port"] = rtcp_port
        if not rtcp_port:
            self.complain("m6-port-pair", f"server_port={rtp_port}")
            return self._finish("refused")
        if rtp_port % 2 or rtcp_port != rtp_port + 1:
            self.complain("m6-port-pair", f"server_port={rtp_port}-{rtcp_port}")
        self._reports = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._reports.bind((self.options.bind or "", 0))
        self._reports.connect((self.peer, rtcp_port))
        self._extra_sockets.append(self._reports)
        return self._report_reception()

    def _report_reception(self) -> None:
        """A receiver report with one block, twice a second; whether the one before was taken shows now."""
        if self.state is State.CLOSED:
            return
        try:
            self._reports.send(struct.pack("!BBHIIIIIII", 0x81, 201, 7, 0x11223344, 0xAABBCCDD, 0, 0, 0, 0, 0))
        except ConnectionRefusedError:
            self.complain("rtcp-refused", f"port {self.negotiated['server_rtcp_port']}")
        self._after(0.5, self._report_reception)

    def _m7_answered(self, _message: rtsp.Message) -> None:
        # Pictures may have overtaken the answer.
        self._end_quiet(self._last_play_t)
        if self.state in (State.PLAYING, State.CLOSING, State.CLOSED):
            return
        self._enter(State.PLAYING)
        if not self.played:
            self.played, self._played_t = True, self.now()
            self._last_keepalive = self.now()
            for seconds, name in self.options.schedule:
                self._after(seconds, lambda n=name: self.request(n))
            if self.options.end_with != "wait":
                self._after(self.options.duration, self._end)

    def _end(self) -> None:
        if self.script.expect in ("ends", "closed"):
            return                      # the source or the script has to end it
        if self.options.end_with == "close":
            self._finish("sink")
        elif self.state in IN_SESSION:
            self.ended_by = self.ended_by or "sink"
            self.request("M8")

    def _m8_answered(self, _message: rtsp.Message) -> None:
        self._begin_quiet("torn down")
        self.ended_by = self.ended_by or "sink"
        self._after(5.0 * self.options.time_scale, self._not_closed)

    def _not_closed(self) -> None:
        self.complain("teardown-not-closed", "connection still open 5 s after M8")
        self._finish("sink")

    def _m9_answered(self, _message: rtsp.Message) -> None:
        if self.state is State.PLAYING:
            self._begin_quiet("paused")
            self._enter(State.PAUSED)

    def _m12_answered(self, _message: rtsp.Message) -> None:
        if self.state is State.PLAYING:
            self._begin_quiet("standby")
            self._enter(State.STANDBY)

    def facts(self) -> dict:
        """What the report says about the dialogue."""
        def rounded(values: list) -> list:
            return [round(v, 4) if isinstance(v, float) else v for v in values]
        return {"peer": self.peer, "played": self.played, "play_sent_t": self.play_sent_t, "ended_by": self.ended_by,
                "negotiated": self.negotiated, "formats": self.formats, "keepalives": self.keepalives,
                "idr_requests": rounded(self.idr_requests), "events": self.events,
                "quiet": [rounded(entry) for entry in self.quiet]}

    def _begin_quiet(self, why: str) -> None:
        now = self.now()
        self._end_quiet(now)
        self.quiet.append([now, None, why])

    def _end_quiet(self, t: float) -> None:
        if self.quiet and self.quiet[-1][1] is None:
            self.quiet[-1][1] = max(t, self.quiet[-1][0])


def apply_byte_actions(message: rtsp.Message, steps: list[Step]) -> tuple[bytes, int, float, bool]:
    """(bytes to send, segment size or 0, gap between segments, hold back)."""
    message = dataclasses.replace(message, headers=list(message.headers))
    for step in steps:
        args = step.args
        if step.do == "answer":
            message.status, message.reason = args["status"], args["reason"]
            message.body = rtsp.parameters(args["lines"])
        elif step.do == "cseq":
            message.set_header("CSeq", str((message.cseq or 0) + args["add"]))
        elif step.do == "header":
            value = args["value"] + "x" * args["fill"]
            message.headers += [(args["name"], value)] * args["count"]
        elif step.do == "lines":
            message.body += rtsp.parameters(args["add"])
        elif step.do == "set":
            lines = message.body.decode("utf-8").split("\r\n")[:-1]
            kept = [line for line in lines if line.partition(":")[0] != args["name"]]
            message.body = rtsp.parameters([*kept, f"{args['name']}: {args['value']}"])
    kinds = {step.do: step.args for step in steps}
    data = message.encode(lower_names="lower" in kinds)
    if "omit" in kinds:
        name = re.escape(kinds["omit"]["name"]).encode()
        data = re.sub(rb"(?i)\r\n" + name + rb":[^\r]*", b"", data)
    if "raw" in kinds:
        data = kinds["raw"]["data"].encode("latin-1")
    if "prefix" in kinds:
        data = kinds["prefix"]["data"].encode("latin-1") + data
    if "suffix" in kinds:
        data += kinds["suffix"]["data"].encode("latin-1")
    if "repeat" in kinds:
        data *= kinds["repeat"]["count"]
    if "cut" in kinds:
        data = data[:int(len(data) * kinds["cut"]["keep"])]
    if "drop" in kinds:
        data = b""
    split = kinds.get("split", {"size": 0, "gap": 0.0})
    return data, split["size"], split["gap"], "hold" in kinds
