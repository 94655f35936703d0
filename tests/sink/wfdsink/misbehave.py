# SPDX-License-Identifier: LGPL-2.1-or-later
"""Badly behaved sinks, as data.

A script is a list of steps. A step names a point of the session (`on`), what to do there (`do`), and arguments.

Points are the messages the sink sends (M1.answer, M2, M3.answer, M4.answer, M5.answer, M6, M7, M8, M9, M10, M11,
M12, M12.answer, M13, M14, M15, M16.answer, error.answer), the answers it gets (M2.answered, M6.answered,
M7.answered, ...), the requests it gets (M1.received, ..., M3.long if it asks for more than it must, M5.PLAY, ...),
and `connected`. `nth` picks one occurrence (from 1).

Byte actions change a message before it leaves; event actions run when a point is reached (for a message: after
it was sent), `after` seconds later. `expect` says what a correct source does:

    plays    picture arrives, the session ends normally
    ends     the source gives the session up and closes the connection by itself
    closed   the sink cuts the connection itself; the source must survive it
    any      either is correct; what counts is that the source stays alive and clean
"""
from __future__ import annotations

import dataclasses
import json

from .params import DEFAULT_VIDEO2

# action -> its arguments with their defaults (None: required)
BYTE_ACTIONS = {
    "drop": {},
    "delay": {"seconds": None},
    "answer": {"status": None, "reason": None, "lines": ()},
    "raw": {"data": None},
    "prefix": {"data": None},
    "suffix": {"data": None},
    "cseq": {"add": None},
    "repeat": {"count": None},
    "split": {"size": None, "gap": 0.0},
    "cut": {"keep": None},
    "hold": {},
    "lower": {},
    "header": {"name": None, "value": "", "fill": 0, "count": 1},
    "omit": {"name": None},
    "lines": {"add": None},
    "set": {"name": None, "value": None},
}
EVENT_ACTIONS = {
    "close": {"reset": False},
    "silence": {},
    "request": {"message": None, "count": 1, "gap": 0.0},
    "garbage": {"data": "", "size": 0},
    "connections": {"count": None},
}
EXPECTATIONS = ("plays", "ends", "closed", "any")


@dataclasses.dataclass(frozen=True)
class Step:
    on: str
    do: str
    args: dict
    after: float = 0.0
    nth: int = 0

    @classmethod
    def from_data(cls, data: dict) -> "Step":
        data = dict(data)
        on, do = data.pop("on"), data.pop("do")
        after, nth = data.pop("after", 0.0), data.pop("nth", 0)
        known = BYTE_ACTIONS.get(do, EVENT_ACTIONS.get(do))
        if known is None:
            raise ValueError(f"step on {on}: unknown action {do!r}")
        if extra := set(data) - set(known):
            raise ValueError(f"step {on}/{do}: unknown argument {sorted(extra)}")
        args = {**known, **data}
        if missing := [name for name, value in args.items() if value is None]:
            raise ValueError(f"step {on}/{do}: missing argument {missing}")
        return cls(on, do, args, after, nth)


@dataclasses.dataclass(frozen=True)
class Script:
    name: str
    summary: str
    expect: str = "plays"
    options: dict = dataclasses.field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @classmethod
    def from_data(cls, data: dict) -> "Script":
        data = dict(data)
        steps = tuple(Step.from_data(step) for step in data.pop("steps", ()))
        script = cls(steps=steps, **data)
        if script.expect not in EXPECTATIONS:
            raise ValueError(f"{script.name}: expect must be one of {EXPECTATIONS}")
        return script


def load(path: str) -> Script:
    with open(path, encoding="utf-8") as file:
        return Script.from_data(json.load(file))


def _close_at(name: str, on: str, what: str, expect: str = "closed", **more) -> dict:
    return dict(name=f"close-{name}", summary=f"cuts the connection {what}", expect=expect,
                steps=[dict(on=on, do="close", **more)])


def _mute(name: str, on: str) -> dict:
    return dict(name=f"{name}-no-answer", summary=f"never answers {name.upper()}", expect="ends",
                steps=[dict(on=on, do="drop")])


