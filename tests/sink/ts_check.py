#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks a recording of a session: transport stream, RTP, PES, H.264 and audio layout.

    ts_check.py sink.ts [--rtp rtp.csv] [--report report.json] [--time-scale N]

Prints JSON: findings (names are in wfdsink/rules.py) and counters. Exit status 1 if there is a violation.
"""
from __future__ import annotations

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from wfdsink import rtp  # noqa: E402
from wfdsink.rules import Findings  # noqa: E402
from wfdsink.tscheck import check  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ts", help="recording")
    parser.add_argument("--rtp", metavar="CSV", help="RTP log of the recording (rtp.csv)")
    parser.add_argument("--report", metavar="JSON", help="report.json of the session, for what was negotiated")
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor on real-time limits (slow machines)")
    args = parser.parse_args()
    findings = Findings()
    datagrams = rtp.load(args.rtp) if args.rtp else []
    report = {}
    if args.report:
        with open(args.report, encoding="utf-8") as file:
            report = json.load(file)
    counters = check(args.ts, findings, datagrams, report.get("negotiated"), report.get("formats", []),
                     report.get("quiet", []), args.time_scale)
    result = {"findings": findings.as_json(), "violations": findings.violations(), "counters": counters}
    if datagrams:
        result["rtp"] = rtp.check(datagrams, findings, None, args.time_scale)
    json.dump(result, sys.stdout, indent=2)
    print()
    return 1 if findings.violations() else 0


if __name__ == "__main__":
    sys.exit(main())
