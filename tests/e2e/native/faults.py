# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to the source itself: processes that die or hang, signals, and settings that cannot work."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import time

import pictures
from conformance import VESA, formats
from processes import (HERE, PORT, TIMING, Broker, Failed, Programs, Sink, address, alive, demand, demand_strict, play,
                       wait_until)

MODE = "--mode=640x480@60"
# The broker's bound for a driver that does not end (UMD_STOP_SECONDS), and time to tell.
HANG_SECONDS = 3 + 2
# The broker remembers 16 that have ended (BROKER_MAX_ENDED): from the 17th on it has no reason to grow. Where memory that
# is free is kept back by the sanitizer it does, by some 110 KiB a session.
REMEMBERED = 17
MANY = 30
MORE_KIB, SANITIZED_MORE_KIB = 256, 1900


@dataclasses.dataclass
class Bench:
    programs: Programs
    directory: pathlib.Path
    host: str
    other: str

    def broker(self, name: str = "broker", **more) -> Broker:
        return Broker(self.programs, self.directory / name, self.host, MODE, **more)

    def sink(self, name: str, *options: str, bind: str | None = None) -> Sink:
        return Sink(self.directory / name, self.host, *options, bind=bind)

    def playing(self, broker: Broker, name: str = "sink", *options: str) -> tuple[Sink, int]:
        """A sink that gets pictures until somebody else ends it, and the process that sends them."""
        session = broker.sessions() + 1
        sink = self.sink(name, "--duration", "60", "--end", "wait", "--no-analysis", *options)
        broker.wait_phase(session, "streaming")
        umds = broker.umds()
        demand(len(umds) == 1, f"{len(umds)} miracast-umd for one session")
        return sink, umds[0]

    def good(self, broker: Broker, name: str = "next") -> None:
        session = broker.sessions() + 1
        report = play(self.directory / name, self.host, "--duration", "0.5", "--no-analysis")
        reason, message = broker.wait_over(session)
        demand(reason == "sink-left", f"the next sink: {reason} ({message})")
        demand(report["expectation_met"], "the next sink got no picture")

    def refused(self, *options: str, source: str = "test", umd: str | None = None) -> tuple[int, str]:
        """Exit status and words of a miracastd that cannot start."""
        arguments = [self.programs.broker, "--no-bus", f"--source={source}", f"--from={HERE}", *options]
        if umd:
            arguments.append(f"--umd={umd}")
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
        return result.returncode, result.stdout + result.stderr


def broker_killed(bench: Bench) -> None:
    with bench.broker() as broker:
        broker.wait_ready()
        sink, umd = bench.playing(broker)
        broker.signal(signal.SIGKILL)
        broker.wait()
        with bench.broker("successor") as successor:
            successor.wait_ready(5)
            wait_until(lambda: not alive(umd), 5, "miracast-umd ends after miracastd")
            report = sink.wait(10)
            demand(report["ended_by"] in ("source", "source-trigger"), f"the sink's session: {report['ended_by']}")
            bench.good(successor)
            successor.end()
        broker.demand_clean()


def umd_killed(bench: Bench) -> None:
    with bench.broker() as broker:
        broker.wait_ready()
        sink, umd = bench.playing(broker)
        os.kill(umd, signal.SIGKILL)
        reason, message = broker.wait_over(1, 5)
        demand(reason == "umd-died" and "signal 9" in message, f"{reason}: {message}")
        demand(sink.wait(10)["ended_by"] == "source", "the connection to the sink stayed open")
        bench.good(broker)
        broker.end()


def umd_stopped_at_shutdown(bench: Bench) -> None:
    """A driver that hangs must not keep miracastd from ending."""
    with bench.broker() as broker:
        broker.wait_ready()
        sink, umd = bench.playing(broker)
        os.kill(umd, signal.SIGSTOP)
        start = time.monotonic()
        broker.signal(signal.SIGTERM)
        status = broker.wait(HANG_SECONDS + 5)
        took = time.monotonic() - start
        demand(took < HANG_SECONDS, f"took {took:.1f} s")
        demand(status == 0, f"exit status {status}")
        demand(not alive(umd), "the stopped miracast-umd is still there")
        sink.wait(10)


