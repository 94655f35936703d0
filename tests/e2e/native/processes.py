# SPDX-License-Identifier: LGPL-2.1-or-later
"""miracastd and the test sink as processes, and what can be seen of them from outside."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
WFD_SINK = TOP / "tests/sink/wfd-sink"
MICE_SINK = TOP / "tests/sink/wfd-sink-mice"
SUPPRESSIONS = TOP / "tests/lsan.supp"
PYTHON = "/usr/bin/python3"
PORT = 7236
# Who may have the picture without anybody being asked.
HERE = "127.0.0.0/8"

_OVER = re.compile(r"session (\d+): over \(([a-z0-9-]+)\): (.*)")
_PHASE = re.compile(r"session (\d+): ([a-z-]+): ")

# Findings that also come of a processor that has too much to do: a source that does not get done with sound skips some.
TIMING = frozenset({"pat-interval", "pmt-interval", "pcr-interval", "pcr-step", "pcr-rtp", "pts-late", "pts-lead", "av-skew",
                    "audio-pts"})


class Failed(Exception):
    """A case that did not go as it should; the text says what happened instead."""


def demand(true: object, otherwise: str) -> None:
    if not true:
        raise Failed(otherwise)


def address(number: int) -> str:
    """A loopback address that no other run of these tests uses at the same time."""
    return f"127.{100 + (os.getpid() >> 8) % 100}.{os.getpid() & 255}.{number}"


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie that waits for its parent."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def anonymous_kib(pid: int) -> int:
    """Memory that is a process's own."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1])


