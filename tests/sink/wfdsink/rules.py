# SPDX-License-Identifier: LGPL-2.1-or-later
"""The catalogue of findings: each rule is declared once, with the clause it comes from.

A *violation* breaks a "shall" of the specification and fails a strict run. A *note* is something a real sink
is known to stumble over, or a figure worth reading; it never fails a run.
"""
from __future__ import annotations

import dataclasses
import threading
import time

VIOLATION = "violation"
NOTE = "note"


@dataclasses.dataclass(frozen=True)
class Rule:
    clause: str
    text: str
    severity: str = VIOLATION


def _table(*rows: tuple) -> dict[str, Rule]:
    return {name: Rule(*rest) for name, *rest in rows}


RULES: dict[str, Rule] = _table(
    # RTSP framing and headers
    ("rtsp-bare-lf", "RFC 2326 4", "a line ends in LF without CR"),
    ("rtsp-start-line", "RFC 2326 6.1/7.1", "start line is neither a request nor a status line"),
    ("rtsp-method-unknown", "WFD 6.4", "method is not one WFD allows in this direction"),
    ("rtsp-uri", "WFD 6.4", "request URI is not the one WFD prescribes"),
    ("rtsp-header-syntax", "RFC 2326 4.2", "header line is not 'Name: value'"),
    ("rtsp-header-duplicate", "RFC 2326 4.2", "a single-valued header occurs twice"),
    ("rtsp-cseq-missing", "RFC 2326 12.17", "message carries no CSeq"),
    ("rtsp-cseq-syntax", "RFC 2326 12.17", "CSeq is not a decimal number"),
    ("rtsp-cseq-order", "RFC 2326 12.17", "request CSeq does not grow by one"),
    ("rtsp-cseq-unknown", "RFC 2326 12.17", "response matches no request that is open"),
    ("rtsp-content-length-missing", "RFC 2326 12.14", "a body without Content-Length"),
    ("rtsp-content-length", "RFC 2326 12.14", "Content-Length does not match the body"),
    ("rtsp-content-type", "WFD 6.4", "a parameter body is not text/parameters"),
    ("rtsp-body-crlf", "WFD 6.1", "body does not consist of CRLF-terminated lines"),
    ("rtsp-body-syntax", "WFD 6.1", "body line is not 'name: value' (or a bare name)"),
    ("rtsp-body-duplicate", "WFD 6.1", "a parameter occurs twice in one body"),
    ("rtsp-range-header", "WFD 6.4", "PLAY or PAUSE carries a Range header"),
    ("rtsp-together", "field", "two messages in one read of a sink that takes each for one message"),
    ("rtsp-too-big", "test limit", "a message is larger than any WFD message"),
    ("rtsp-truncated", "RFC 2326 4", "connection closed in the middle of a message"),
    ("rtsp-date-header", "RFC 2326 12.18", "response has no Date header (optional; some sinks log it)", NOTE),
    # dialogue
    ("m1-require", "WFD 6.4.1", "M1 without 'Require: org.wfa.wfd1.0'"),
    ("m1-not-first", "WFD 6.4", "the source's first request is not M1"),
    ("m1-timeout", "WFD 6.5", "no M1 within 6 s of the TCP connection"),
    ("m2-status", "WFD 6.4.2", "M2 not answered 200"),
    ("m2-public", "WFD 6.4.2", "the answer to M2 lacks a method WFD demands in Public"),
    ("m2-public-forbidden", "WFD 6.4.2", "Public names a method WFD does not allow"),
    ("m2-public-quoted", "RFC 2326 12.28", "the Public header is quoted"),
    ("m3-before-m2", "WFD 6.4.3", "M3 sent before M2 was answered"),
    ("m3-mandatory", "WFD 6.4.3", "M3 does not ask video formats, audio codecs and RTP ports"),
    ("m3-timeout", "WFD 6.5", "no M3 within 6 s"),
    ("m4-before-m3", "WFD 6.4", "M4 sent before M3 was answered"),
    ("m4-timeout", "WFD 6.5", "no M4 within 6 s"),
    ("m4-missing", "WFD 6.4.4", "M4 lacks a parameter it must carry"),
    ("m4-unknown-parameter", "WFD 6.1", "M4 sets a parameter the sink never named"),
    ("m4-url", "WFD 6.1.8", "wfd_presentation_URL is not 'rtsp://<source address>[:port]/wfd1.0/streamid=0 none'"),
    ("m4-rtp-ports", "WFD 6.1.6", "wfd_client_rtp_ports is not what the sink sent in M3"),
    ("m4-video-syntax", "WFD 6.1.3", "video formats line does not follow the grammar"),
    ("m4-video-several", "WFD 6.1.3", "video formats line names more than one codec, profile, level or mode"),
    ("m4-video-native", "WFD 6.1.3", "native field is not 00 in M4"),
    ("m4-video-preferred", "WFD 6.1.3", "preferred-display-mode field is not 00 in M4", NOTE),
    ("m4-video-not-offered", "WFD 6.1.3", "the source chose a profile, level or mode the sink did not offer"),
    ("m4-video-level-low", "WFD Table 10", "level is too low for the mode"),
    ("m4-video-slice", "WFD 6.1.3", "slice fields differ from what the sink offered"),
    ("m4-video-max-res", "WFD 6.1.3", "max-hres/max-vres are not 'none' in M4"),
    ("m4-audio-syntax", "WFD 6.1.2", "audio codecs line does not follow the grammar"),
    ("m4-audio-several", "WFD 6.1.2", "audio codecs line names more than one codec or mode"),
    ("m4-audio-not-offered", "WFD 6.1.2", "the source chose an audio mode the sink did not offer"),
    ("m4-both-generations", "WFD 6.1.21", "M4 carries both wfd_X and wfd2_X"),
    ("m4-change-timing", "WFD 6.1.14", "wfd_av_format_change_timing missing, malformed or outside playing"),
    ("m5-trigger", "WFD 6.1.7", "wfd_trigger_method is not SETUP, PLAY, PAUSE or TEARDOWN"),
    ("m5-timeout", "WFD 6.5", "no M5 within 6 s"),
    ("m5-state", "WFD 6.4.5", "trigger makes no sense in this state"),
    ("m6-status", "WFD 6.4.6", "M6 not answered 200"),
    ("m6-session", "RFC 2326 12.37", "M6 answer without a usable Session header"),
    ("m6-session-long", "field", "session id longer than 15 characters (LG sinks reject it)", NOTE),
    ("m6-session-timeout", "WFD 6.5", "session timeout below 10 s or unreadable; absent, it is 60 s"),
    ("m6-transport", "RFC 2326 12.39", "M6 answer without a usable Transport header"),
    ("m6-port-pair", "RFC 2326 12.39", "a pair of ports is not answered with a pair, even and odd"),
    ("rtcp-refused", "RFC 3550 11", "nobody listens at the port of reports"),
    ("m6-client-port", "RFC 2326 12.39", "Transport does not echo client_port"),
    ("m7-status", "WFD 6.4.7", "M7 not answered 200"),
    ("m8-status", "WFD 6.4.8", "M8 not answered 200"),
    ("m9-status", "WFD 6.4.9", "M9 not answered 200"),
    ("m12-status", "WFD 6.4.12", "M12 not answered 200"),
    ("m13-status", "WFD 6.4.13", "M13 not answered 200"),
    ("m14-status", "WFD 6.4.14", "M14 or M15 not answered 200"),
    ("latency-mode", "WFDPE 2.4.1.1", "a sink that does not manage its latency was told one, or one that there is not"),
    ("m16-late", "WFD 6.5.1", "M16 came later than timeout - 5 s after the one before"),
    ("m16-missing", "WFD 6.5.1", "no M16 within the session timeout"),
    ("m16-session", "WFD 6.4.16", "M16 names a session id that is not ours"),
    ("session-header", "RFC 2326 12.37", "a response of the session carries a wrong Session header"),
    ("answer-timeout", "WFD 6.5", "a request of the sink was not answered within 5 s"),
    ("source-hung", "WFD 6.5", "the source kept a dead session open"),
    ("teardown-not-closed", "WFD 4.5", "the source did not close TCP after M8 was answered", NOTE),
    # RTP
    ("rtp-none", "WFD 4.10", "playing, but no RTP packet arrived"),
    ("rtp-before-play", "WFD 6.4.7", "RTP sent before PLAY"),
    ("rtp-while-paused", "WFD 6.4.9", "RTP goes on although paused or torn down"),
    ("rtp-version", "RFC 3550 5.1", "RTP version is not 2"),
    ("rtp-payload-type", "RFC 3551 6", "payload type is not 33"),
    ("rtp-sequence", "RFC 3550 5.1", "RTP sequence numbers have gaps (or packets were lost)"),
    ("rtp-ssrc", "RFC 3550 5.1", "SSRC changes within the session"),
    ("rtp-timestamp", "RFC 2250 2", "RTP timestamp runs backwards"),
    ("rtp-size", "WFD D.1", "payload is not 1 to 7 whole TS packets"),
    ("rtp-mtu", "WFD D.1", "datagram does not fit an Ethernet MTU"),
    ("rtp-wrong-source", "WFD 4.10", "RTP comes from another address or port than the source named"),
    ("rtp-clock", "RFC 2250 2", "RTP timestamps do not follow a 90 kHz clock"),
    ("rtp-marker", "RFC 2250 2", "marker bit used as end of frame (Windows and Android do so too)", NOTE),
    # MPEG-TS
    ("ts-sync", "13818-1 2.4.3.2", "TS packet does not start with 0x47"),
    ("ts-error-indicator", "13818-1 2.4.3.2", "transport_error_indicator set"),
    ("ts-scrambled", "13818-1 2.4.3.2", "scrambling control is not 0"),
    ("ts-adaptation", "13818-1 2.4.3.4", "adaptation field is malformed"),
    ("ts-continuity", "13818-1 2.4.3.3", "continuity counter error"),
    ("ts-pid", "WFD D.4.2", "a PID that WFD does not assign"),
    ("ts-null-packets", "WFD D.4.2", "null packets waste the link", NOTE),
    ("pat-missing", "13818-1 2.4.4.3", "no PAT"),
    ("pat-crc", "13818-1 2.4.4", "PAT section CRC is wrong"),
    ("pat-layout", "13818-1 2.4.4.3", "PAT does not announce exactly one program"),
    ("pat-interval", "WFD D.4.2", "more than 100 ms between PATs"),
    ("pmt-pid", "WFD D.4.2", "PMT PID is not 0x0100"),
    ("pmt-missing", "13818-1 2.4.4.8", "no PMT"),
    ("pmt-crc", "13818-1 2.4.4", "PMT section CRC is wrong"),
    ("pmt-layout", "13818-1 2.4.4.8", "PMT section is malformed"),
    ("pmt-interval", "WFD D.4.2", "more than 100 ms between PMTs"),
    ("pmt-streams", "WFD D.4.2", "PMT lists a stream type or PID that WFD does not allow"),
    ("pmt-stream-absent", "13818-1 2.4.4.8", "PMT lists a stream that never comes", NOTE),
    ("pmt-stream-unlisted", "13818-1 2.4.4.8", "a PES PID is missing in the PMT"),
    ("pmt-negotiated", "WFD 6.4.4", "PMT streams are not what M4 announced"),
    ("desc-avc-missing", "WFD D.4.2", "no AVC video descriptor (0x28)"),
    ("desc-avc", "13818-1 2.6.64", "AVC video descriptor disagrees with the SPS"),
    ("desc-hrd-missing", "WFD D.4.2", "no AVC timing and HRD descriptor (0x2A)"),
    ("desc-hrd", "13818-1 2.6.66", "AVC timing and HRD descriptor is malformed"),
    ("desc-hrd-rate", "13818-1 2.6.66", "fixed_frame_rate_flag of the descriptor is not that of the SPS"),
    ("video-fixed-rate", "H.264 E.2.1", "fixed_frame_rate_flag is set, but pictures come at other times"),
    ("desc-lpcm-missing", "WFD App. B", "no LPCM audio stream descriptor (0x83)"),
    ("desc-lpcm", "WFD App. B", "LPCM audio stream descriptor is wrong"),
    ("desc-aac-missing", "WFD D.4.2", "no AAC descriptor (0x2B)", NOTE),
    ("desc-recommended", "WFD D.4.2", "0x02, 0x07 and 0x08 must come together or not at all"),
    ("desc-syntax", "13818-1 2.6", "descriptor loop is malformed"),
    ("pcr-pid", "WFD D.4.2", "PCR PID is not 0x1000"),
    ("pcr-missing", "13818-1 2.7.2", "no PCR"),
    ("pcr-interval", "WFD 4.10.3.1", "more than 100 ms between PCRs"),
    ("pcr-order", "13818-1 2.4.3.5", "PCR runs backwards without discontinuity_indicator"),
    ("pcr-clock", "13818-1 2.4.2.1", "PCR does not follow real time"),
    ("pcr-frequency", "13818-1 2.4.2.1", "PCR runs off by more than 30 ppm, or jumps without discontinuity_indicator"),
    ("pcr-step", "13818-1 2.4.2.1", "PCR moves against its arrival: sinks that obey it show everything later"),
    ("pcr-rtp", "RFC 2250 2", "PCR and RTP timestamps drift apart"),
    ("pes-header", "13818-1 2.4.3.6", "PES header is malformed"),
    ("pes-length", "13818-1 2.4.3.6", "PES_packet_length does not match"),
    ("pes-stream-id", "WFD D.4.2", "stream_id does not fit the stream type"),
    ("pes-pts-missing", "13818-1 2.7.4", "PES packet without PTS"),
    ("pts-order", "13818-1 2.7.4", "PTS does not grow"),
    ("pts-late", "13818-1 2.4.2", "a unit arrives after the time it should be shown"),
    ("pts-lead", "13818-1 2.4.2.6", "PTS more than 1 s ahead of the PCR"),
    ("av-skew", "WFD 4.10", "audio and video of the same time are more than 500 ms apart in the stream"),
    ("au-several", "WFD D.4.1", "a PES packet does not hold exactly one access unit"),
    ("au-delimiter", "13818-1 2.14.1", "access unit does not start with an access unit delimiter"),
    ("au-first-idr", "WFD 6.4.7", "first picture is not an IDR with SPS and PPS"),
    ("au-idr-headers", "WFD D.4.1", "an IDR without SPS and PPS before it"),
    ("au-slices", "WFD 6.1.3", "more slices per picture than negotiated"),
    ("video-profile", "WFD 6.1.3", "SPS profile is not the one M4 announced"),
    ("video-level", "WFD 6.1.3", "SPS level is above the one M4 announced"),
    ("video-size", "WFD 6.1.3", "picture size is not the one M4 announced"),
    ("video-b-slice", "WFD 3.4.3", "B slice in a profile that has none"),
    ("video-cabac", "WFD 3.4.3", "CABAC in a profile that has none"),
    ("video-key-interval", "field", "more than 5 s without a key frame: so long a sink that lost a packet shows rubbish"),
    ("video-change-time", "WFD 4.11", "format changed at another time than M4 announced"),
    ("lpcm-layout", "WFD App. B", "LPCM PES layout is not A0 06 with 1920 bytes"),
    ("audio-pts", "13818-1 2.4.3.7", "audio PTS does not go on by the samples of the unit before: a gap or an overlap"),
    ("audio-format", "WFD 6.1.3", "audio frames have another rate or number of channels than M4 announced"),
    ("aac-adts", "13818-7 6.2", "AAC payload is not a chain of whole ADTS frames"),
    ("aac-id", "13818-7 6.2.1", "stream type 0x0F is MPEG-2 AAC, but ADTS says MPEG-4"),
    ("aac-profile", "WFD 6.1.3", "AAC of another profile than low complexity"),
    ("ac3-frames", "A/52 5.3", "AC-3 payload is not a chain of whole frames"),
    ("audio-missing", "WFD 6.4.4", "audio was negotiated, none was sent"),
    ("audio-unexpected", "WFD 6.4.4", "audio was not negotiated, some was sent"),
    ("idr-request", "WFD 6.4.13", "no IDR after M13"),
    # decoded pictures
    ("decode-none", "WFD 3.4", "no picture could be decoded"),
    ("decode-errors", "WFD 3.4", "the decoder reports errors"),
)


