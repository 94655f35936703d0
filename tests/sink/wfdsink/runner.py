# SPDX-License-Identifier: LGPL-2.1-or-later
"""One session from connecting to report.json: joins the dialogue, the recording and the judgement."""
from __future__ import annotations

import json
import os
import time
from typing import Callable

from . import media, rtp, tscheck
from .misbehave import Script
from .rtsp import Transcript
from .rules import Findings
from .session import Options, Session

NO_SCRIPT = Script("none", "a well-behaved sink")
QUIET_GRACE = 1.0                   # seconds for packets that are on their way
IDR_LIMIT = 2.0                     # seconds; the specification names none


def expectation_met(script: Script, session: Session, packets: int) -> bool:
    if script.expect == "plays":
        return session.played and packets > 0 and session.ended_by in ("sink", "source-trigger")
    if script.expect == "ends":
        return session.ended_by in ("source", "source-trigger", "refused", "sink")
    if script.expect == "closed":
        return session.ended_by == "script"
    return session.ended_by is not None


def _check_timing(report: dict, datagrams: list[rtp.Datagram], findings: Findings) -> None:
    """RTP only when it was asked for."""
    play = report["play_sent_t"]
    if report["played"] and not datagrams:
        findings.add("rtp-none", f"ended by {report['ended_by']}")
    if datagrams and (play is None or datagrams[0].t < play):
        findings.add("rtp-before-play", f"at {datagrams[0].t:.3f} s", datagrams[0].t)
    for start, end, why in report["quiet"]:
        late = [d for d in datagrams if d.t > start + QUIET_GRACE * report["time_scale"] and (end is None or d.t < end)]
        # Whether a source keeps sending to a sink in standby is left open by the specification.
        if late and why != "standby":
            findings.add("rtp-while-paused", f"{len(late)} packets while {why}", late[0].t)


def _check_idr(report: dict, frames: list[media.Frame], findings: Findings) -> dict:
    idrs = media.idr_times(frames)
    latencies = media.idr_latencies(report["idr_requests"], idrs)
    last = max((f.t for f in frames if f.t is not None), default=0.0)
    for asked, latency in zip(report["idr_requests"], latencies):
        if latency is None and last - asked > IDR_LIMIT * report["time_scale"]:
            findings.add("idr-request", f"asked at {asked:.2f} s", asked)
    return {"idr_times": idrs, "idr_latency": latencies}


def run(options: Options, script: Script, directory: str, rtp_port: int = 0, analyse_too: bool = True,
        unseal: Callable[[bytes], bytes | None] | None = None) -> dict:
    """Runs one session; writes rtsp.log, sink.ts, rtp.csv, first.png and report.json, then analyses if wanted.

    RTP is what unseal() makes of each datagram, if there is one (rtp.Receiver).
    """
    os.makedirs(directory, exist_ok=True)
    t0, started = time.monotonic(), time.time()
    findings = Findings(t0)
    transcript = Transcript(os.path.join(directory, "rtsp.log"), t0)
    first = media.FirstPicture(os.path.join(directory, "first.png"), t0)
    address = options.bind or ("::" if ":" in options.host else "0.0.0.0")
    receiver = rtp.Receiver(address, rtp_port, os.path.join(directory, "sink.ts"), t0, first.feed, unseal)
    receiver.start()
    session = Session(options, script, findings, transcript, receiver.port, t0)
    report: dict = {"script": script.name, "expect": script.expect, "started": started, "started_monotonic": t0,
                    "time_scale": options.time_scale}
    try:
        session.connect()
        report["connected_t"] = round(session.now(), 4)
        session.run()
    except ConnectionError as error:
        report["error"] = str(error)
    finally:
        report["ended_t"] = round(session.now(), 4)
        time.sleep(0.2)
        receiver.close()
        first.finish()
        transcript.close()
    datagrams = receiver.datagrams
    rtp.save(datagrams, os.path.join(directory, "rtp.csv"))
    report.update(session.facts())
    report["first_picture"] = first.as_json()
    if "error" not in report:
        _check_timing(report, datagrams, findings)
        port = session.negotiated.get("server_port")
        report["rtp"] = rtp.check(datagrams, findings, f"{session.peer}:{port}" if port else None, options.time_scale)
        report["rtp"]["not_rtp"] = receiver.not_rtp
        report["rtp"]["unsealed"] = receiver.unsealed
    report["expectation_met"] = expectation_met(script, session, len(datagrams))
    _save(report, findings, directory)
    return analyse(directory) if analyse_too and datagrams else report


def analyse(directory: str) -> dict:
    """Judges the recording of a session, perhaps on another and faster machine; completes report.json."""
    with open(os.path.join(directory, "report.json"), encoding="utf-8") as file:
        report = json.load(file)
    findings = Findings.load(report["dialogue_findings"])
    datagrams = rtp.load(os.path.join(directory, "rtp.csv"))
    audio = report["negotiated"].get("audio")
    report["media"] = media.process(directory, datagrams, findings, audio["codec"] if audio else None)
    report["media"] |= _check_idr(report, media.load_frames(directory), findings)
    report["ts"] = tscheck.check(os.path.join(directory, "sink.ts"), findings, datagrams=datagrams,
                                 negotiated=report["negotiated"], formats=report["formats"], quiet=report["quiet"],
                                 time_scale=report["time_scale"])
    _save(report, findings, directory)
    return report


def _save(report: dict, findings: Findings, directory: str) -> None:
    report["findings"] = findings.as_json()
    report.setdefault("dialogue_findings", report["findings"])
    report["violations"] = findings.violations()
    with open(os.path.join(directory, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
