# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the places in a kernel log where the kernel complains about itself."""

import re

# Anchored at the start of the message: "RETBleed: WARNING: …" is advice about the CPU.
_SPLAT = re.compile(
    r"""^\[\s*\d+\.\d+\](\[[^]]*\])?\s+(
        BUG: | WARNING: | Oops | Kernel\ panic | kernel\ BUG\ at
      | general\ protection\ fault | Internal\ error | invalid\ opcode: | double\ fault:
      | INFO:\ task\ .*\ blocked | INFO:\ possible\ | INFO:\ trying\ to\ register
      | INFO:\ suspicious | rcu:\ INFO: .*(stall|detected) | rcu_.*\ kthread\ starved
      | watchdog:\ (BUG|.*lockup) | sysfs:\ cannot\ create\ duplicate | ODEBUG:
      | (KASAN|KCSAN|KFENCE|UBSAN|KMSAN)(:|\ ) | .*refcount_t: | .*detected\ buffer\ overflow
      | (list|slab)_\w+\ corruption | kmemleak:\ [1-9] | .*DEBUG_LOCKS_WARN_ON
      | .*scheduling\ while\ atomic | .*sleeping\ function\ called | .*soft\ lockup
      | DMA-API: | =+\ BUG | -+\[\ cut\ here\ \]
    )""", re.VERBOSE)
# Debian kernels say this about every module that is not their own.
_EXPECTED = re.compile(r"loading out-of-tree module taints kernel|module verification failed")


def find_splat(lines):
    """The first complaint and the lines that explain it, or None."""
    lines = [line.rstrip("\r\n") for line in lines]
    for number, line in enumerate(lines):
        if _SPLAT.match(line) and not _EXPECTED.search(line):
            return lines[number:number + 25]
    return None
