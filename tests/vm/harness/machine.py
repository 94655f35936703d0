# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a Debian kernel in QEMU and runs one command in it."""

import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from . import VmError, config, kernellog
from .kernels import Kernel
from .rootfs import say

# No AVX: emulating it makes media code slower than code for an older CPU. AES-NI helps hwsim.
_CPU = "Westmere"
_KERNEL_ARGUMENTS = ("console=ttyS0", "loglevel=7", "printk.time=1", "mitigations=off",
                     "oops=panic", "panic=-1", "nokaslr", "net.ifnames=0",
                     # Most of what a kernel patches in itself it patches while booting, which one CPU alone survives
                     # (kernellog.is_emulators_fault()). guest/init wakes the other one.
                     "maxcpus=1")
_ATTEMPTS = 3
# Status with which QEMU ends when the guest writes 0 to isa-debug-exit.
_ORDERLY_EXIT = 1


@dataclass
class Machine:
    """What `vm run` was asked for. Directories are paths on the host."""
    kernel: Kernel
    memory: str | None
    timeout: float
    build: Path
    out: Path
    share: Path | None = None
    count_instructions: bool = False
    beside: bool = False
    append: list = field(default_factory=list)
    devices: list = field(default_factory=list)


@contextlib.contextmanager
def _turn(shared):
    """One machine at a time, or several that do not mind."""
    operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with open(config.cache() / "vm.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another virtual machine to end")
            fcntl.flock(lock, operation)
        yield


def run(root, machine, command):
    """Runs the command in a virtual machine; returns its exit status or raises VmError."""
    with _turn(machine.beside):
        machine.out.mkdir(parents=True, exist_ok=True)
        machine.build.mkdir(parents=True, exist_ok=True)
        # Emulation itself is not perfect: rarely QEMU, or the kernel under it, dies while booting. That is before
        # anything of ours runs, proves nothing, and is tried again. So is what died later, if it is certain that the
        # emulator has done it; tests that had passed by then report twice.
        for attempts_left in reversed(range(_ATTEMPTS)):
            with tempfile.TemporaryDirectory(prefix="miracast-vm-") as control:
                try:
                    return _run_locked(root, machine, command, Path(control))
                except VmError as error:
                    started = (Path(control) / "started").exists()
                    if not attempts_left or started and not error.emulators_fault:
                        raise
                    say(f"{'the emulator failed' if started else 'the machine did not boot'}, once more: {error}")
                    shutil.copy(machine.out / "kernel.log", machine.out / "kernel-failed.log")


