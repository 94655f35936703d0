#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmarks in the virtual machine and leaves what they say in a file of /out.

    measure.py quiet    everything that is timed by one thread after the other
    measure.py readers  how throughput grows with readers: wants processors that run at the same time
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

BENCH = Path("/mnt/build/bench")
TRACING = Path("/sys/kernel/tracing")
# Round trips of a trace.
TRIPS = 1000
PAYLOADS = (64, 4096)

ALLOCATIONS = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node",
               "mm_page_alloc")
STEPS = ("miracast/miracast_msg_send", "miracast/miracast_msg_deliver", "miracast/miracast_msg_done",
         "sched/sched_waking", "sched/sched_switch", "syscalls/sys_enter_write")
MESSAGE_STEPS = {"miracast_msg_send": "sent", "miracast_msg_deliver": "delivered",
                 "miracast_msg_done": "completed"}
IDLE = ("timer/hrtimer_expire_entry", "timer/timer_expire_entry",
        "workqueue/workqueue_execute_start")
EVENT = re.compile(r"\s*(?P<task>.+)-(?P<tid>\d+)\s+\[\d+\] \S+\s+(?P<time>[\d.]+): (?P<event>\w+)"
                   r"(?:: |\()(?P<fields>.*)")


def run(program, *arguments):
    """The objects that a program prints, one a line."""
    print("measuring:", program, *arguments, file=sys.stderr, flush=True)
    output = subprocess.run([BENCH / program, *map(str, arguments)], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


class Trace:
    """These events while a program runs; the program itself switches tracing on and off."""

    def __init__(self, events):
        self.events = [TRACING / "events" / event / "enable" for event in events]
        self.events = [event for event in self.events if event.exists()]

    def __enter__(self):
        (TRACING / "tracing_on").write_text("0")
        (TRACING / "buffer_size_kb").write_text("16384")
        (TRACING / "trace_clock").write_text("mono")
        (TRACING / "trace").write_text("")
        for event in self.events:
            event.write_text("1")
        return self

    def __exit__(self, *_):
        for event in self.events:
            event.write_text("0")

    @staticmethod
    def read():
        with open(TRACING / "trace", encoding="utf-8") as file:
            for line in file:
                if match := EVENT.match(line):
                    yield match


def allocations(payload):
    """Allocations per round trip by the two tasks, and where they are made."""
    with Trace(f"kmem/{event}" for event in ALLOCATIONS) as trace:
        tasks = run("relay-bench", "trace", "relay", TRIPS, payload)[0]
        sites = Counter()
        for event in trace.read():
            if int(event["tid"]) in (tasks["sender"], tasks["reader"]):
                site = re.search(r"call_site=(\w+)", event["fields"])
                sites[site[1] if site else event["event"]] += 1
    return {"what": "allocations", "payload": payload, "per_message": sum(sites.values()) / TRIPS,
            "sites": {site: count / TRIPS for site, count in sites.most_common()}}


def steps():
    """Where the time of a round trip goes: microseconds between one event and the next."""
    with Trace(STEPS) as trace:
        tasks = run("relay-bench", "trace", "relay", TRIPS, PAYLOADS[0])[0]
        sums, last, at = Counter(), None, None
        for event in trace.read():
            name = step_of(event, tasks)
            if name is None:
                continue
            now = float(event["time"])
            if last is not None:
                sums[f"{last} to {name}"] += now - at
            last, at = name, now
    total = sum(sums.values())
    return {"what": "steps", "round_trip_us": total / TRIPS * 1e6,
            "share": {step: value / total for step, value in sums.most_common() if value / total > .005}}


def step_of(event, tasks):
    """What an event means for the round trip, if anything."""
    name, fields = event["event"], event["fields"]
    who = {tasks["sender"]: "sender", tasks["reader"]: "reader"}
    if name in MESSAGE_STEPS:
        return MESSAGE_STEPS[name]
    if name == "sys_write":
        return "write() begins" if int(event["tid"]) == tasks["reader"] else None
    if name in ("sched_waking", "sched_switch"):
        key, verb = (" pid=", "woken") if name == "sched_waking" else ("next_pid=", "runs")
        match = re.search(key + r"(\d+)", " " + fields)
        task = who.get(int(match[1])) if match else None
        return f"{task} {verb}" if task else None
    return None


def display(program):
    """The figures of a display driver, and what of it ran after the last flip and on an idle screen."""
    with Trace(IDLE) as trace:
        results = run(program)
        idle = next(result for result in results if result["what"] == "idle")
        after, wakeups = Counter(), Counter()
        for event in trace.read():
            function = re.search(r"function=(\S+ \[(?:drm|drm_kms_helper|miracast|evdi)\])",
                                 event["fields"])
            if function:
                (wakeups if float(event["time"]) >= idle["from"] else after)[function[1]] += 1
    idle.update(wakeups=wakeups, after_last_flip=after)
    return results


def load(module):
    depends = subprocess.run(["modinfo", "-F", "depends", module], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    for name in filter(None, depends.split(",")):
        if not Path("/sys/module", name).exists():
            subprocess.run(["modprobe", name], check=True)
    parameters = ["initial_device_count=1"] if module.stem == "evdi" else []
    subprocess.run(["insmod", module, *parameters], check=True)


def quiet():
    results = run("relay-bench", "latency")
    for payload in PAYLOADS:
        results.append(allocations(payload))
    results.append(steps())
    results += display("display-miracast")
    if (BENCH / "display-evdi").exists():
        try:
            load(BENCH / "evdi" / "evdi.ko")
            results += display("display-evdi")
        except subprocess.CalledProcessError as error:
            print(f"evdi could not be measured: {error}", file=sys.stderr)
    return results


def main():
    what = sys.argv[1]
    subprocess.run(["load-module", "miracast"], check=True)
    subprocess.run(["modprobe", "fuse"], check=True)
    load(BENCH / "module" / "miracast_bench.ko")
    results = {"quiet": quiet, "readers": lambda: run("relay-bench", "throughput")}[what]()
    Path("/out", f"{what}.json").write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
