# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every misbehaviour of the test sink against a broker that has to survive all of them.

After each one a well-behaved sink has to get its picture from the same broker. When a broker has seen its share, it
must have as many open files and (roughly) as much memory as after its first session.
"""
from __future__ import annotations

import collections
import pathlib
import queue
import sys
import threading

from processes import TIMING, TOP, Broker, Failed, Programs, address, demand, demand_strict, play

sys.path.insert(0, str(TOP / "tests/sink"))

from wfdsink.misbehave import SCRIPTS  # noqa: E402

BROKERS = 4
# Cheap to encode, so that four sessions at once keep their timing on a small machine.
OPTIONS = ("--mode=640x480@60",)
RSS_GROWTH_KIB = 8 * 1024

# How a session with each script may end (CHANNEL_REASONS). A reason is right if it tells the user what to do.
PLAYED = {"sink-left"}
VANISHED = {"sink-vanished"}
NO_ANSWER = {"response-timeout"}
REASONS = {name: PLAYED for name, script in SCRIPTS.items() if script.expect == "plays"}
REASONS |= {name: VANISHED for name, script in SCRIPTS.items() if script.expect == "closed"}
REASONS |= {name: NO_ANSWER for name in SCRIPTS if name.endswith("-no-answer") or name.startswith("late-")}
REASONS |= {
    # The second answer belongs to no request of ours.
    "duplicate-answers": PLAYED,
    "video-none": {"capabilities-invalid"},
    # 640x480p60 is mandatory, and so is tried whatever the masks say.
    "video-empty-masks": {"mode-refused"},
    "video-unknown-profile": {"mode-refused"},
    "video-huge": {"sink-left", "protocol-error", "capabilities-invalid"},
    "edid-huge": PLAYED,
    "edid-garbage": PLAYED,
    "rtp-port-zero": {"capabilities-invalid"},
    "rtp-port-huge": {"capabilities-invalid"},
    "m3-empty": {"capabilities-invalid"},
    # Nothing of ours is protected, so that the stream needs no HDCP.
    "hdcp-wanted": PLAYED,
    "m1-error": {"request-refused"},
    "m3-404": {"request-refused"},
    "m3-500": {"request-refused"},
    "m4-303": {"mode-refused"},
    "m4-303-garbage": {"mode-refused"},
    "m5-403": {"request-refused"},
    "m2-never": PLAYED,
    "m6-never": {"request-timeout"},
    "m7-never": {"request-timeout"},
    "m16-no-answer": {"keepalive-lost"},
    "silent-in-play": {"keepalive-lost"},
    # Random bytes may hold no line end, and then are no message that could be wrong.
    "garbage-first": {"protocol-error", "response-timeout"},
    "garbage-flood": {"protocol-error"},
    "garbage-before-m2": {"protocol-error"},
    "garbage-in-play": {"protocol-error"},
    "http-client": {"protocol-error"},
    # One line that is too long may be skipped with the header.
    "header-oversize": {"protocol-error", "sink-left"},
    "header-many": {"protocol-error"},
    "length-oversize": {"protocol-error"},
    "length-negative": {"protocol-error"},
    # What is left of the body, or all of it, is taken for the next message.
    "length-short": {"capabilities-invalid", "protocol-error"},
    "length-missing": {"capabilities-invalid", "protocol-error"},
    "cseq-wrong": NO_ANSWER,
    "half-then-silence": NO_ANSWER,
    "nul-in-body": {"sink-left", "capabilities-invalid"},
    "teardown-early": PLAYED,
    "teardown-before-play": PLAYED,
    "teardown-after-m1": PLAYED,
    "teardown-twice": PLAYED,
    "play-before-setup": PLAYED,
    "setup-before-m1": PLAYED,
}

# In 2 s of asking, four a second; then there are the first one and what the beginning of the session asks for.
MAX_FLOOD_KEY_FRAMES = 12

# Seconds to play; M16 comes after 25 s.
DURATION = collections.defaultdict(lambda: 1.5, {
    "idr-flood": 3.0, "pause-play-storm": 6.0, "lg-like": 27.0, "m16-error": 27.0, "ms-late-m2": 2.0})
SLOW = ("m16-no-answer", "silent-in-play", "lg-like", "m16-error", "slow-answers")
# Nothing ends within this: 25 s until M16, 60 s that it may stay unanswered, and the dialogue.
PATIENCE = 120

# What a broker remembers of these would change what the sinks after them hear: see faults.py.
ELSEWHERE = frozenset({"close-m3-long"})

# Longest first, so that no broker is busy alone at the end.
CASES = [name for name in sorted(SCRIPTS, key=lambda name: name not in SLOW) if name not in ELSEWHERE]

# Findings that a script brings about by itself.
MEANINGLESS = {
    "video-empty-masks": frozenset({"m4-video-not-offered"}),
    "video-unknown-profile": frozenset({"m4-video-not-offered"}),
}


def run_script(broker: Broker, name: str) -> None:
    """One session with a script and one without, on a broker that is idle."""
    before = broker.sessions()
    report = play(broker.directory / name, broker.host, "--misbehave", name, "--duration", str(DURATION[name]),
                  seconds=PATIENCE)
    demand(broker.running(), f"miracastd has died: {broker.lines[-3:]}")
    demand(broker.sessions() > before, "miracastd has made no session of it")
    reason, message = broker.wait_over(before + 1, 15)
    broker.demand_clean()
    demand(reason in REASONS[name], f"ended with '{reason}' ({message}) instead of {sorted(REASONS[name])}")
    demand(message, f"ended with '{reason}' and no message")
    if name == "idr-flood":
        demand(report["media"]["idr"] <= MAX_FLOOD_KEY_FRAMES, f"{report['media']['idr']} key frames")
    # With several sessions at once the processor may be late; conformance.py judges timing.
    demand_strict(report, TIMING | MEANINGLESS.get(name, frozenset()))


def run_good(broker: Broker, name: str) -> None:
    session = broker.sessions() + 1
    report = play(broker.directory / f"{name}.after", broker.host, "--duration", "0.5", "--no-analysis")
    demand(broker.running(), f"miracastd has died: {broker.lines[-3:]}")
    reason, message = broker.wait_over(session, 15)
    broker.demand_clean()
    demand(reason == "sink-left", f"a well-behaved sink afterwards: {reason} ({message})")
    demand(report["expectation_met"] and report["rtp"]["packets"], "a well-behaved sink afterwards got no picture")


class Worker:
    """A broker that gets scripts until there are none."""

    def __init__(self, number: int, programs: Programs, directory: pathlib.Path, scripts: queue.SimpleQueue, report):
        self._name = f"broker-{number}"
        self._scripts, self._report = scripts, report
        self._programs, self._directory, self._host = programs, directory / self._name, address(number)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _case(self, name: str, function, *arguments) -> bool:
        try:
            function(*arguments)
        except Failed as error:
            self._report(name, str(error))
            return False
        self._report(name)
        return True

    def _run(self) -> None:
        self._case(self._name, self._serve)

    def _both(self, broker: Broker, name: str) -> None:
        """The next sink gets its picture whatever became of the script."""
        try:
            run_script(broker, name)
        finally:
            if broker.running():
                run_good(broker, name)

    def _serve(self) -> None:
        with Broker(self._programs, self._directory, self._host, *OPTIONS) as broker:
            broker.wait_ready()
            run_good(broker, "first")
            fds, rss = broker.fds(), broker.rss_kib()
            while broker.running():
                try:
                    name = self._scripts.get_nowait()
                except queue.Empty:
                    break
                self._case(name, self._both, broker, name)
            demand(broker.running(), "miracastd has died")
            demand(not broker.umds(), f"miracast-umd is left over: {broker.umds()}")
            self._compare(broker, fds, rss)
            broker.end()

    def _compare(self, broker: Broker, fds: list[str], rss: int) -> None:
        now = broker.fds()
        more = collections.Counter(now) - collections.Counter(fds)
        demand(len(now) <= len(fds), f"{len(now)} files are open instead of {len(fds)}; more than before: {dict(more)}")
        growth = broker.rss_kib() - rss
        demand(growth < RSS_GROWTH_KIB, f"{growth} KiB more memory after {broker.sessions()} sessions")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    """Runs the scripts; report(name, error or None) is called for each, from several threads."""
    scripts = queue.SimpleQueue()
    names = [name for name in CASES if not only or name in only]
    for name in names:
        if name in REASONS:
            scripts.put(name)
        else:
            report(name, "has no row in REASONS")
    workers = [Worker(number + 1, programs, directory, scripts, report) for number in range(min(BROKERS, len(names)))]
    for worker in workers:
        worker.thread.join()
