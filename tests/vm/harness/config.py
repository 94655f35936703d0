# SPDX-License-Identifier: LGPL-2.1-or-later
"""root.conf, or the file that MIRACAST_ROOT_CONF names instead, and where things are kept."""

import configparser
import hashlib
import os
from pathlib import Path

VM_DIR = Path(__file__).resolve().parent.parent
SOURCE = VM_DIR.parent.parent
_CONF = Path(os.environ.get("MIRACAST_ROOT_CONF") or VM_DIR / "root.conf").absolute()
# Everything that the content of the root depends on.
_INPUTS = (_CONF, "install-kernels", "unpack-beside", "initramfs-init", "harness/rootfs.py")


class _Config(configparser.ConfigParser):
    optionxform = staticmethod(str)


def _read():
    parser = _Config(allow_no_value=True, delimiters=("=",), interpolation=None)
    with open(_CONF, encoding="utf-8") as file:
        parser.read_file(file)
    return parser


_CONFIG = _read()
SUITES = dict(_CONFIG["suites"])
KERNELS = list(_CONFIG["kernels"])
INITRAMFS_MODULES = list(_CONFIG["initramfs modules"])
PACKAGES = list(_CONFIG["packages"])
KERNEL_TOOLS = _CONFIG.has_section("kernel tools")
BESIDE = {name: value.split() for name, value in _CONFIG["beside"].items()}


def cache():
    base = os.environ.get("MIRACAST_CACHE")
    if not base:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "miracast-vm"
    path = Path(base)
    path.mkdir(parents=True, exist_ok=True)
    return path


def root_key():
    digest = hashlib.sha256()
    for name in _INPUTS:
        digest.update((VM_DIR / name).read_bytes())
    return digest.hexdigest()[:16]
