#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [DIRECTORY OF THE MODULES]
#
# Loads miracast.ko and miracast_test.ko, from the directory or by modprobe,
# runs the programs beside this script, and unloads the modules. TAP: one line
# per program, with its own output below it as comment.
cd "$(dirname "$0")" || exit 1

modules=$1
tests="relay_abi relay_session relay_messages relay_lifetime relay_chunks
	kms_connector kms_frames kms_flips kms_weston"
at=0
failed=0

say() {
	at=$((at + 1))
	echo "$1 $at selftests: drivers/miracast: $2"
	[ "$1" = ok ] || failed=1
}

load() {
	if [ -n "$modules" ]; then
		for dependency in $(modinfo -F depends "$modules/$1.ko" | tr , ' '); do
			[ "$dependency" = miracast ] || modprobe "$dependency" || return
		done
		insmod "$modules/$1.ko"
	else
		modprobe "$1"
	fi
}

echo "TAP version 13"
# The programs, and what loading and unloading is worth.
echo "1..$(($(echo "$tests" | wc -w) + 2))"

if load miracast && load miracast_test; then
	say ok "load"
else
	say "not ok" "load"
	exit 1
fi
# Whose buffers kms_frames imports.
modprobe vgem
# udev may take a moment to make the nodes.
for node in /dev/miracast /dev/miracast_test; do
	tries=50
	while [ ! -e $node ] && [ $tries -gt 0 ]; do
		sleep 0.1
		tries=$((tries - 1))
	done
done

for test in $tests; do
	if "./$test" >"/tmp/$test.$$" 2>&1; then
		result=ok
	else
		result="not ok"
	fi
	sed 's/^/# /' "/tmp/$test.$$"
	rm -f "/tmp/$test.$$"
	say "$result" "$test"
done

# Nothing may hold a reference any more.
if rmmod miracast_test && rmmod miracast; then
	say ok "unload"
else
	say "not ok" "unload"
fi

exit $failed
