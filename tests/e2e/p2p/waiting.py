# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a scenario demands and waits for."""
from __future__ import annotations

from patience import wait

# The emulated machine is slow; this is a limit for a hang, not a measurement.
PATIENCE = 90


class Failure(Exception):
    pass


def wait_for(what: str, condition, seconds: float = PATIENCE):
    """The first true value of condition(), see patience.py."""
    result, refused = wait(condition, seconds, 0.3)
    if not result:
        raise Failure(f"waited {seconds:g} s in vain: {what}{refused}")
    return result


def demand(condition, what: str) -> None:
    if not condition:
        raise Failure(what)
