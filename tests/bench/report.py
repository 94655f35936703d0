#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the table and bench.json of what measure.py has left, and says which goals are met."""

import argparse
import json
import sys
from pathlib import Path
from statistics import median

# More than this is growth and not noise; and a rate that is unchanged may still be off by this.
GROWTH = 1.2
UNCHANGED = 0.98


class Report:
    """The table, line by line, and the same for machines."""

    def __init__(self):
        self.figures, self.goals = {}, []

    @staticmethod
    def heading(text):
        print(f"\n{text}")

    @staticmethod
    def row(name, *cells):
        print(f"  {name:<36}" + "".join(f"{cell:>15}" for cell in cells))

    def goal(self, name, value, met, wanted):
        self.goals.append({"goal": name, "value": value, "wanted": wanted, "met": met})


def rows_of(measured, what, **having):
    return [row for row in measured if row["what"] == what
            and all(row[key] == value for key, value in having.items())]


def micros(nanoseconds):
    return f"{nanoseconds / 1000:.1f}"


# ------------------------------------------------------------------- relay

WAYS = {"relay": "message of the relay", "relay-polled": "the same, reader sleeps in poll()",
        "pipe": "pipes, kernel to thread",
        "pipe-threads": "pipes, thread to thread", "netlink": "generic netlink",
        "fuse": "FUSE, a direct read"}


def latency(report, measured, payload, cpus):
    """Ratios are taken in each repetition, and then their median."""
    report.heading(f"Round trip, {payload} bytes each way, tasks on "
                   f"{'one processor' if cpus == 1 else 'two processors'}")
    report.row("", "median us", "p95 us", "to pipe pair", "to kernel pipe")
    by_way = {way: rows_of(measured, "latency", payload=payload, cpus=cpus, way=way)
              for way in WAYS}

    def ratio(way, peer):
        pairs = zip(by_way[way], sorted(by_way[peer], key=lambda row: row["repetition"]))
        return median(one["median_ns"] / other["median_ns"] for one, other in pairs)

    for rows in by_way.values():
        rows.sort(key=lambda row: row["repetition"])
    figures = {}
    for way, name in WAYS.items():
        figures[way] = {"median_ns": median(row["median_ns"] for row in by_way[way]),
                        "p95_ns": median(row["p95_ns"] for row in by_way[way]),
                        "to_pipe_threads": ratio(way, "pipe-threads"),
                        "to_pipe": ratio(way, "pipe")}
        one = figures[way]
        report.row(name, micros(one["median_ns"]), micros(one["p95_ns"]),
                   f"{one['to_pipe_threads']:.2f}", f"{one['to_pipe']:.2f}")
    report.figures[f"latency-{payload}-{cpus}"] = figures
    if payload == 64:
        for peer, name in (("to_pipe_threads", "a pair of pipes"),
                           ("to_pipe", "a pair of pipes with one end in the kernel")):
            value = figures["relay"][peer]
            report.goal(f"round trip against {name}, tasks on {cpus} processor{'s' * (cpus > 1)}",
                        f"{value:.2f}", value <= 1.3, "at most 1.3")


def allocations(report, measured):
    report.heading("Allocations per message; a reply of more than 128 bytes is one more")
    for row in rows_of(measured, "allocations"):
        report.row(f"{row['payload']} bytes each way", f"{row['per_message']:.2f}")
        for site, count in row["sites"].items():
            if count >= .01:
                report.row(f"    {site}", f"{count:.2f}")
        report.figures[f"allocations-{row['payload']}"] = row
        if row["payload"] == 64:
            # Of a thousand messages one may fall on the page of a new slab.
            report.goal("allocations per message, the message itself", f"{row['per_message']:.2f}",
                        .99 <= row["per_message"] <= 1.01, "1")


def steps(report, measured):
    row = rows_of(measured, "steps")[0]
    report.heading(f"Where the time of a round trip goes ({row['round_trip_us']:.1f} us with tracing on)")
    for step, share in row["share"].items():
        print(f"  {share:7.1%}  {step}")
    call = rows_of(measured, "empty-call")[0]
    print(f"  A call with nothing to do takes {micros(call['ns'])} us.")
    report.figures.update({"steps": row, "empty-call": call})


def throughput(report, measured):
    report.heading("Messages a second from 4 senders; by real time, on processors that run side by side")
    counts = (1, 2, 4)
    report.row("", *(f"{readers} reader{'s' * (readers > 1)}" for readers in counts))
    for work in (False, True):
        for polled in (False, True):
            rates = {}
            for readers in counts:
                rows = rows_of(measured, "throughput", readers=readers, work=work, polled=polled)
                rates[readers] = median(row["messages"] / row["ns"] * 1e9 for row in rows)
            report.row(("each costs its reader 1 ms" if work else "readers do nothing else")
                       + (", poll()" if polled else ""),
                       *(f"{rates[readers]:.0f}" for readers in counts))
            report.figures[f"throughput-{'work' if work else 'empty'}{'-polled' * polled}"] = rates
            if work and not polled:
                report.goal("throughput grows with readers up to the two processors",
                            f"x{rates[2] / rates[1]:.2f}", rates[2] / rates[1] >= GROWTH,
                            f"2 readers at least x{GROWTH} of 1")


# ----------------------------------------------------------------- display

DRIVERS = ("miracast", "evdi")


def by_driver(measured, what, key, **having):
    """The median of a figure for each driver; None for one that was not measured."""
    values = {}
    for driver in DRIVERS:
        rows = rows_of(measured, what, driver=driver, **having)
        values[driver] = median(row[key] for row in rows) if rows else None
    return values