_OK = "RTSP/1.0 200 OK\r\n"
_MODE_BOMB = "40 00 " + ", ".join(["01 10 0001DFFF 1FFFFFFF 00000FFF 00 0000 0000 11 none none"] * 2000)
_ONLY_480 = "00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none"
_TWO_MODES = "00 00 01 01 00000003 00000000 00000000 00 0000 0000 00 none none"
_MANDATORY = {"wfd_video_formats": _ONLY_480, "wfd_audio_codecs": "LPCM 00000002 00"}

_DATA = [
    # the right way, in unusual dress
    dict(name="lower-case", summary="header names in lower case", steps=[
        dict(on=point, do="lower") for point in ("M1.answer", "M2", "M3.answer", "M4.answer", "M5.answer", "M6", "M7")]),
    dict(name="byte-segments", summary="each message leaves one byte per TCP segment", steps=[
        dict(on=point, do="split", size=1, gap=0.002)
        for point in ("M1.answer", "M2", "M3.answer", "M4.answer", "M5.answer", "M6", "M7")]),
    dict(name="pipelined-m1-m2", summary="M1 answer and M2 in one TCP segment", steps=[dict(on="M1.answer", do="hold")]),
    dict(name="pipelined-m5-m6", summary="M5 answer and M6 in one TCP segment", steps=[dict(on="M5.answer", do="hold")]),
    dict(name="pipelined-idr", summary="two M13 in one segment after PLAY", steps=[
        dict(on="M13", do="hold", nth=1), dict(on="M7.answered", do="request", message="M13", count=2)]),
    dict(name="unknown-parameters", summary="M3 answer carries parameters nobody asked for", steps=[
        dict(on="M3.answer", do="lines", add=["wfd_future: 1 2 3", "x_vendor_thing: none", "intel_whatever"])]),
    dict(name="slow-answers", summary="every answer comes after 3 s, within the 5 s limit", steps=[
        dict(on=point, do="delay", seconds=3) for point in ("M1.answer", "M3.answer", "M4.answer", "M5.answer")]),
    dict(name="ms-late-m2", summary="Microsoft adapter: M2 four seconds after the M1 answer, LPCM only",
         options={"user_agent": "MSFT-WDD/10.00", "audio_codecs": "LPCM 00000002 00"},
         steps=[dict(on="M2", do="delay", seconds=4)]),
    dict(name="lg-like", summary="LG: CSeq 0 in M2, wfd2 video next to wfd audio, keep-alive answered with an error",
         options={"user_agent": "LG_WFD/1.0", "first_cseq": 0, "wfd2_video_formats": DEFAULT_VIDEO2}, steps=[
             dict(on="M16.answer", do="answer", status=406, reason="Not Acceptable")]),
    dict(name="lpcm-only", summary="offers LPCM 48 kHz only", options={"audio_codecs": "LPCM 00000002 00"}),
    dict(name="lpcm-44100", summary="offers LPCM 44.1 kHz only", options={"audio_codecs": "LPCM 00000001 00"}),
    dict(name="aac-only", summary="offers AAC only", options={"audio_codecs": "AAC 00000001 00"}),
    dict(name="audio-none", summary="a display without sound", options={"audio_codecs": "none"}),
    dict(name="mode-480-only", summary="offers only the mandatory 640x480p60", options={"video_formats": _ONLY_480}),
    dict(name="idr-flood", summary="asks for a key frame 200 times in 2 s", steps=[
        dict(on="M7.answered", do="request", message="M13", count=200, gap=0.01)]),
    dict(name="m16-error", summary="answers keep-alive with 500", steps=[
        dict(on="M16.answer", do="answer", status=500, reason="Internal Server Error")]),
    dict(name="duplicate-answers", summary="each answer is sent twice", expect="any", steps=[
        dict(on=point, do="repeat", count=2) for point in ("M1.answer", "M3.answer", "M4.answer", "M5.answer")]),
    dict(name="play-twice", summary="sends PLAY again while playing (406 expected, session goes on)", steps=[
        dict(on="M7.answered", do="request", message="M7", after=0.5)], options={"tolerate": ["M7"]}),
    dict(name="one-read", summary="takes one read for one message, 10 ms after it came, and loses what came with it",
         options={"one_read": 0.01}),
    dict(name="port-pair", summary="asks for a pair of ports, ends without one, sends receiver reports",
         options={"port_pair": True}),
    dict(name="ends-on-triggers", summary="ends when it is told to pause, to play or to stand by, as set-top boxes do",
         options={"extra": {"wfd_standby_resume_capability": "none"}}, steps=[
             dict(on=point, do="close") for point in ("M5.PAUSE", "M5.PLAY", "M12.received")]),
    dict(name="ignores-triggers", summary="answers 200 to pause, play and standby, and does nothing",
         options={"ignores": ["PAUSE", "PLAY", "M12"]}),
    dict(name="refuses-triggers", summary="answers 406 to pause, play and standby",
         options={"refuses": ["PAUSE", "PLAY", "M12"]}),
    dict(name="refuses-play", summary="goes into standby, and then answers 406 to play",
         options={"refuses": ["PLAY"]}),
    dict(name="ignores-play", summary="goes into standby, and then answers 200 to play and does nothing",
         options={"ignores": ["PLAY"]}),
    dict(name="slow-standby", summary="takes 1 s to answer that it is in standby", steps=[
        dict(on="M12.answer", do="delay", seconds=1)]),
    dict(name="m4-in-play-303", summary="refuses to change the mode in play", steps=[
        dict(on="M4.answer", do="answer", nth=2, status=303, reason="See Other", lines=["wfd_video_formats: 552"])]),
    # capabilities no source can use
    dict(name="video-none", summary="wfd_video_formats: none", expect="ends", options={"video_formats": "none"}),
    dict(name="video-empty-masks", summary="a codec without a single mode", expect="ends",
         options={"video_formats": "00 00 01 01 00000000 00000000 00000000 00 0000 0000 00 none none"}),
    dict(name="video-unknown-profile", summary="only a profile nobody knows", expect="ends",
         options={"video_formats": "00 00 80 01 00000001 00000000 00000000 00 0000 0000 00 none none"}),
    # what every sink must have is in their place
    dict(name="video-garbage", summary="video formats that are no hex",
         options={"video_formats": "zz zz banana", "means": {"wfd_video_formats": _ONLY_480}}),
    dict(name="video-xxx", summary="video formats and audio codecs of AOSP's first test sink",
         options={"video_formats": "xxx", "audio_codecs": "xxx", "means": _MANDATORY}),
    dict(name="formats-absent", summary="M3 answered without video formats and audio codecs", options={
        "extra": {"wfd_video_formats": None, "wfd_audio_codecs": None}, "means": _MANDATORY}),
    dict(name="video-seven-fields", summary="video formats that end with their masks",
         options={"video_formats": "00 00 01 01 00000003 00000000 00000000",
                  "means": {"wfd_video_formats": _TWO_MODES}}),
    dict(name="video-huge", summary="2000 codec tuples in the video formats", expect="any",
         options={"video_formats": _MODE_BOMB}),
    dict(name="edid-huge", summary="an EDID of 65535 announced blocks, one sent", expect="any",
         options={"extra": {"wfd_display_edid": "FFFF " + "00" * 128}}),
    dict(name="edid-garbage", summary="an EDID that is no hex", expect="any",
         options={"extra": {"wfd_display_edid": "0001 not-an-edid"}}),
    dict(name="rtp-port-zero", summary="RTP port 0", expect="ends", steps=[
        dict(on="M3.answer", do="set", name="wfd_client_rtp_ports", value="RTP/AVP/UDP;unicast 0 0 mode=play")]),
    dict(name="rtp-port-huge", summary="RTP port 99999", expect="ends", steps=[
        dict(on="M3.answer", do="set", name="wfd_client_rtp_ports", value="RTP/AVP/UDP;unicast 99999 0 mode=play")]),
    dict(name="m3-empty", summary="M3 answered 200 with no parameter at all", expect="ends", steps=[
        dict(on="M3.answer", do="answer", status=200, reason="OK")]),
    dict(name="hdcp-wanted", summary="a sink that announces HDCP 2.1", expect="any",
         options={"extra": {"wfd_content_protection": "HDCP2.1 port=1189"}}),
    # refusals
    dict(name="m1-error", summary="M1 answered 500", expect="ends", steps=[
        dict(on="M1.answer", do="answer", status=500, reason="Internal Server Error")]),
    dict(name="m3-404", summary="M3 answered 404", expect="ends", steps=[
        dict(on="M3.answer", do="answer", status=404, reason="Not Found")]),
    dict(name="m3-long-404", summary="the long M3 answered 404, the short one with what it asks for", steps=[
        dict(on="M3.answer", do="answer", nth=1, status=404, reason="Not Found")]),
    dict(name="m3-long-lost", summary="the long M3 lost, the short one answered", steps=[
        dict(on="M3.answer", do="drop", nth=1)]),
    dict(name="m3-500", summary="M3 answered 500", expect="ends", steps=[
        dict(on="M3.answer", do="answer", status=500, reason="Internal Server Error")]),
    dict(name="m4-303", summary="M4 always refused: format and bandwidth codes", expect="ends", steps=[
        dict(on="M4.answer", do="answer", status=303, reason="See Other",
             lines=["wfd_video_formats: 415, 457", "wfd_audio_codecs: 415"])]),
    dict(name="m4-303-once", summary="the first M4 refused with 415, another mode is accepted",
         options={"video_formats": _TWO_MODES}, steps=[dict(on="M4.answer", do="answer", nth=1, status=303, reason="See Other",
                     lines=["wfd_video_formats: 415"])]),
    dict(name="m4-303-garbage", summary="M4 refused with a body nobody can read", expect="ends", steps=[
        dict(on="M4.answer", do="answer", status=303, reason="See Other", lines=["::::", "wfd_video_formats: banana"])]),
    dict(name="m5-403", summary="M5 answered 403", expect="ends", steps=[
        dict(on="M5.answer", do="answer", status=403, reason="Forbidden")]),
    # silence
    _mute("m1", "M1.answer"), _mute("m3", "M3.answer"), _mute("m4", "M4.answer"), _mute("m5", "M5.answer"),
    dict(name="m2-never", summary="never sends M2 (a source may go on after a grace time)", expect="any",
         steps=[dict(on="M2", do="drop")]),
    dict(name="m6-never", summary="answers M5 SETUP but never sends M6", expect="ends", steps=[dict(on="M6", do="drop")]),
    dict(name="m7-never", summary="sends M6 but never M7", expect="ends", steps=[dict(on="M7", do="drop")]),
    dict(name="m16-no-answer", summary="plays but never answers keep-alive", expect="ends",
         steps=[dict(on="M16.answer", do="drop")]),
    dict(name="late-m1", summary="M1 answered after 20 s", expect="ends",
         steps=[dict(on="M1.answer", do="delay", seconds=20)]),
    dict(name="late-m3", summary="M3 answered after 20 s", expect="ends",
         steps=[dict(on="M3.answer", do="delay", seconds=20)]),
    dict(name="late-m4", summary="M4 answered after 20 s", expect="ends",
         steps=[dict(on="M4.answer", do="delay", seconds=20)]),
    dict(name="silent-in-play", summary="stops reading and writing RTSP while playing", expect="ends",
         steps=[dict(on="M7.answered", do="silence", after=1)]),
    # bytes nobody should trust
    dict(name="garbage-first", summary="binary garbage right after connecting", expect="ends",
         steps=[dict(on="connected", do="garbage", size=4096), dict(on="connected", do="silence")]),
    dict(name="garbage-flood", summary="8 MiB of bytes without a line end", expect="ends",
         steps=[dict(on="connected", do="garbage", data="A", size=8 << 20), dict(on="connected", do="silence")]),
    dict(name="garbage-before-m2", summary="garbage line in front of M2", expect="any",
         steps=[dict(on="M2", do="prefix", data="\x00\xff\x16\x03\x01 HELLO\r\n\r\n")]),
    dict(name="garbage-in-play", summary="binary garbage while playing", expect="any",
         steps=[dict(on="M7.answered", do="garbage", size=2048, after=1)]),
    dict(name="http-client", summary="speaks HTTP", expect="ends",
         steps=[dict(on="connected", do="garbage", data="GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                dict(on="connected", do="silence")]),
    dict(name="header-oversize", summary="a header line of 1 MiB in M2", expect="any",
         steps=[dict(on="M2", do="header", name="X-Padding", fill=1 << 20)]),
    dict(name="header-many", summary="5000 header lines in M2", expect="any",
         steps=[dict(on="M2", do="header", name="X-Many", value="1", count=5000)]),
    dict(name="length-oversize", summary="Content-Length of 4 GiB in the M3 answer", expect="ends",
         steps=[dict(on="M3.answer", do="header", name="Content-Length", value="4294967295")]),
    dict(name="length-negative", summary="negative Content-Length in the M3 answer", expect="ends",
         steps=[dict(on="M3.answer", do="header", name="Content-Length", value="-1")]),
    dict(name="length-short", summary="Content-Length cuts the M3 body short", expect="any",
         steps=[dict(on="M3.answer", do="header", name="Content-Length", value="10")]),
    dict(name="length-missing", summary="M3 body without Content-Length", expect="any",
         steps=[dict(on="M3.answer", do="omit", name="Content-Length")]),
    dict(name="cseq-wrong", summary="M3 answered with a CSeq the source never used", expect="ends",
         steps=[dict(on="M3.answer", do="cseq", add=1000)]),
    dict(name="half-then-close", summary="half of the M3 answer, then the connection closes", expect="closed",
         steps=[dict(on="M3.answer", do="cut", keep=0.5), dict(on="M3.answer", do="close")]),
    dict(name="half-then-silence", summary="half of the M3 answer, then nothing", expect="ends",
         steps=[dict(on="M3.answer", do="cut", keep=0.5), dict(on="M3.answer", do="silence")]),
    dict(name="nul-in-body", summary="NUL and control bytes inside the M3 body", expect="any",
         steps=[dict(on="M3.answer", do="lines", add=["wfd_\x00name: \x01\x02", "%s%s%n: %s%n"])]),
    # connection cut in each phase
    _close_at("tcp", "connected", "right after connecting"),
    _close_at("m1", "M1.received", "on M1"),
    _close_at("m2", "M2", "after M2"),
    _close_at("m3", "M3.answer", "after the M3 answer"),
    _close_at("m3-long", "M3.long", "on an M3 that asks for more than what every sink knows", expect="any"),
    _close_at("m4", "M4.answer", "after the M4 answer"),
    _close_at("m5", "M5.answer", "after the M5 answer"),
    _close_at("m6", "M6", "after M6"),
    _close_at("m7", "M7", "after M7"),
    _close_at("in-play", "M7.answered", "one second into playing", after=1),
    _close_at("in-play-reset", "M7.answered", "with a TCP reset while playing", after=1, reset=True),
    # odd order
    dict(name="teardown-early", summary="M8 instead of M6", expect="any",
         steps=[dict(on="M6", do="drop"), dict(on="M5.answer", do="request", message="M8")]),
    dict(name="teardown-before-play", summary="M8 instead of M7", expect="ends",
         steps=[dict(on="M7", do="drop"), dict(on="M6.answered", do="request", message="M8")]),
    dict(name="teardown-after-m1", summary="M8 right after M1", expect="any",
         steps=[dict(on="M1.answer", do="request", message="M8")]),
    dict(name="teardown-twice", summary="M8 twice in a row while playing", expect="ends",
         steps=[dict(on="M7.answered", do="request", message="M8", count=2, after=1)]),
    dict(name="play-before-setup", summary="M7 before M6", expect="any",
         steps=[dict(on="M4.answer", do="request", message="M7")], options={"tolerate": ["M7"]}),
    dict(name="setup-before-m1", summary="M6 as the first message", expect="any",
         steps=[dict(on="connected", do="request", message="M6")], options={"tolerate": ["M6"]}),
    dict(name="pause-play-storm", summary="pause and play twenty times", expect="plays", steps=[
        step for n in range(20) for step in (
            dict(on="M7.answered", nth=1, do="request", message="M9", after=1 + n * 0.2),
            dict(on="M7.answered", nth=1, do="request", message="M7", after=1.1 + n * 0.2))],
         options={"tolerate": ["M7", "M9"]}),
    dict(name="second-connection", summary="ten more TCP connections while playing", expect="plays",
         steps=[dict(on="M7.answered", do="connections", count=10, after=0.5)]),
]

SCRIPTS: dict[str, Script] = {script.name: script for script in map(Script.from_data, _DATA)}