def umd_stopped_in_play(bench: Bench) -> None:
    """Nobody asked it to end: the session ends since its statistics do not come any more."""
    with bench.broker() as broker:
        broker.wait_ready()
        sink, umd = bench.playing(broker)
        os.kill(umd, signal.SIGSTOP)
        reason, message = broker.wait_over(1, 15)
        demand(reason == "umd-hung", f"{reason}: {message}")
        wait_until(lambda: not alive(umd), 2, "the hung miracast-umd is killed")
        sink.wait(10)
        bench.good(broker)


def closes_on_long_m3(bench: Bench) -> None:
    """A sink that hangs up when it is asked for much is asked for less when it comes back."""
    with bench.broker() as broker:
        broker.wait_ready()
        sink = bench.sink("first", "--misbehave", "close-m3-long")
        reason, message = broker.wait_over(1, 10)
        demand(reason == "sink-vanished", f"{reason}: {message}")
        sink.wait(10)
        report = play(bench.directory / "again", bench.host, "--misbehave", "close-m3-long", "--duration", "0.5",
                      "--no-analysis")
        demand(report["played"], f"ended by {report['ended_by']} instead of playing")
        # Another one is asked for everything.
        play(bench.directory / "other", bench.host, "--duration", "0.5", "--no-analysis", bind=bench.other)
        asked = (bench.directory / "other" / "rtsp.log").read_text(encoding="utf-8", errors="replace")
        demand("intel_friendly_name" in asked, "another sink is not asked for everything")
        broker.end()


def _signal_while(number: int, script: str | None, phase: str | None):
    """SIGTERM or SIGINT while a session has come to some point: a clean end, and the sink hears of it."""
    def case(bench: Bench) -> None:
        with bench.broker() as broker:
            broker.wait_ready()
            sink = None
            if script:
                sink = bench.sink("sink", "--misbehave", script, "--no-analysis")
                broker.wait_phase(1, phase)
            elif phase:
                sink, _ = bench.playing(broker)
            umds = broker.umds()
            broker.signal(number)
            status = broker.wait(5)
            demand(status == 0, f"exit status {status}")
            demand(not [pid for pid in umds if alive(pid)], "miracast-umd outlived miracastd")
            broker.demand_clean()
            if sink:
                reason, _ = broker.wait_over(1)
                demand(reason == "shutdown", f"the session ended with '{reason}'")
                report = sink.wait(10)
                wanted = ("source-trigger",) if not script else ("source", "source-trigger")
                demand(report["ended_by"] in wanted, f"the sink's session ended by {report['ended_by']}")
    return case


def umd_stalls(bench: Bench) -> None:
    """It gets no processor for 0.6 s. That costs these 0.6 s: the sink's clock does not wait, and nothing is later than before."""
    with bench.broker() as broker:
        broker.wait_ready()
        sink = bench.sink("stalled", "--duration", "6", "--video-formats", formats(vesa=1 << VESA["1024x768p30"]))
        broker.wait_phase(1, "streaming")
        time.sleep(2)
        umd = broker.umds()[0]
        os.kill(umd, signal.SIGSTOP)
        time.sleep(0.6)
        os.kill(umd, signal.SIGCONT)
        report = sink.wait(60)
        broker.wait_over(1)
        broker.demand_clean()
    # Sound of these 0.6 s is late, and so are tables.
    demand_strict(report, TIMING - {"pcr-step"})
    least, middle, most = report["ts"]["video_pts_lead_ms"]
    demand(least > 0, f"pictures are late: {report['ts']['video_pts_lead_ms']} ms")
    # A period, 10 ms, and as much as a desktop is ahead of its vertical blank; before and after the stall.
    demand(middle <= 1000 / 30 + 10, f"pictures are {middle} ms ahead of the clock")
    demand(most <= 2 * 1000 / 30 + 10, f"a picture is {most} ms ahead of the clock")


def port_in_use(bench: Bench) -> None:
    with socket.socket() as other:
        other.bind((bench.host, PORT))
        other.listen()
        status, text = bench.refused(f"--listen={bench.host}")
    demand(status == 5 and "in use" in text and "ss -tlnp" in text, f"{status}: {text}")


def bad_addresses(bench: Bench) -> None:
    for bad in ("example.org", "300.1.1.1", f"{bench.host}:port", f"{bench.host}:70000", "0.0.0.0", "192.0.2.1", ""):
        status, text = bench.refused(f"--listen={bad}")
        demand(status == 5 and "numeric address" in text, f"'{bad}' gives {status}: {text}")


