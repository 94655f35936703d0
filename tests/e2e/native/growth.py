# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thousand casts to a display in the network, one after the other: connected to by miracastctl, played, disconnected.

What a person expects of a computer that casts every day and is never restarted: the thousandth cast begins as soon as the
first, and the daemon is as large as it was, with the files, threads and processes that it had. Nothing of a cast stays
in its directory, among the machine's interfaces and rules of nftables, or as a process.

Over Wi-Fi P2P a cast takes ten seconds and more with simulated radios; p2p/growth of the unit tests goes through thousands of
those with a wpa_supplicant that is played.

The case is a number of casts, for those who have less time: `run --plain growth:200`. Fewer than a hundred say nothing of
memory, but whether descriptors stay.
"""
from __future__ import annotations

import collections
import dataclasses
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sink"))

from mice import MODE, Bench, Bus  # noqa: E402
from processes import Broker, Failed, Programs, address, demand, wait_until  # noqa: E402
from wfdsink import mice, runner, session  # noqa: E402

CASTS = 1000
# Always the same one: another port would be another display to the source.
PORT = 17250
# Until the allocator has its size; and more than are remembered after their end.
WARM_UP = 50
# What is there is looked at after each of these; memory is the least of as many as are in a quarter of the run.
STEP = 10
# Half a kilobyte of each cast, as unit tests allow (p2p/growth), and pages. One property that is kept of each answer to
# miracastctl was 70 KiB a cast.
MOST_KIB = 768
SANITIZED_KIB_A_CAST = 12
# Of waiting, from the command to the picture and from the other command to the end: at most so much in any cast, and the
# middle one of the last casts no more than so much later than that of the first ones.
CAST_SECONDS, SANITIZED_CAST_SECONDS = 15, 60
MORE_SECONDS = 0.5


class Display(threading.Thread):
    """One that is told to call, and plays until the source ends it. In this process: Python starts slower than a cast."""

    def __init__(self, host: str, directory: pathlib.Path):
        super().__init__(daemon=True)
        self._channel = mice.ControlChannel(host, PORT)
        self._host, self._directory = host, directory
        self.what = "{}:{}".format(*self._channel.address)
        self.report: dict = {}
        self.error = ""
        self.start()

    def run(self) -> None:
        try:
            host, port = self._channel.wait(30)
            # How long a cast may take is for who waits for it; a display that is in a hurry would only blur that.
            options = session.Options(host=host, port=port, bind=self._host, duration=1000, end_with="wait",
                                      time_scale=10)
            self.report = runner.run(options, runner.NO_SCRIPT, str(self._directory), analyse_too=False)
            self._channel.over.wait(10)
        except (mice.MiceError, OSError, ValueError) as error:
            self.error = str(error)
        finally:
            self._channel.close()


@dataclasses.dataclass
class Size:
    """Of miracastd between two casts."""
    rss_kib: int
    heap_kib: int
    fds: list[str]
    threads: int

    @classmethod
    def of(cls, broker: Broker) -> "Size":
        maps = pathlib.Path(f"/proc/{broker.pid}/smaps").read_text(encoding="utf-8", errors="replace")
        heap = re.search(r"\[heap\]\n(?:.*\n)*?Private_Dirty:\s+(\d+) kB", maps)
        return cls(broker.rss_kib(), int(heap[1]) if heap else 0, broker.fds(),
                   len(list(pathlib.Path(f"/proc/{broker.pid}/task").iterdir())))


def of_the_machine(broker: Broker) -> dict[str, list[str]]:
    """What a cast could leave outside of the daemon."""
    nft = shutil.which("nft")
    rules = subprocess.run([nft, "list", "tables"], capture_output=True, text=True, check=False).stdout if nft else ""
    return {
        "interfaces": sorted(path.name for path in pathlib.Path("/sys/class/net").iterdir()),
        "rules": [line for line in rules.splitlines() if " miracast-" in line],
        "files": sorted(path.name for path in (broker.directory / "run").rglob("*")),
        "processes": [str(pid) for pid in broker.umds()],
    }


def cast(bench: Bench) -> float:
    """Seconds that it has kept somebody waiting: until pictures flow, and until it is over."""
    display = Display(bench.host, bench.directory / "display")
    start = time.monotonic()
    answer = bench.ctl("connect", display.what)
    seconds = time.monotonic() - start
    demand("id" in answer and answer.get("state") == "streaming", f"connect: {answer}; the display: {display.error}")
    # A display shows it, and some pictures more.
    time.sleep(0.1)
    start = time.monotonic()
    bench.ctl("disconnect", str(answer["id"]))
    bench.demand_end(answer["id"], "disconnected")
    display.join(20)
    wait_until(lambda: not bench.broker.umds(), 5, "the session process has ended")
    seconds += time.monotonic() - start
    demand(not display.is_alive() and not display.error, f"the display: {display.error or 'it has not ended'}")
    demand(display.report["rtp"]["packets"] > 0, "the display got no picture")
    return seconds


def judge(sizes: list[Size], casts: int, limit_kib: float) -> None:
    """From the larger half before to the smaller half after: what comes and goes is in both."""
    half = len(sizes) // 2
    first, last = sizes[0], sizes[-1]
    print(f"# growth: KiB of memory after every {STEP} casts: {[size.rss_kib for size in sizes]}, of it heap: "
          f"{[size.heap_kib for size in sizes]}", flush=True)
    demand(len(last.fds) <= len(first.fds), f"{len(last.fds)} open files instead of {len(first.fds)}: "
           f"{sorted((collections.Counter(last.fds) - collections.Counter(first.fds)).elements())}")
    demand(last.threads <= first.threads, f"{last.threads} threads instead of {first.threads}")
    for name in ("rss_kib", "heap_kib"):
        more = min(getattr(size, name) for size in sizes[half:]) - max(getattr(size, name) for size in sizes[:half])
        print(f"# growth: {name}: {more} more in {casts // 2} casts, limit {limit_kib:.0f}", flush=True)
        demand(more <= limit_kib, f"{name}: {more} KiB more, in {casts // 2} casts")


def judge_times(seconds: list[float], limit: float) -> None:
    part = max(len(seconds) // 10, 1)
    first, last = statistics.median(seconds[:part]), statistics.median(seconds[-part:])
    print(f"# growth: {len(seconds)} casts; seconds of waiting: at first {first:.2f}, at last {last:.2f}, "
          f"most {max(seconds):.2f}", flush=True)
    demand(max(seconds) <= limit, f"a cast has kept somebody waiting for {max(seconds):.1f} s")
    demand(last <= first + MORE_SECONDS, f"the last casts take {last:.2f} s, the first ones {first:.2f}")


def many(bench: Bench, casts: int) -> None:
    sanitized = not bench.programs.unsanitized()
    before, sizes, seconds = None, [], []
    warm_up = min(WARM_UP, casts)
    for number in range(warm_up + casts + 1):
        seconds.append(cast(bench))
        if number >= warm_up and (number - warm_up) % min(STEP, casts) == 0:
            before = before or of_the_machine(bench.broker)
            sizes.append(Size.of(bench.broker))
    judge(sizes, casts, SANITIZED_KIB_A_CAST * casts if sanitized else MOST_KIB)
    judge_times(seconds, SANITIZED_CAST_SECONDS if sanitized else CAST_SECONDS)
    after = of_the_machine(bench.broker)
    demand(after == before, f"left on the machine: {after} instead of {before}")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    casts = int(only[0]) if only else CASTS
    directory.mkdir(parents=True, exist_ok=True)
    host = address(90)
    with Bus() as bus, Broker(programs, directory / "broker", host, MODE, "--no-p2p",
                              f"--runtime-dir={directory / 'broker/run'}", bus=True, env=bus.environment()) as broker:
        try:
            broker.wait_ready()
            many(Bench(programs, directory, broker, bus, host), casts)
            broker.end()
        except Failed as error:
            report(f"{casts} casts", str(error))
        else:
            report(f"{casts} casts")
