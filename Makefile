# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make prereq          install the Debian packages that building and testing needs
#   make prereq-install  install those that building and running on this machine needs
#   make                 the module for the running kernel, and the user space programs
#   make modules KDIR=…  the module for another kernel
#   make modules-all     the module for every supported kernel, in a chroot, warnings are errors
#   make userspace-vm    the programs as the virtual machines use them
#   make install [DESTDIR=…] [KVER=…] [MODULE=dkms|direct|none]
#                        programs and module; see packaging/installation
#   make uninstall       remove all of that again
#   make deb             Debian packages, in build/deb
#   make lint            static checks
#   make demo            cast a desktop to a sink, in a virtual machine; results in out/demo
#   make native LISTEN=ADDRESS[:PORT] FROM=ADDRESS[/PREFIX]
#                        serve a moving test picture to sinks that connect from there: no root, no module; without
#                        both to those of this machine
#   make kselftest       the module's own tests, on every supported kernel
#   make desktops        GNOME, KDE Plasma, Weston and Xorg, each in a user's session beside another graphics
#                        card, cast to a display, in a virtual machine; its root file system takes 8 GB
#   make hlk             the acceptance list by which Windows takes Miracast drivers, row by row
#   make igt             the tests of igt-gpu-tools, on the kernels 7.2, 6.12 and 6.1
#   make bench [KERNEL=…]
#                        figures beside those of pipes, netlink, FUSE and evdi; out/bench/bench.json
#   make bench-stream [LONG=1]
#                        what encoding the desktop costs, beside other ways of doing it: no root, no
#                        module; out/bench/stream.json
#   make check           everything; ends with "N passed, N failed"
#   make check-full      what takes hours: the module under KASAN, lockdep, KCSAN and failing
#                        allocations, KUnit, threads under TSan, fuzzing; ends the same way
#
# Everything that is made goes to BUILD; the source tree stays clean.

BUILD ?= build
KDIR ?= /lib/modules/$(shell uname -r)/build
# Name of the module's directory below $(BUILD)/modules
SERIES ?= $(shell $(MAKE) --no-print-directory -sC $(KDIR) kernelrelease)
JOBS ?= $(shell nproc)

override BUILD := $(abspath $(BUILD))
VM := tests/vm/vm
CHROOT := $(VM) chroot --build $(BUILD) --

.PHONY: all
all: modules userspace

.PHONY: prereq prereq-install
prereq:
	.ci/prereq programs tests
prereq-install:
	.ci/prereq programs laptop

# Not every supported kernel can put objects elsewhere than beside the sources of an external
# module, so the sources are linked into the build directory.
.PHONY: modules
modules: DIR = $(BUILD)/modules/$(SERIES)
modules:
	mkdir -p $(DIR)/tree
	cp -rsf $(CURDIR)/Kbuild $(CURDIR)/drivers $(CURDIR)/include $(CURDIR)/samples $(DIR)/tree/
	find $(DIR) '(' -xtype l -o -name '*.ko' ')' -delete
	$(MAKE) -C $(KDIR) M=$(DIR)/tree -j$(JOBS) modules
	find $(DIR)/tree -name '*.ko' -exec cp -t $(DIR) {} +

.PHONY: modules-all
modules-all:
	tests/modules-all $(BUILD)

# Always /usr: a system bus reads no policy below /usr/local.
# Where libraries are in a directory for each architecture, as Debian's; elsewhere meson knows.
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)
MESON_SETUP := meson setup --prefix=/usr $(MULTIARCH:%=--libdir=lib/%) -Dtests=false

.PHONY: userspace
userspace:
	test -e $(BUILD)/userspace/build.ninja || $(MESON_SETUP) $(BUILD)/userspace
	meson compile -C $(BUILD)/userspace

.PHONY: userspace-vm
userspace-vm:
	$(CHROOT) sh -ec '\
		test -e /build/vm-userspace/build.ninja || $(MESON_SETUP) /build/vm-userspace; \
		rm -rf /build/vm-root; \
		DESTDIR=/build/vm-root meson install --quiet -C /build/vm-userspace'

# Built by whom the tree belongs to: root's files in it would be in that user's way.
KVER ?= $(shell uname -r)
OWNER := $(shell stat -c %U .)
AS_OWNER := $(if $(filter-out $(shell id -un) UNKNOWN,$(OWNER)),runuser -u $(OWNER) --)
INSTALLATION := DESTDIR='$(DESTDIR)' KVER='$(KVER)' MODULE='$(MODULE)' packaging/installation

.PHONY: install uninstall
install:
	$(INSTALLATION) check
	$(AS_OWNER) $(MAKE) userspace $$($(INSTALLATION) goals) \
		BUILD='$(BUILD)' KDIR='/lib/modules/$(KVER)/build' SERIES='$(KVER)'
	$(INSTALLATION) install $(BUILD)
uninstall:
	$(INSTALLATION) uninstall

.PHONY: deb
deb:
	packaging/deb $(BUILD)/deb

.PHONY: lint lint-kernel lint-scripts
lint: lint-kernel lint-scripts
lint-kernel:
	$(CHROOT) tests/lint-kernel /build
lint-scripts:
	tests/lint-scripts

OUT ?= out
.PHONY: demo
demo: prereq
	tests/e2e/demo $(BUILD) $(OUT)/demo

LISTEN ?= 127.0.0.1
FROM ?= $(if $(filter 127.%,$(LISTEN)),127.0.0.0/8)
.PHONY: native
native: userspace
	$(BUILD)/userspace/userspace/broker/miracastd --no-bus --source=test \
		--umd=$(BUILD)/userspace/userspace/umd/miracast-umd \
		--sandbox=$(BUILD)/userspace/userspace/sandbox/miracast-sandbox --listen=$(LISTEN) $(FROM:%=--from=%)

.PHONY: kselftest
kselftest: modules-all
	tests/kselftest/in-vm $(BUILD)

.PHONY: desktops
desktops: prereq
	tests/sessions/in-vm $(BUILD) --long

.PHONY: hlk
hlk: prereq
	tests/hlk/in-vm $(BUILD)

.PHONY: igt
igt: modules-all
	tests/igt/run --build $(BUILD)

.PHONY: bench
bench: prereq
	tests/bench/run $(if $(KERNEL),--kernel $(KERNEL)) $(BUILD) $(OUT)/bench

.PHONY: bench-stream
bench-stream:
	tests/bench/run-stream $(if $(LONG),--long) $(BUILD) $(OUT)/bench

.PHONY: check
check: prereq
	tests/run --build $(BUILD)

.PHONY: check-full
check-full: prereq
	tests/run --build $(BUILD) --list tests/suites-full

.PHONY: clean
clean:
	rm -rf $(BUILD)