def bad_options(bench: Bench) -> None:
    for bad in (("--mode=banana",), ("--mode=99999x10",), ("--audio=bogus",), ("--max-bit-rate=-1",), ("--rtsp-timeout=-1",), ("--unknown",), ("word",)):
        status, text = bench.refused(f"--listen={bench.host}", *bad)
        demand(status == 2 and "--help" in text, f"{bad} gives {status}: {text}")
    status, text = bench.refused(f"--listen={bench.host}", source="nowhere")
    demand(status == 2, f"--source=nowhere gives {status}: {text}")


def no_umd(bench: Bench) -> None:
    with bench.broker(umd="/nonexistent/miracast-umd") as broker:
        broker.wait_ready()
        report = bench.sink("sink", "--no-analysis").wait(15)
        reason, message = broker.wait_over(1)
        demand(reason == "umd-not-started" and "/nonexistent/miracast-umd" in message, f"{reason}: {message}")
        demand(report["ended_by"] == "source", "the sink was left waiting")
        broker.end()


def no_encoder(bench: Bench) -> None:
    with Broker(bench.programs, bench.directory / "broker", bench.host, "--encoder=nosuchencoder") as broker:
        broker.wait_ready()
        bench.sink("sink", "--no-analysis").wait(15)
        reason, message = broker.wait_over(1)
        demand(reason == "encoder-missing" and "nosuchencoder" in message, f"{reason}: {message}")
        broker.end()


def no_module(bench: Bench) -> None:
    status, text = bench.refused(f"--listen={bench.host}", "--device=/nonexistent/miracast", source="kernel")
    demand(status == 3 and "/nonexistent/miracast" in text and "modprobe miracast" in text, f"{status}: {text}")


def _demand_cast(report: dict, recording: pathlib.Path, mode: str, pictures_at_least: int) -> None:
    """All of a cast that has a processor for itself, but for its timing."""
    broken = set(report["violations"]) - TIMING
    demand(not broken, f"the source broke {broken}")
    video = report["negotiated"]["video"]
    demand(video["mode"] == mode, f"M4 set {video['mode']} instead of {mode}")
    pictures.demand_order(pictures.numbers(recording, video["width"]), pictures_at_least)
    pictures.demand_colors(recording, video["width"], video["height"])


def two_sinks(bench: Bench) -> None:
    """Two displays at once: each has a driver, a mode and pictures of its own, and outlives the other's driver."""
    with bench.broker() as broker:
        broker.wait_ready()
        first = bench.sink("first", "--duration", "300", "--end", "wait", "--video-formats", formats(cea=1))
        broker.wait_phase(1, "streaming")
        umd = broker.umds()
        second = bench.sink("second", "--duration", "3", "--video-formats", formats(vesa=1 << VESA["1024x768p30"]),
                            bind=bench.other)
        broker.wait_phase(2, "streaming")
        demand(len(broker.umds()) == 2, f"{len(broker.umds())} miracast-umd for two sinks")
        second_report = second.wait(60)
        reason, message = broker.wait_over(2)
        demand(reason == "sink-left", f"session 2: {reason} ({message})")

        third = bench.sink("third", "--duration", "300", "--end", "wait", "--no-analysis", bind=bench.other)
        broker.wait_phase(3, "streaming")
        for pid in set(broker.umds()) - set(umd):
            os.kill(pid, signal.SIGKILL)
        reason, message = broker.wait_over(3, 5)
        demand(reason == "umd-died", f"session 3: {reason} ({message})")
        third.wait(20)
        demand(broker.umds() == umd, "the first session has lost its driver")
        broker.end()
        first_report = first.wait(60)
        demand(first_report["ended_by"] == "source-trigger", f"the first sink: {first_report['ended_by']}")
        _demand_cast(first_report, bench.directory / "first/sink.ts", "640x480p60", 60)
        _demand_cast(second_report, bench.directory / "second/sink.ts", "1024x768p30", 20)


def same_sink_twice(bench: Bench) -> None:
    """A second connection from the address of a sink that has a session is dropped; the session goes on."""
    with bench.broker() as broker:
        broker.wait_ready()
        first, _ = bench.playing(broker)
        second = bench.sink("second", "--no-analysis").wait(15)
        demand(second["ended_by"] == "source" and not second["played"], f"the second: {second['ended_by']}")
        demand(broker.sessions() == 1, f"{broker.sessions()} sessions")
        broker.end()
        demand(first.wait(10)["ended_by"] == "source-trigger", "the first session did not go on")


