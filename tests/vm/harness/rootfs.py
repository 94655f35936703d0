# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the root file system, its disk image and the kernels' initramfs.

A finished root is a directory <cache>/<key> with
    root/                              the tree, entered by `vm chroot`
    image                              the same as ext4, booted by `vm run`
    vmlinuz-<series>  initramfs-<series>
"""

import fcntl
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import VmError, config

_MOUNT_POINTS = ("src", "build", "out", "mnt/src", "mnt/build", "mnt/share")
_GST_REGISTRY = "/var/cache/gstreamer-1.0/registry.bin"
_IMAGE_ALIGNMENT_MB = 128
_DPKG_OPTIONS = ("force-unsafe-io", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*",
                 "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/info/*")


def as_root(command):
    return command if os.geteuid() == 0 else ["sudo", "--", *command]


def say(message):
    print(f"vm: {message}", file=sys.stderr, flush=True)


class Root:
    """Paths of one finished root."""

    def __init__(self, directory):
        self.root = directory / "root"
        self.image = directory / "image"
        self._directory = directory

    def vmlinuz(self, series):
        return self._directory / f"vmlinuz-{series}"

    def initramfs(self, series):
        return self._directory / f"initramfs-{series}"

    def abi(self, series):
        return _abi(self.root, series)


def ensure(rebuild=False):
    """The root for the present configuration; built first where it is not in the cache."""
    cache = config.cache()
    finished = cache / config.root_key()
    if finished.is_dir() and not rebuild:
        return Root(finished)
    with open(cache / "build.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the root file system")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if rebuild or not finished.is_dir():
            _build(cache, finished)
    return Root(finished)


def clean():
    """Removes what the present configuration does not use."""
    for entry in config.cache().iterdir():
        if entry.is_dir() and entry.name != config.root_key():
            say(f"removing {entry}")
            subprocess.run(as_root(["rm", "-rf", "--one-file-system", str(entry)]), check=True)


def _build(cache, finished):
    start = time.monotonic()
    log_path = cache / "build.log"
    work = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    work.chmod(0o755)
    say(f"building the root file system in {cache} (once; some minutes; log in {log_path})")
    try:
        with open(log_path, "wb") as log:
            def step(message):
                say(f"[{time.monotonic() - start:4.0f} s] {message}")

            def run(command, **kwargs):
                log.write(f"+ {' '.join(command)}\n".encode())
                log.flush()
                subprocess.run(command, check=True, stdout=log, stderr=log, **kwargs)

            step(f"installing {len(config.PACKAGES)} packages and {len(config.KERNELS)} kernels")
            _bootstrap(run, work)
            step("making the initramfs of each kernel")
            for series in config.KERNELS:
                _make_initramfs(work, series)
            step("making the disk image")
            _make_image(run, work)
        if finished.exists():
            finished.rename(work / "replaced")
        work.rename(finished)
        subprocess.run(as_root(["rm", "-rf", str(finished / "replaced")]), check=True)
        step(f"done: {', '.join(_abi(finished / 'root', series) for series in config.KERNELS)}")
    except subprocess.CalledProcessError as error:
        tail = log_path.read_text(errors="replace").splitlines()[-20:]
        raise VmError("\n".join([*tail, f"building the root failed in: {error.cmd[0]}",
                                 f"the whole log is in {log_path}"])) from error
    finally:
        if work.exists():
            subprocess.run(as_root(["rm", "-rf", "--one-file-system", str(work)]), check=False)


def _mirror(label):
    """URI of the repository with this label that the host's own apt uses."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
         "Origin: Debian", f"Label: {label}"],
        check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    if not targets:
        raise VmError(f"apt knows no repository labelled {label}: run apt-get update, "
                      "and check the apt sources of this machine")
    if targets[0].startswith("mirror+file:"):
        mirrors = Path(targets[0].removeprefix("mirror+file:")).read_text(encoding="utf-8")
        return mirrors.split()[0]
    return targets[0]