def compare(report, name, values, form, show_ratio=True):
    ours, theirs = (values[driver] for driver in DRIVERS)
    ratio = f"x{theirs / ours:.1f}" if show_ratio and theirs is not None and ours else ""
    report.row(name, form(ours), "not measured" if theirs is None else form(theirs), ratio)
    report.figures[name] = values


def display(report, measured):
    report.heading("Display, 1920x1080 at 60 Hz")
    report.row("", *DRIVERS, "evdi / ours")
    for damage, name in (("full", "all is new"), ("block", "64x64 are new")):
        handed = by_driver(measured, "flips", "handed_cpu_ns", damage=damage)
        compare(report, f"hand-over, us of CPU, {name}", handed, micros)
        if damage == "full" and handed["evdi"]:
            ratio = handed["evdi"] / handed["miracast"]
            report.goal("CPU time of a hand-over against evdi's grab", f"1/{ratio:.0f}",
                        ratio >= 50, "at most 1/50")
    for damage, name in (("full", "all is new"), ("block", "64x64 are new")):
        compare(report, f"daemon's thread, us, {name}",
                by_driver(measured, "flips", "daemon_cpu_ns", damage=damage), micros)
    for damage, name in (("full", "all is new"), ("block", "64x64 are new")):
        compare(report, f"commit, us of CPU, {name}",
                by_driver(measured, "commit", "cpu_ns", damage=damage), micros)

    for damage, name in (("full", "all is new"), ("block", "64x64 are new")):
        commits = by_driver(measured, "commit", "cpu_ns", damage=damage)
        daemons = by_driver(measured, "flips", "daemon_cpu_ns", damage=damage)
        compare(report, f"both together, us, {name}",
                {driver: commits[driver] + daemons[driver] if commits[driver] else None
                 for driver in DRIVERS}, micros)

    latency_ns = by_driver(measured, "flips", "latency_median_ns", damage="full")
    compare(report, "commit to readable, us, median", latency_ns, micros)
    compare(report, "commit to readable, us, p95",
            by_driver(measured, "flips", "latency_p95_ns", damage="full"), micros)
    compare(report, "the same, median, 64x64 are new",
            by_driver(measured, "flips", "latency_median_ns", damage="block"), micros)
    frames = latency_ns["miracast"] / (1e9 / 60)
    report.goal("from commit to frame readable", f"{frames:.3f} frames", frames < .1,
                "less than 0.1 frames")

    for key, name in (("grid_p95", "p95"), ("grid_max", "worst")):
        compare(report, f"flip times off the grid, {name}",
                by_driver(measured, "flips", key, damage="full"),
                lambda value: f"{value / 1000:.3f} %", show_ratio=False)
    worst = max(row["grid_max"] for row in rows_of(measured, "flips", driver="miracast")) / 1000
    report.goal("flip times off the grid, worst of all", f"{worst:.3f} %", worst <= .5,
                "at most 0.5 %")
    idle_and_hung(report, measured)


def idle_and_hung(report, measured):
    wakeups = dict.fromkeys(DRIVERS)
    for row in rows_of(measured, "idle"):
        count = sum(row["wakeups"].values()) + row["daemon_wakeups"]
        wakeups[row["driver"]] = count / row["ms"] * 1000
    compare(report, "idle screen, wakeups a second", wakeups, lambda value: f"{value:.1f}",
            show_ratio=False)
    report.goal("wakeups a second when the screen is idle", f"{wakeups['miracast']:.1f}",
                wakeups["miracast"] == 0, "0")

    for key, name in (("before", "frames a second"), ("during", "the same, daemon hangs")):
        compare(report, name, by_driver(measured, "hung", key), lambda value: f"{value:.1f}",
                show_ratio=False)
    row = rows_of(measured, "hung", driver="miracast")[0]
    kept = row["during"] / row["before"] if row["before"] else 0
    report.goal("frame rate while the daemon hangs, against before", f"{kept:.1%}",
                kept >= UNCHANGED, "unchanged")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true",
                        help="say PASS or FAIL, and fail when a goal is missed")
    parser.add_argument("--kernel", required=True)
    parser.add_argument("quiet", type=Path)
    parser.add_argument("readers", type=Path)
    parser.add_argument("result", type=Path)
    arguments = parser.parse_args()
    measured = json.loads(arguments.quiet.read_text(encoding="utf-8"))
    report = Report()

    print(f"Kernel {arguments.kernel}, emulated. Times are instructions, taken for a nanosecond each, "
          "but for those of the last\npart of the relay: look at ratios.")
    for payload in (64, 4096):
        for cpus in (1, 2):
            latency(report, measured, payload, cpus)
    allocations(report, measured)
    steps(report, measured)
    throughput(report, json.loads(arguments.readers.read_text(encoding="utf-8")))
    display(report, measured)

    report.heading("Goals")
    has_peer = bool(rows_of(measured, "flips", driver="evdi"))
    report.goal("evdi is there to be measured against", "yes" if has_peer else "no",
                has_peer, "yes")
    words = ("FAIL", "PASS") if arguments.check else ("  MISSED", "  met   ")
    for goal in report.goals:
        print(f"{words[goal['met']]} {goal['goal']}: {goal['value']} (wanted: {goal['wanted']})")
    arguments.result.write_text(json.dumps(
        {"kernel": arguments.kernel, "goals": report.goals, "figures": report.figures}, indent=1),
        encoding="utf-8")
    missed = arguments.check and not all(goal["met"] for goal in report.goals)
    return 1 if missed or not has_peer else 0


if __name__ == "__main__":
    sys.exit(main())