def sink_dials_again(bench: Bench) -> None:
    """A sink that hangs up after 2 s without a word and dials again, on a machine where the first process is late."""
    late = bench.directory / "late-umd"
    late.write_text(f"#!/bin/sh\nmkdir {bench.directory}/warm 2>/dev/null && sleep 2.6\nexec {bench.programs.umd}\n",
                    encoding="utf-8")
    late.chmod(0o755)
    with bench.broker(umd=str(late)) as broker:
        broker.wait_ready()
        report = bench.sink("sink", "--patience", "2", "--duration", "1", "--no-analysis").wait(60)
        demand_strict(report, TIMING)
        reason, message = broker.wait_over(1)
        demand(reason == "sink-left", f"{reason}: {message}")
        phases = broker.phases(1)
        demand(broker.sessions() == 1 and phases.count("dialled") == 2 and "hung-up" in phases,
               f"{broker.sessions()} sessions, the first came to {phases}")
        broker.end()


def cold_registry(bench: Bench) -> None:
    """GStreamer's registry is missing and cannot be kept: M1 still comes within 6 s."""
    environment = {"GST_REGISTRY": "/proc/nonexistent/registry.bin"}
    # Plug-ins that nobody has loaded for a while come from the disk, whose time is not ours.
    subprocess.run(["gst-inspect-1.0", "--exists", "fakesink"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                   timeout=120, check=True)
    with bench.broker(env=environment) as broker:
        broker.wait_ready()
        report = bench.sink("sink", "--duration", "1", "--no-analysis").wait(60)
        demand_strict(report)
        broker.end()


def many_sessions(bench: Bench) -> None:
    limit = MORE_KIB if bench.programs.unsanitized() else SANITIZED_MORE_KIB
    with bench.broker() as broker:
        broker.wait_ready()
        bench.good(broker, "session-1")
        fds = len(broker.fds())
        for number in range(2, MANY + 1):
            bench.good(broker, f"session-{number}")
            if number == REMEMBERED:
                rss = broker.rss_kib()
        more = broker.rss_kib() - rss
        print(f"# faults: {more} KiB more from session {REMEMBERED} to {MANY}", flush=True)
        demand(not broker.umds(), "miracast-umd is left over")
        demand(len(broker.fds()) <= fds, f"{len(broker.fds())} open files instead of {fds}")
        demand(more < limit, f"{more} KiB more from session {REMEMBERED} to {MANY}")
        broker.end()


CASES = {
    "broker-killed": broker_killed,
    "umd-killed": umd_killed,
    "umd-stopped-at-shutdown": umd_stopped_at_shutdown,
    "umd-stopped-in-play": umd_stopped_in_play,
    "term-idle": _signal_while(signal.SIGTERM, None, None),
    "term-before-m1-answer": _signal_while(signal.SIGTERM, "m1-no-answer", "connected"),
    "term-before-m3-answer": _signal_while(signal.SIGTERM, "m3-no-answer", "connected"),
    "term-before-m4-answer": _signal_while(signal.SIGTERM, "m4-no-answer", "capabilities"),
    "term-before-m6": _signal_while(signal.SIGTERM, "m6-never", "mode"),
    "term-before-m7": _signal_while(signal.SIGTERM, "m7-never", "setup"),
    "term-in-play": _signal_while(signal.SIGTERM, None, "streaming"),
    "int-in-play": _signal_while(signal.SIGINT, None, "streaming"),
    "port-in-use": port_in_use,
    "bad-addresses": bad_addresses,
    "bad-options": bad_options,
    "no-umd": no_umd,
    "closes-on-long-m3": closes_on_long_m3,
    "no-encoder": no_encoder,
    "no-module": no_module,
    "two-sinks": two_sinks,
    "same-sink-twice": same_sink_twice,
    "sink-dials-again": sink_dials_again,
    "cold-registry": cold_registry,
    "many-sessions": many_sessions,
    "umd-stalls": umd_stalls,
}


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    for number, (name, case) in enumerate(CASES.items()):
        if only and name not in only:
            continue
        bench = Bench(programs, directory / name, address(40 + 2 * number), address(41 + 2 * number))
        bench.directory.mkdir(parents=True, exist_ok=True)
        try:
            case(bench)
        except Failed as error:
            report(name, str(error))
        else:
            report(name)
