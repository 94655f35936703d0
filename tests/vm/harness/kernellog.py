# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the places in a kernel log where the kernel complains about itself."""

import re

# Anchored at the start of the message: "RETBleed: WARNING: …" is advice about the CPU.
_SPLAT = re.compile(
    r"""^\[\s*\d+\.\d+\](\[[^]]*\])?\s+(
        BUG: | WARNING: | Oops | int3: | Kernel\ panic | kernel\ BUG\ at
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
# The bytes before the one at which the kernel stopped, see is_emulators_fault().
_CODE = re.compile(r"\sCode: (?P<before>(?:[0-9a-f]{2} )+)<")
_INT3 = "cc "
# Linux 6.1 does not say "Oops".
_INT3_OOPS = re.compile(r"\] (Oops: )?int3: ")
_EXPECTED = re.compile(r"loading out-of-tree module taints kernel|module verification failed")


def find_splat(lines):
    """The first complaint and the lines that explain it, or None."""
    lines = [line.rstrip("\r\n") for line in lines]
    for number, line in enumerate(lines):
        if _SPLAT.match(line) and not _EXPECTED.search(line):
            return lines[number:number + 25]
    return None


def is_emulators_fault(splat):
    """Whether the kernel died of a breakpoint that was not there.

    A kernel that patches itself puts a breakpoint (int3, 0xcc) over the instruction, tells all CPUs, and takes it away
    again. Two emulated CPUs, each a thread of QEMU, may miss that: one still runs into the breakpoint when it is gone
    and nobody answers for it any more. The kernel prints the code as it is in memory, and where that holds no
    breakpoint no processor could have met one.
    """
    # The first complaint only: what comes behind another one may be of its making.
    if not _INT3_OOPS.search(splat[0]):
        return False
    code = next((match for line in splat if (match := _CODE.search(line))), None)
    return bool(code) and not code["before"].endswith(_INT3)
