#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Wi-Fi P2P link with real wpa_supplicants on simulated radios. Runs as root in a virtual machine.

Each folder beside this file is a scenario: README.md. miracastd is the installed unit with all its restrictions; its
arguments alone are others: the source casts its test picture, so that no kernel module and no desktop are needed. Prints
"PASS name" or "FAIL name" for each scenario.

    run.py [--out DIR] [--left-out | SCENARIO...]
"""
from __future__ import annotations

import argparse
import collections.abc
import dataclasses
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from p2p.expectations import FILE, Expected, Fault, load  # noqa: E402
from p2p.scene import Scene  # noqa: E402
from p2p.waiting import Failure  # noqa: E402

PROGRAM = "scenario.py"
# What runs them: `make check`, which has a limit, or `make check-full`, for who has time.
SUITES = ("check", "check-full")


@dataclasses.dataclass
class Scenario:
    name: str
    suite: str
    perform: collections.abc.Callable[[Scene, Expected], None]
    expected: Expected


def scenario(directory: pathlib.Path) -> Scenario:
    """Of that folder. Raises Fault if it is none, or its expectations are none."""
    for file in (PROGRAM, FILE):
        if not (directory / file).is_file():
            raise Fault(f"{directory.name} has no {file}")
    expected = load(directory)
    if expected["suite"] not in SUITES:
        raise Fault(f"{directory.name}/{FILE}: the suite is one of {', '.join(SUITES)}")
    spec = importlib.util.spec_from_file_location(f"p2p_scenario_{directory.name}", directory / PROGRAM)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look for their module.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    perform = getattr(module, "perform", None)
    if not perform or not perform.__doc__:
        raise Fault(f"{directory.name}/{PROGRAM} has no perform() that says what it does")
    return Scenario(directory.name, expected["suite"], perform, expected)


def scenarios(directory: pathlib.Path = HERE) -> list[Scenario]:
    """All that there are: no list has to name one."""
    return [scenario(path) for path in sorted(directory.iterdir()) if path.is_dir() and path.name != "__pycache__"]


def hold(scene: Scene, one: Scenario) -> bool:
    """Performs it, and says whether all came that had to."""
    scene.name = one.name
    began = time.monotonic()
    try:
        one.perform(scene, one.expected)
        if unseen := one.expected.unseen():
            raise Failure(f"nobody has looked at: {', '.join(unseen)}")
    except (Failure, subprocess.SubprocessError, OSError, LookupError, ValueError) as error:
        print(f"    {error} {getattr(error, 'stderr', None) or ''}")
        print(f"FAIL {one.name}", flush=True)
        return False
    finally:
        scene.end()
    print(f"PASS {one.name} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def all_is_looked_at(scene: Scene) -> bool:
    """What holds for all scenarios is looked at by one of them at least."""
    unseen = scene.shared.unseen()
    if unseen:
        print(f"    nobody has looked at: {', '.join(unseen)}")
        print("FAIL what holds for all", flush=True)
    return not unseen


def main() -> int:
    try:
        there = scenarios()
    except Fault as fault:
        print(f"FAIL {fault}")
        return 1
    left_out = [one.name for one in there if one.suite == "check-full"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="/out", help="receives the logs (default %(default)s)")
    parser.add_argument("scenario", nargs="*", choices=[*(one.name for one in there), []],
                        help=f"(default: all but {', '.join(left_out)})")
    parser.add_argument("--left-out", action="store_true", help="those")
    args = parser.parse_args()
    # Not in --out at once: each line that a supplicant logs there would be a round trip to the host.
    logs = pathlib.Path(tempfile.mkdtemp())
    scene = Scene(logs)
    try:
        scene.begin()
        results = [hold(scene, one) for one in there
                   if one.name in args.scenario or not args.scenario and (one.name in left_out) == args.left_out]
        if not args.scenario and not args.left_out:
            results.append(all_is_looked_at(scene))
    finally:
        scene.radios.stop()
        scene.systemd.stop()
        shutil.copytree(logs, args.out, dirs_exist_ok=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