def _bootstrap(run, work):
    mirrors = {"main": _mirror("Debian"), "security": _mirror("Debian-Security")}
    sources = work / "sources.list"
    pins = work / "preferences"
    with open(sources, "w", encoding="utf-8") as file, open(pins, "w", encoding="utf-8") as pin_file:
        for suite, value in config.SUITES.items():
            repository, *pin = value.split()
            file.write(f"deb {mirrors[repository]} {suite} main\n")
            if pin:
                pin_file.write(f"Package: *\nPin: release n={suite}\nPin-Priority: {pin[0]}\n\n")
    # With several suites in the sources mmdebstrap still wants the name of the first.
    suite = next(iter(config.SUITES))
    directories = " ".join(f'"$1/{directory}"' for directory in _MOUNT_POINTS)
    run(as_root([
        "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
        *(f"--dpkgopt={option}" for option in _DPKG_OPTIONS),
        "--aptopt=APT::Install-Recommends \"false\"",
        # Mirrors of older suites and snapshots are past their date.
        "--aptopt=Acquire::Check-Valid-Until \"false\"",
        f"--include={','.join(config.PACKAGES)}",
        f"--setup-hook=cp '{pins}' \"$1/etc/apt/preferences.d/suites\"",
        f"--customize-hook='{config.VM_DIR}/install-kernels' {'--tools' if config.KERNEL_TOOLS else ''} \"$1\" "
        f"{' '.join(config.KERNELS)}",
        *(f"--customize-hook='{config.VM_DIR}/unpack-beside' \"$1\" {name} {' '.join(suite_and_packages)}"
          for name, suite_and_packages in config.BESIDE.items()),
        f"--customize-hook=mkdir -p {directories}",
        # So that no virtual machine has to scan the plugins.
        f"--customize-hook=mkdir -p \"$1{os.path.dirname(_GST_REGISTRY)}\"",
        f"--customize-hook=chroot \"$1\" env GST_REGISTRY={_GST_REGISTRY} gst-inspect-1.0 >/dev/null",
        suite, str(work / "root"), str(sources)]))


def _abi(root, series):
    return os.readlink(root / "usr/src" / f"linux-{series}").removeprefix("linux-headers-")


def _module_files(root, abi):
    """The initramfs modules of a kernel and what they depend on, in loading order."""
    files = []
    for module in config.INITRAMFS_MODULES:
        shown = subprocess.run(
            as_root(["chroot", str(root), "modprobe", "-S", abi, "--show-depends", module]),
            check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in shown.splitlines():
            kind, path = line.split()[:2]
            if kind == "insmod" and path not in files:
                files.append(path)
    return files


def _vmlinuz(root, abi):
    modules = root / "usr/lib/modules" / abi
    for path in (root / "boot" / f"vmlinuz-{abi}", modules / "vmlinuz", modules / "vmlinuz.unsigned"):
        if path.exists():
            return path
    raise VmError(f"the packages of kernel {abi} contain no vmlinuz where it is known to be")


def _make_initramfs(work, series):
    root = work / "root"
    abi = _abi(root, series)
    tree = work / "initramfs"
    for directory in ("bin", "modules", "dev", "proc"):
        (tree / directory).mkdir(parents=True)
    shutil.copy(root / "usr/bin/busybox", tree / "bin/busybox")
    for applet in ("sh", "mount", "umount", "insmod", "mkdir", "poweroff", "switch_root"):
        (tree / "bin" / applet).symlink_to("busybox")
    shutil.copy(config.VM_DIR / "initramfs-init", tree / "init")
    with open(tree / "modules/order", "w", encoding="utf-8") as order:
        for path in _module_files(root, abi):
            content = (root / path.lstrip("/")).read_bytes()
            if path.endswith(".xz"):
                content = lzma.decompress(content)
            name = os.path.basename(path).removesuffix(".xz")
            (tree / "modules" / name).write_bytes(content)
            order.write(f"{name}\n")

    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    archive = subprocess.run(["cpio", "--create", "--quiet", "--format=newc", "--owner=0:0"],
                             cwd=tree, input=names.encode(), check=True, stdout=subprocess.PIPE)
    (work / f"initramfs-{series}").write_bytes(gzip.compress(archive.stdout, compresslevel=1))
    shutil.copy(_vmlinuz(root, abi), work / f"vmlinuz-{series}")
    shutil.rmtree(tree)


def _make_image(run, work):
    root, image = work / "root", work / "image"
    used = subprocess.run(as_root(["du", "-s", "--block-size=1M", str(root)]),
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    megabytes = int(int(used.split()[0]) * 1.2) + 100
    # As memory it has to be so aligned, see machine.py.
    megabytes += -megabytes % _IMAGE_ALIGNMENT_MB
    run(as_root(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum", "-m", "0",
                 "-d", str(root), str(image), f"{megabytes}M"]))
    run(as_root(["chmod", "a+r", str(image)]))