@dataclasses.dataclass
class Finding:
    rule: str
    detail: str
    t: float
    count: int = 1


class Findings:
    """Collects findings; the same rule is listed once with a count. Thread-safe."""

    def __init__(self, t0: float | None = None):
        self._t0 = time.monotonic() if t0 is None else t0
        self._lock = threading.Lock()
        self._found: dict[str, Finding] = {}

    def add(self, rule: str, detail: str = "", t: float | None = None) -> None:
        if rule not in RULES:
            raise KeyError(f"finding {rule!r} is not in the catalogue")
        when = (time.monotonic() - self._t0) if t is None else t
        with self._lock:
            known = self._found.get(rule)
            if known:
                known.count += 1
            else:
                self._found[rule] = Finding(rule, detail, round(when, 3))

    def names(self, severity: str | None = None) -> list[str]:
        return [n for n in self._found if severity in (None, RULES[n].severity)]

    def as_json(self) -> list[dict]:
        return [{"name": f.rule, "severity": RULES[f.rule].severity, "clause": RULES[f.rule].clause,
                 "text": RULES[f.rule].text, "detail": f.detail, "t": f.t, "count": f.count}
                for f in self._found.values()]

    @classmethod
    def load(cls, rows: list[dict]) -> "Findings":
        """The findings of an earlier as_json(), to add more to them."""
        findings = cls()
        for row in rows:
            findings._found[row["name"]] = Finding(row["name"], row["detail"], row["t"], row["count"])
        return findings

    def violations(self) -> list[str]:
        return self.names(VIOLATION)
