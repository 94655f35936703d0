# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.known import three_casts
from p2p.scene import Scene


def perform(scene: Scene, expected: Expected) -> None:
    """
    The same of a display that owns the group: we join it without a question, neither a button nor a PIN; one that has
    forgotten the group refuses, the key is forgotten, and it is asked as the first time, in the same attempt.
    """
    three_casts(scene, expected, *scene.in_role("GO"), "--persistent")
