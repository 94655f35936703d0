# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.known import three_casts
from p2p.scene import Scene


def perform(scene: Scene, expected: Expected) -> None:
    """A display that was cast to joins our group without a question; one that has forgotten us is asked anew."""
    three_casts(scene, expected)
