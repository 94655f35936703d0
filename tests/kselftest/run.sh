#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [DIRECTORY OF THE MODULES [PROGRAM...]]
#
# Loads miracast.ko and miracast_test.ko, from the directory or by modprobe,
# runs the programs beside this script, or only those, and unloads the modules.
# TAP: one line per program, with its own output below it as comment. Where the
# kernel can, allocations are made to fail, and memory is searched for leaks
# before and after unloading.
cd "$(dirname "$0")" || exit 1

modules=$1
[ $# -eq 0 ] || shift
# Where the kernel lets allocations fail.
faults=
[ ! -e /proc/self/fail-nth ] || faults="relay_faults kms_faults sound_faults"
tests=${*:-relay_abi relay_session relay_messages relay_lifetime relay_chunks
	relay_requests relay_hostile relay_growth relay_stress kms_growth kms_revoked
	kms_connector kms_card kms_frames kms_buffers kms_flips kms_vblank
	kms_legacy kms_sinks kms_trace kms_lifetime kms_hostile kms_weston
	sound_card sound_samples sound_hostile $faults}
at=0
failed=0

say() {
	at=$((at + 1))
	echo "$1 $at selftests: drivers/miracast: $2"
	[ "$1" = ok ] || failed=1
}

load() { # MODULE [PARAMETER=VALUE]
	name=$1
	shift
	if [ -n "$modules" ]; then
		for dependency in $(modinfo -F depends "$modules/$name.ko" | tr , ' '); do
			[ "$dependency" = miracast ] || modprobe "$dependency" || return
		done
		insmod "$modules/$name.ko" "$@"
	else
		modprobe "$name" "$@"
	fi
}

# How many connectors there are after loading with these parameters.
connectors() {
	load miracast "$@" && find /sys/class/drm -name 'card*-Virtual-*' | wc -l
	rmmod miracast
}

# What nothing points at any more. It may be in a register just now, so two
# scans; young objects count as in use.
leaks() {
	sleep 6
	echo scan >$kmemleak
	echo scan >$kmemleak
	cat $kmemleak
}

check_leaks() { # WHEN
	[ -w $kmemleak ] || return
	found=$(leaks)
	if [ -z "$found" ]; then
		say ok "leaks $1"
	else
		echo "$found" | sed 's/^/# /'
		say "not ok" "leaks $1"
	fi
}

echo "TAP version 13"
# The programs, the parameter, and what loading and unloading is worth.
plan=$(($(echo "$tests" | wc -w) + 4))
kmemleak=/sys/kernel/debug/kmemleak
if [ -w $kmemleak ]; then
	# What the system itself has lost is not ours to find.
	leaks >/dev/null
	echo clear >$kmemleak
	plan=$((plan + 2))
fi
echo "1..$plan"

# The default, more, and what is out of range.
if [ "$(connectors) $(connectors max_sinks=8) $(connectors max_sinks=0)" = "4 8 1" ] &&
   [ "$(connectors max_sinks=9)" = 8 ]; then
	say ok "max_sinks"
else
	say "not ok" "max_sinks"
fi

# As many monitors as there may be, for kms_sinks.
if load miracast max_sinks=8 && load miracast_test; then
	say ok "load"
else
	say "not ok" "load"
	exit 1
fi
# Whose buffers kms_buffers imports. Debian's 6.1 has no udmabuf.
modprobe vgem
modprobe -q udmabuf
# Whose pages the tests of slow memory serve.
modprobe fuse
# udev may take a moment to make the nodes.
for node in /dev/miracast /dev/miracast_test; do
	tries=50
	while [ ! -e $node ] && [ $tries -gt 0 ]; do
		sleep 0.1
		tries=$((tries - 1))
	done
done

# What the tests of these expect needs a machine that runs them within 20 ms of when they are due. Somebody may write to
# the file $STOOD_STILL when it has not: a test that fails then fails because of that, and gets another chance or two.
timed="relay_messages kms_flips kms_vblank kms_trace sound_card sound_samples sound_hostile"

stood_still() { # how often
	wc -l <"${STOOD_STILL:-/dev/null}"
}

# Runs test $2 of a timed program again, which has failed; the machine had stood still $3 times before.
again() { # PROGRAM TEST SINCE
	before=$3
	for chance in 1 2; do
		[ "$(stood_still)" -gt "$before" ] || return 1
		echo "# once more, as the machine stood still: $2, $chance"
		before=$(stood_still)
		"./$1" -r "$2" >"/tmp/$1.again" 2>&1 && break
		sed 's/^/# now: /' "/tmp/$1.again"
	done
	sed 's/^/# /' "/tmp/$1.again"
	grep -q "^ok 1 $2" "/tmp/$1.again"
}

# Says what program $1 says. Of a timed one that comes to its end, each test that failed may run again.
run() { # PROGRAM
	since=$(stood_still)
	if "./$1" >"/tmp/$1" 2>&1; then
		sed 's/^/# /' "/tmp/$1"
		return 0
	fi
	again=
	case " $timed " in
	*" $1 "*) again=$(sed -n 's/^not ok [0-9]* \([^ ]*\).*/\1/p' "/tmp/$1") ;;
	esac
	if [ -z "$again" ] || [ "$(stood_still)" -eq "$since" ]; then
		sed 's/^/# /' "/tmp/$1"
		return 1
	fi
	sed 's/^not ok/on a machine that stood still: &/; s/^/# /' "/tmp/$1"
	status=0
	for name in $again; do
		again "$1" "$name" "$since" || status=1
	done
	return $status
}

for test in $tests; do
	if run "$test"; then
		say ok "$test"
	else
		say "not ok" "$test"
	fi
done

# Under a compositor the module stays, until the device is unbound and the card closed.
unbind=/sys/bus/platform/drivers/miracast/unbind
card=$(find /sys/devices/platform/miracast/drm -maxdepth 1 -name 'card*' -printf '/dev/dri/%f\n' -quit)
if exec 3<"$card" && ! rmmod miracast_test miracast 2>/dev/null &&
   echo miracast >$unbind && ! rmmod miracast 2>/dev/null && exec 3<&- &&
   load miracast_test; then
	say ok "unload under a compositor"
else
	say "not ok" "unload under a compositor"
fi

check_leaks "before unload"
# Nothing may hold a reference any more.
if rmmod miracast_test && rmmod miracast; then
	say ok "unload"
else
	say "not ok" "unload"
fi

check_leaks "after unload"

exit $failed