def children(pid: int) -> list[int]:
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def wait_until(condition, seconds: float, what: str):
    """The condition's first true value; Failed if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)
    return value


@dataclasses.dataclass(frozen=True)
class Programs:
    """What is tested, and how it is started."""
    broker: pathlib.Path
    umd: pathlib.Path
    ctl: pathlib.Path

    @classmethod
    def of_build(cls, build: pathlib.Path) -> "Programs":
        return cls(build / "userspace/broker/miracastd", build / "userspace/umd/miracast-umd",
                   build / "userspace/ctl/miracastctl")

    def missing(self) -> list[str]:
        return [str(path) for path in (self.broker, self.umd, self.ctl) if not os.access(path, os.X_OK)]

    def unsanitized(self) -> list[str]:
        return [str(path) for path in (self.broker, self.umd)
                if not all(word in path.read_bytes() for word in (b"__asan_init", b"__ubsan_handle"))]


def sanitizer_environment(directory: pathlib.Path) -> dict[str, str]:
    """Reports go to files, one for each process; unwinding is slow but right in libraries without frame pointers, and so
    goes no deeper than the suppressions need."""
    log = f"log_path={directory}/sanitizer"
    # The small quarantine is for what the resident size says of leaks.
    return dict(os.environ, G_SLICE="always-malloc",
                ASAN_OPTIONS=f"{log}:detect_leaks=1:quarantine_size_mb=1:fast_unwind_on_malloc=0:malloc_context_size=10",
                UBSAN_OPTIONS=f"{log}:print_stacktrace=1:halt_on_error=1",
                LSAN_OPTIONS=f"suppressions={SUPPRESSIONS}:print_suppressions=0")


def sanitizer_reports(directory: pathlib.Path) -> list[str]:
    """The first telling line of each report, with the file that holds the rest."""
    reports = []
    for path in sorted(directory.glob("sanitizer.*")):
        text = path.read_text(encoding="utf-8", errors="replace")
        line = next((line for line in text.splitlines() if "ERROR" in line or "error:" in line), text[:200])
        reports.append(f"{line.strip()} (see {path})")
    return reports


class Broker:
    """A miracastd --source=test, without a bus unless there is one; a context manager that leaves nothing behind."""

    def __init__(self, programs: Programs, directory: pathlib.Path, host: str, *options: str, source: str = "test",
                 umd: str | None = None, env: dict[str, str] | None = None, bus: bool = False):
        self.directory, self.host = directory, host
        directory.mkdir(parents=True, exist_ok=True)
        self.lines: list[str] = []
        self._read_lines, self._known_reports = 0, []    # of which demand_clean() has told
        self._overs: dict[int, tuple[str, str]] = {}
        self._phases: dict[int, list[str]] = {}
        self._log = open(directory / "miracastd.log", "w", encoding="utf-8")
        self._process = subprocess.Popen(
            [programs.broker, "--session-bus" if bus else "--no-bus", f"--source={source}", f"--umd={umd or programs.umd}", f"--listen={host}",
             f"--from={HERE}",
             # Sanitizers have to read /proc and trace themselves; make-native casts confined.
             "--sandbox=",
             *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=dict(sanitizer_environment(directory), **(env or {})))
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Broker":
        return self

    def __exit__(self, *_exception) -> None:
        umds = self.umds()
        for pid in [self.pid, *umds]:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(5)
        self._log.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._log.write(f"{time.monotonic():.3f} {line}")
            self._log.flush()
            line = line.rstrip("\n")
            if match := _OVER.search(line):
                self._overs[int(match[1])] = (match[2], match[3])
            elif match := _PHASE.search(line):
                self._phases.setdefault(int(match[1]), []).append(match[2])
            self.lines.append(line)

    # -- what it says ----------------------------------------------------------------------------------------

    def wait_ready(self, seconds: float = 20) -> None:
        wait_until(lambda: self.says("ready") or self._process.poll() is not None, seconds, "miracastd is ready")
        demand(self._process.poll() is None, f"miracastd ended at once: {self.lines[-3:]}")

    def says(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def sessions(self) -> int:
        """How many sessions there have been; their numbers go from 1 to this."""
        return max([0, *self._phases])

    def phases(self, session: int) -> list[str]:
        return list(self._phases.get(session, ()))

    def wait_phase(self, session: int, phase: str, seconds: float = 20) -> None:
        wait_until(lambda: phase in self.phases(session) or session in self._overs, seconds,
                   f"session {session} reaches {phase}, it has {self.phases(session)}")
        demand(phase in self.phases(session), f"session {session} ended before {phase}: {self._overs.get(session)}")

    def wait_over(self, session: int, seconds: float = 10) -> tuple[str, str]:
        """(reason, message) of the end of a session."""
        return wait_until(lambda: self._overs.get(session), seconds, f"session {session} is over")

    # -- what the system says of it --------------------------------------------------------------------------

    def running(self) -> bool:
        return self._process.poll() is None

    def umds(self) -> list[int]:
        return children(self.pid)

    def fds(self) -> list[str]:
        found = []
        for entry in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found.append(re.sub(r"\d{2,}", "N", os.readlink(entry)))
            except OSError:
                continue
        return sorted(found)

    def rss_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 15) -> int:
        """The exit status; -N for signal N."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"miracastd did not end within {seconds:g} s: {self.lines[-3:]}") from None
        self._reader.join(5)
        return status

    def demand_clean(self) -> None:
        """No report of a sanitizer, of GLib or of GStreamer that was not there when it was last asked for."""
        lines, reports = self.lines[self._read_lines:], sanitizer_reports(self.directory)
        self._read_lines += len(lines)
        bad = [report for report in reports if report not in self._known_reports]
        self._known_reports += bad
        bad += [line for line in lines if "CRITICAL" in line or "killing miracast-umd" in line]
        demand(not bad, "; ".join(bad[:3]))

    def end(self) -> None:
        """SIGTERM, which has to be a clean end."""
        umds = self.umds()
        self.signal(signal.SIGTERM)
        status = self.wait()
        self.demand_clean()
        demand(status == 0, f"exit status {status} after SIGTERM")
        left = [pid for pid in umds if alive(pid)]
        demand(not left, f"miracast-umd {left} outlived miracastd")


class Sink:
    """A wfd-sink that runs beside the test."""

    def __init__(self, directory: pathlib.Path, host: str, *options: str, bind: str | None = None):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [PYTHON, WFD_SINK, "--connect", host, "--out", directory, "--retry", "5", "--bind", bind or host, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.output = ""

    def wait(self, seconds: float = 60) -> dict:
        """The sink's report."""
        try:
            self.output = self._process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"the sink did not end within {seconds:g} s, see {self.directory}") from None
        path = self.directory / "report.json"
        demand(path.exists(), f"the sink left no report: {self.output[-300:]}")
        return json.loads(path.read_text(encoding="utf-8"))

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def play(directory: pathlib.Path, host: str, *options: str, bind: str | None = None, seconds: float = 60) -> dict:
    """A session with a well-behaved sink; its report."""
    return Sink(directory, host, *options, bind=bind).wait(seconds)


def demand_strict(report: dict, tolerated: frozenset[str] = frozenset()) -> None:
    """The sink got what it expected and the source broke no rule."""
    details = {finding["name"]: finding["detail"] for finding in report["findings"]}
    demand("error" not in report, str(report.get("error")))
    broken = [f"{name} ({details[name]})" for name in report["violations"] if name not in tolerated]
    demand(not broken, "the source broke: " + "; ".join(broken))
    demand(report["expectation_met"],
           f"expected '{report['expect']}', but played={report['played']} and ended by {report['ended_by']}")
