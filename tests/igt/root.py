# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root file system with Debian's igt-gpu-tools, which only a suite newer than the others carries.

Kept beside the root of tests/vm, with whose tools it is made, in a directory <cache>/igt-<key> with
    root/           the tree: virtual machines see it as a shared directory, and run tests in a chroot
    all.testlist    igt@test@subtest, or igt@test where there are none, of every test
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

from harness import VmError, config, rootfs

_SUITE = "forky"
_PACKAGES = ("igt-gpu-tools-tests", "kmod")
_WRITE_LIST = """
cd /usr/libexec/igt-gpu-tools
for test in $(sed /TESTLIST/d test-list.txt); do
	subtests=$(./"$test" --list-subtests 2>/dev/null) || subtests=
	for subtest in $subtests; do
		echo "igt@$test@$subtest"
	done
	[ -n "$subtests" ] || echo "igt@$test"
done
"""


class Root:
    """Paths of the finished root."""

    def __init__(self, directory):
        self.root = directory / "root"
        self.list = directory / "all.testlist"


def ensure():
    """The root as this file describes it; built first where it is not in the cache."""
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    finished = config.cache() / f"igt-{key}"
    if not finished.is_dir():
        _build(finished)
    return Root(finished)


def _build(finished):
    log_path = config.cache() / "igt-build.log"
    rootfs.say(f"building the root with igt-gpu-tools (once; some minutes; log in {log_path})")
    work = Path(tempfile.mkdtemp(prefix="building-igt-", dir=config.cache()))
    work.chmod(0o755)
    try:
        with open(log_path, "wb") as log:
            subprocess.run(_mmdebstrap(work / "root"), check=True, stdout=log, stderr=log)
            with open(work / "all.testlist", "wb") as file:
                # In a name space of its own, as the tests mount what they miss.
                subprocess.run(rootfs.as_root(["unshare", "--mount", "chroot", str(work / "root"),
                                               "sh", "-c", _WRITE_LIST]),
                               check=True, stdout=file, stderr=log)
        work.rename(finished)
    except subprocess.CalledProcessError as error:
        tail = log_path.read_text(errors="replace").splitlines()[-20:]
        raise VmError("\n".join([*tail, "building the root with igt-gpu-tools failed",
                                 f"the whole log is in {log_path}"])) from error
    finally:
        if work.exists():
            subprocess.run(rootfs.as_root(["rm", "-rf", "--one-file-system", str(work)]), check=False)


def _mmdebstrap(root):
    # pylint: disable=protected-access
    return rootfs.as_root([
        "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
        *(f"--dpkgopt={option}" for option in rootfs._DPKG_OPTIONS),
        "--aptopt=APT::Install-Recommends \"false\"",
        "--aptopt=Acquire::Check-Valid-Until \"false\"",
        f"--include={','.join(_PACKAGES)}",
        "--customize-hook=mkdir -p \"$1/usr/lib/modules\"",
        _SUITE, str(root), f"deb {rootfs._mirror('Debian')} {_SUITE} main"])
