/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-doctor.h - the checks of miracastctl doctor
 *
 * Each looks, changes nothing, and says one or more lines with doctor_say().  Those that
 * are told where the system is (@root: "" for this one) are tried by tests, which have a
 * system, a bus and a doctor_say() of their own.
 */
#pragma once

#include <gio/gio.h>

#include "hint.h"

G_BEGIN_DECLS

enum verdict {
	OK,
	WARN,
	FAIL,
};

struct doctor;

/**
 * doctor_say - the result of a check
 * @check: its name, a word
 * @next: what to do; NO_HINT with OK, and only then
 * @format: what was found
 */
void doctor_say(struct doctor *d, const char *check, enum verdict verdict, struct hint next,
		const char *format, ...) G_GNUC_PRINTF(5, 6);

/**
 * doctor_check_module - does the kernel have the module, or will it take it?
 * @release: of the kernel
 *
 * With Secure Boot it takes what is signed with a key that it knows; mokutil is asked
 * whether it knows that of DKMS.
 *
 * Returns: it is loaded
 */
gboolean doctor_check_module(struct doctor *d, const char *root, const char *release);
gboolean doctor_module_is_installed(const char *root, const char *release);

/**
 * doctor_check_firewall - does a firewall that is known keep displays out?
 * @bus: (nullable): where firewalld is
 * @filtered: the daemon can have rules of its own on a link (line "filter"), and so has firewalld let the link in
 */
void doctor_check_firewall(struct doctor *d, const char *root, GDBusConnection *bus, gboolean filtered);

/**
 * doctor_check_sound - does sound reach a display?
 * @release: of the kernel
 *
 * From the module to the caller's own sound server, in the order of the samples' way
 * backwards: the module has sound, our files are there, the display has a card that
 * the caller may open, a sound server runs for the caller and plays on it.  Programs
 * of the sound server that do not answer are given up after some seconds.
 */
void doctor_check_sound(struct doctor *d, const char *release);

/* The first two of these, in one line.  Returns: the module has sound. */
gboolean doctor_check_sound_module(struct doctor *d, const char *root, const char *release);

G_END_DECLS