def _run_locked(root, machine, command, control):
    kernel_log = machine.out / "kernel.log"
    kernel_log.write_bytes(b"")
    (control / "command").write_text(f"exec {shlex.join(command)}\n", encoding="utf-8")
    empty = control / "empty"
    empty.mkdir()

    say(f"booting {machine.kernel.release}")
    status, output = _run_qemu(root, machine, control, empty, kernel_log)

    with open(kernel_log, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    # The console may lag behind when the machine stops; the guest's own dmesg does not.
    dmesg = control / "dmesg"
    if dmesg.exists() and not any("vm: command ended" in line for line in lines[-40:]):
        shutil.copy(dmesg, kernel_log)
        lines = dmesg.read_text(encoding="utf-8", errors="replace").splitlines()
    splat = kernellog.find_splat(lines)
    if splat:
        raise VmError("\n".join(["the kernel complained:", *splat, f"whole log: {kernel_log}"]),
                      VmError.KERNEL_SPLAT, kernellog.is_emulators_fault(splat))
    if status is None:
        raise VmError(f"no end after {machine.timeout:.0f} s, machine killed; "
                      f"kernel log: {kernel_log}", VmError.TIMEOUT)
    result = control / "status"
    if status != _ORDERLY_EXIT or not result.exists():
        raise VmError("\n".join(["the machine died before the command ended; last words:",
                                 *(line.rstrip() for line in lines[-8:]), output.strip(),
                                 f"kernel log: {kernel_log}"]), VmError.DIED)
    return int(result.read_text(encoding="ascii"))


def _run_qemu(root, machine, control, empty, kernel_log):
    """Status of QEMU (None: timed out) and what it had to say itself."""
    pumps, inherited = [], []
    for target in (sys.stdout.buffer, sys.stderr.buffer):
        read_end, write_end = os.pipe()
        inherited.append(write_end)
        pumps.append(threading.Thread(target=_pump, args=(read_end, target), daemon=True))
    shares = (("source", config.SOURCE, True), ("build", machine.build, True),
              ("share", machine.share or empty, True), ("control", control, False),
              ("out", machine.out, False))
    qemu = _qemu_command(root, machine, shares, kernel_log, inherited)
    with open(control / "qemu.log", "w+", encoding="utf-8", errors="replace") as log:
        # setpriv: QEMU dies with us, even if we are killed with SIGKILL.
        # A session of its own: Ctrl-C in the terminal is ours to handle.
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *qemu], pass_fds=inherited,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
        for write_end in inherited:
            os.close(write_end)
        for pump in pumps:
            pump.start()
        try:
            status = process.wait(timeout=machine.timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        for pump in pumps:
            pump.join()
        log.seek(0)
        return status, log.read()


def _pump(read_end, target):
    with open(read_end, "rb", buffering=0) as source:
        while data := source.read(65536):
            target.write(data)
            target.flush()


def _qemu_command(root, machine, shares, kernel_log, ports):
    command = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-machine", "q35", *_processor(machine),
        # Without ACPI a kernel hears of the first CPU of each socket only.
        "-smp", "2,sockets=2",
        *_memory_and_root(root, machine),
        "-kernel", str(machine.kernel.vmlinuz), "-initrd", str(machine.kernel.initramfs),
        "-append", " ".join([*_KERNEL_ARGUMENTS, *machine.kernel.arguments, *machine.append]),
        "-chardev", f"file,id=console,path={_escape(kernel_log)}", "-serial", "chardev:console",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
        "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci",
    ]
    for device in machine.devices:
        command += ["-device", device]
    for name, descriptor in zip(("stdout", "stderr"), ports):
        command += ["-add-fd", f"fd={descriptor},set={descriptor}",
                    "-chardev", f"file,id={name},path=/dev/fdset/{descriptor},append=on",
                    "-device", f"virtserialport,chardev={name},name={name}"]
    for tag, path, readonly in shares:
        options = ",readonly=on" if readonly else ""
        command += ["-fsdev", f"local,id={tag},path={_escape(path)},security_model=none,"
                              f"multidevs=remap{options}",
                    "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return command


def _memory_and_root(root, machine):
    """Of the root image nothing is written back.

    A machine that waits for a disk sleeps, and a clock of instructions skips sleep: while the host read a block from
    its own disk, minutes passed by that clock, and time-outs. As memory the image is read by the processor itself,
    whose clock stands still until the host has the page.
    """
    memory = machine.memory or machine.kernel.memory
    image = _escape(root.image)
    if machine.count_instructions:
        return ["-m", f"{memory},maxmem=64G",
                "-object", f"memory-backend-file,id=root,mem-path={image},size={root.image.stat().st_size},"
                           "share=off,reserve=off",
                "-device", "virtio-pmem-pci,memdev=root"]
    return ["-m", memory, "-drive", f"file={image},format=raw,if=none,id=root,readonly=on",
            "-device", "virtio-blk-pci,drive=root"]


def _processor(machine):
    """With a clock of instructions, 1 ns each, it does not matter what else the host does.

    There QEMU 7.2 forgets the flags of a cmpxchg16b that an interrupt follows: EFLAGS is then a part of RBX, and the
    kernel, whose allocator lives on that instruction, dies of a double fault. Kernels do without it where the processor
    has none.
    """
    if machine.count_instructions:
        return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", f"{_CPU},-cx16"]
    return ["-accel", "tcg,thread=multi", "-cpu", _CPU]


def _escape(path):
    """QEMU's option syntax doubles commas."""
    return str(path).replace(",", ",,")
