# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernels that machines boot: Debian's, which are in the root, and kernels of our own making.

Ours are named <series>-<flavour>; tests/vm/kernels has their configurations. A finished one is the
directory <cache>/kernels/<name>, see build-kernel, with a file "key" that says what it was made of.
"""

import fcntl
import gzip
import hashlib
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import VmError, config
from .rootfs import as_root, say

# Of which kernel Debian's sources are taken.
SERIES = "7.2"
_CONFIGS = config.VM_DIR / "kernels"
_BUILDER = config.VM_DIR / "build-kernel"
OWN = [f"{SERIES}-{path.stem}" for path in sorted(_CONFIGS.glob("*.config")) if path.stem != "base"]
# KASAN's shadow, and what lockdep and kmemleak remember, come on top of what the tests use.
_OWN_MEMORY = "3G"
# vkms is there for the helpers that it brings, not for its connector.
_OWN_ARGUMENTS = ("vkms.create_default_dev=0",)


@dataclass
class Kernel:
    """What QEMU has to be given for a kernel."""
    release: str
    vmlinuz: Path
    initramfs: Path
    memory: str = "2G"
    arguments: tuple = ()


def directory():
    path = config.cache() / "kernels"
    path.mkdir(exist_ok=True)
    return path


def find(root, name):
    """The kernel of this name; one of our own is built first where it is not in the cache."""
    if name in config.KERNELS:
        return Kernel(root.abi(name), root.vmlinuz(name), root.initramfs(name))
    built = _ensure(root, name)
    return Kernel((built / "release").read_text(encoding="ascii").strip(), built / "vmlinuz",
                  _initramfs(root, built), _OWN_MEMORY, _OWN_ARGUMENTS)


def chroot_command(root, build, command, overlay=False):
    """How to run the command in the root, see enter-root."""
    owner = "0:0" if overlay else f"{os.getuid()}:{os.getgid()}"
    return as_root([
        "unshare", "--mount", "--pid", "--fork", "--kill-child",
        str(config.VM_DIR / "enter-root"), *(["--overlay"] if overlay else []),
        str(root.root), str(config.SOURCE), str(build), str(directory()), owner, *command])


def _key(root, name):
    """The sources, by the version of Debian's build of them, and what is made of them."""
    digest = hashlib.sha256(root.abi(SERIES).encode())
    for path in (_BUILDER, _CONFIGS / "base.config", _config(name)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _config(name):
    return _CONFIGS / f"{name.removeprefix(f'{SERIES}-')}.config"


def _ensure(root, name):
    finished, key = directory() / name, _key(root, name)

    def is_current():
        return (finished / "key").exists() and (finished / "key").read_text(encoding="ascii") == key
    if not is_current():
        with open(config.cache() / "kernels.lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another build of a kernel")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_current():
                _build(root, name, finished, key)
    return finished


def _build(root, name, finished, key):
    start = time.monotonic()
    log_path = config.cache() / f"kernel-{name}.log"
    say(f"building the kernel {name} in {directory()} (once; a quarter of an hour or more; "
        f"log in {log_path})")
    with tempfile.TemporaryDirectory(prefix="building-", dir=directory()) as work:
        def step(message, overlay, *arguments):
            say(f"[{time.monotonic() - start:4.0f} s] {message}")
            with open(log_path, "ab") as log:
                subprocess.run(
                    ["nice", *chroot_command(root, work, ["/src/tests/vm/build-kernel", *arguments],
                                             overlay)],
                    check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log_path.write_bytes(b"")
        try:
            step("fetching Debian's sources", True, "source", SERIES)
            step("building", False, "build", _config(name).stem, str(os.cpu_count()))
        except subprocess.CalledProcessError as error:
            tail = log_path.read_text(errors="replace").splitlines()[-20:]
            raise VmError("\n".join([*tail, f"building the kernel {name} failed",
                                     f"the whole log is in {log_path}"])) from error
        result = Path(work) / "result"
        (result / "key").write_text(key, encoding="ascii")
        if finished.exists():
            finished.rename(Path(work) / "replaced")
        result.rename(finished)
    say(f"[{time.monotonic() - start:4.0f} s] done")


def _initramfs(root, built):
    """That of the Debian kernel, without modules: all is built in."""
    path = built / f"initramfs-{config.root_key()}"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=built) as work:
            tree = Path(work) / "tree"
            (tree / "modules").mkdir(parents=True)
            (tree / "modules/order").touch()
            archive = subprocess.run(["cpio", "--create", "--quiet", "--format=newc", "--owner=0:0"],
                                     cwd=tree, input=b"modules/order", check=True,
                                     stdout=subprocess.PIPE)
            # Of two archives behind one another the kernel unpacks both: this list hides the other.
            both = Path(work) / "both"
            both.write_bytes(root.initramfs(SERIES).read_bytes() + gzip.compress(archive.stdout))
            both.rename(path)
    return path
