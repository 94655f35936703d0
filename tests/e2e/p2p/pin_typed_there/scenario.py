# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.pins import cast_with_pin
from p2p.scene import Scene


def perform(scene: Scene, expected: Expected) -> None:
    """We show a PIN, which is typed at the display."""
    cast_with_pin(scene, expected, "keypad")
