# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for what is to come. Runs in the virtual machine."""
from __future__ import annotations

import subprocess
import time


def wait(condition, seconds: float, pause: float) -> tuple[object, str]:
    """The first true value of condition(), which is asked again after each pause; None when the time is over.

    A program that fails, as it asks about an interface or a service that comes or is made anew meanwhile, says that it is
    not so yet; if the last one has failed, the second value says how.
    """
    deadline = time.monotonic() + seconds
    while True:
        refused = ""
        try:
            value = condition()
        except subprocess.CalledProcessError as error:
            value, refused = None, f" ({error}: {error.stderr})"
        if value:
            return value, ""
        if time.monotonic() > deadline:
            return None, refused
        time.sleep(pause)
