# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtual machines and build chroot for the tests; see tests/vm/README.md."""


class VmError(Exception):
    """A failure of the harness or the machine, with the exit status that tells which."""

    # Chosen away from what tests use. 124 is what timeout(1) uses.
    KERNEL_SPLAT = 122
    DIED = 123
    TIMEOUT = 124
    SETUP = 125

    def __init__(self, message, status=SETUP, emulators_fault=False):
        super().__init__(message)
        self.status = status
        self.emulators_fault = emulators_fault
