# SPDX-License-Identifier: LGPL-2.1-or-later
"""One session from connecting to report.json: joins the dialogue, the recording and the judgement."""
from __future__ import annotations

import json
import os
import time

from . import media, rtp, tscheck
from .misbehave import Script
from .rtsp import Transcript
from .rules import Findings
from .session import Options, Session

NO_SCRIPT = Script("none", "a well-behaved sink")
QUIET_GRACE = 1.0


def expectation_met(script: Script, session: Session | None, packets: int) -> bool:
    if session is None:
        return False
    if script.expect == "plays":
        return session.played and packets > 0 and session.ended_by in ("sink", "source-trigger")
    if script.expect == "ends":
        return session.ended_by in ("source", "refused", "sink")
    if script.expect == "closed":
        return session.ended_by == "script"
    return session.ended_by is not None


def _check_timing(session: Session, datagrams: list[rtp.Datagram], findings: Findings, scale: float) -> None:
    """RTP only when it was asked for."""
    if session.played and not datagrams:
        findings.add("rtp-none", f"{session.ended_by}")
    if datagrams and (session.play_sent_t is None or datagrams[0].t < session.play_sent_t):
        findings.add("rtp-before-play", f"at {datagrams[0].t:.3f} s", datagrams[0].t)
    for start, end, why in session.quiet:
        late = [d for d in datagrams if d.t > start + QUIET_GRACE * scale and (end is None or d.t < end)]
        # Whether a source keeps sending to a sink in standby is left open by the specification.
        if late and why != "standby":
            findings.add("rtp-while-paused", f"{len(late)} packets while {why}", late[0].t)


def _check_idr(session: Session, frames: list[media.Frame], findings: Findings, scale: float) -> list:
    latencies = media.idr_latencies(session.idr_requests, frames)
    last = max((f.t for f in frames if f.t is not None), default=0.0)
    for asked, latency in zip(session.idr_requests, latencies):
        if latency is None and last - asked > 2.0 * scale:
            findings.add("idr-request", f"asked at {asked:.2f} s", asked)
    return latencies


def run(options: Options, script: Script, directory: str, rtp_port: int = 0, analyse: bool = True) -> dict:
    """Runs one session and writes rtsp.log, sink.ts, rtp.csv, sink.mp4, frames.json, report.json into directory."""
    os.makedirs(directory, exist_ok=True)
    t0, started = time.monotonic(), time.time()
    findings = Findings(t0)
    transcript = Transcript(os.path.join(directory, "rtsp.log"), t0)
    first = media.FirstPicture(os.path.join(directory, "first.png"), t0)
    ts_path = os.path.join(directory, "sink.ts")
    address = options.bind or ("::" if ":" in options.host else "0.0.0.0")
    receiver = rtp.Receiver(address, rtp_port, ts_path, t0, first.feed)
    receiver.start()
    session: Session | None = Session(options, script, findings, transcript, receiver.port, t0)
    report: dict = {"script": script.name, "expect": script.expect, "started": started}
    try:
        session.connect()
        report["connected_t"] = round(session.now(), 4)
        session.run()
    except ConnectionError as error:
        report["error"] = str(error)
        session = None
    finally:
        report["ended_t"] = round(time.monotonic() - t0, 4)
        time.sleep(0.2)
        receiver.close()
        first.finish()
        transcript.close()
    datagrams = receiver.datagrams
    rtp.save(datagrams, os.path.join(directory, "rtp.csv"))
    report["first_picture"] = first.as_json()
    if session:
        _report_session(report, session)
        _check_timing(session, datagrams, findings, options.time_scale)
        port = session.negotiated.get("server_port")
        report["rtp"] = rtp.check(datagrams, findings, f"{session.peer}:{port}" if port else None, options.time_scale)
        report["rtp"]["not_rtp"] = receiver.not_rtp
    if session and analyse and datagrams:
        audio = session.negotiated.get("audio")
        report["media"] = media.process(directory, datagrams, findings, audio["codec"] if audio else None)
        report["media"]["idr_latency"] = _check_idr(session, media.load_frames(directory), findings,
                                                    options.time_scale)
        report["ts"] = tscheck.check(ts_path, findings, datagrams=datagrams, negotiated=session.negotiated,
                                      formats=session.formats, quiet=session.quiet,
                                     time_scale=options.time_scale)
    report["findings"] = findings.as_json()
    report["violations"] = findings.violations()
    report["expectation_met"] = expectation_met(script, session, len(datagrams))
    with open(os.path.join(directory, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    return report


def _report_session(report: dict, session: Session) -> None:
    report.update(peer=session.peer, played=session.played, ended_by=session.ended_by,
                  negotiated=session.negotiated, formats=session.formats, keepalives=session.keepalives,
                  idr_requests=[round(t, 4) for t in session.idr_requests], events=session.events,
                  quiet=[[round(a, 4), b and round(b, 4), why] for a, b, why in session.quiet])
