#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a screen reader sees of a program in the session, and clicks there. Runs as the user.

    clicks.py PROGRAM [see TEXT | find NAME | click NAME]…

Each waits PATIENCE_S until that is there: text, a part of it is enough, or a button of that name. At the end, or when
something does not come, it prints all texts, and the titles of all notifications, as a JSON list.
"""
from __future__ import annotations

import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gui"))

from stage import Screen, wait  # noqa: E402

BUTTONS = "push button", "button", "toggle button"
# For each action, on an emulated processor: a program has started, or has drawn itself anew.
PATIENCE_S = 150


def main() -> int:
    program, *rest = sys.argv[1:]
    screen = Screen(program)
    status = 0
    try:
        for action, text in zip(rest[::2], rest[1::2], strict=True):
            if action == "click":
                screen.click(text, *BUTTONS, seconds=PATIENCE_S)
            elif action == "find":
                wait(lambda: screen.find(text, *BUTTONS), f"a button {text!r}", PATIENCE_S)
            else:
                wait(lambda: any(text in shown for shown in screen.texts()), repr(text), PATIENCE_S)
    except AssertionError as error:
        print(f"{error}; there is {screen.dump()}", file=sys.stderr)
        status = 1
    print(json.dumps(screen.texts("label", "notification")))
    return status


if __name__ == "__main__":
    sys.exit(main())
