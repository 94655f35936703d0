/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox.h - what a user-mode driver cannot do
 *
 * A miracast-umd reads what a television sends.  Whoever finds a fault in that
 * owns the process, and shall find that it is worth nothing: it has the session
 * that it was made for, a processor to compute with, and no way to anything else.
 *
 * How.  miracastd, or systemd for it (spawn.h), starts miracast-sandbox, which takes from itself what the
 * driver is not to have and then becomes the driver (execve: the same process, no
 * one between).  It is a program of its own since miracastd has threads, in which
 * little is allowed between fork and execve, and since any driver is to be
 * confined, not only one that confines itself.  It reads its arguments and
 * nothing else.  Layers, each of which is tried, in this order:
 *
 *	limits		no core files (a core is a picture of the screen), and bounds
 *			for memory and descriptors
 *	user		an account of its own, with the groups of the graphics cards'
 *			nodes, so that no file and no process of others is its own.
 *			A unit has given it these already.  It also gives up all
 *			capabilities
 *	files		Landlock: libraries, GStreamer's plug-ins, what is known of
 *			them and what lies beside the driver can be read, the nodes of
 *			graphics cards used, and the driver itself executed; all other
 *			files cannot be opened, /proc, /sys (but for those cards) and
 *			/dev among them.  Nothing can be written.  Where the kernel
 *			knows how: no TCP, no abstract sockets, no signals to others
 *	memory		no memory that is or was writable becomes executable, nor what
 *			can be written elsewhere.  Not with NVIDIA's driver, which
 *			makes code
 *	calls		seccomp, a list of what media libraries need.  Not in it:
 *			new sockets and connections, packets for others than a socket
 *			is connected to, new files, new processes, new namespaces,
 *			ptrace, mount, keys, io_uring, bpf, userfaultfd, memfd...
 *			Signals reach the process itself, ioctl() the kinds of devices
 *			that are passed or in view
 *
 * The descriptors that miracastd has opened are what is left: the sink fd, the
 * connected RTSP socket, the channel, and two bound UDP sockets (rtp-ports.h).
 *
 * Why accounts and not namespaces.  With root's uid nothing of it is a border:
 * systemd, D-Bus services and polkit give to uid 0 what it asks for, whatever its
 * capabilities are; so the uid comes first.  Units of systemd's have the same accounts
 * (spawn.h) and restrictions of their own around these layers; but systemd is not
 * everywhere, and cannot compare the arguments of calls.  With DynamicUser= all instances of
 * a unit would be one user, unless they are named, as these accounts are.  A
 * range of plain numbers may be somebody's: accounts of sysusers.d belong to us on
 * every distribution, and have names in ps and in logs.  There is one for each
 * session that can exist at a time, so that two drivers are strangers, too.
 * Namespaces for users, mounts and the network would have to be allowed to
 * miracastd's whole unit, with mount(): that is more of the kernel within reach of
 * a daemon that speaks to strangers than they take out of reach of a process that
 * Landlock gives no file and seccomp no socket.
 *
 * What a machine cannot have is left out and named, on stderr, which is the journal,
 * and by `miracastctl doctor`: a kernel without Landlock, NVIDIA's driver, accounts
 * that nobody has made, a daemon that is not root.  All else that fails ends it before
 * there is a driver: no filter of system calls, which each kernel that the module is
 * for can have; limits or rules that the kernel refuses; root that cannot be given up;
 * a program that cannot be executed.
 *
 * Single thread; everything here is for the process that calls it, for good.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Exit status of miracast-sandbox when there is no driver to speak for itself. */
#define SANDBOX_EXIT_USAGE 2
#define SANDBOX_EXIT_CONFINE 125
#define SANDBOX_EXIT_PROGRAM 126

/**
 * enum sandbox_layer - what can be had, or not
 */
enum sandbox_layer {
	SANDBOX_LIMITS,
	SANDBOX_USER,
	SANDBOX_FILES,
	SANDBOX_MEMORY,
	SANDBOX_CALLS,
	N_SANDBOX_LAYERS,
};

/**
 * struct sandbox_config - for whom
 * @user: account to become, if we are root, or to be already; NULL: none
 * @cache: (nullable): directory in which is kept what is known of plug-ins and
 *	encoders, as $XDG_CACHE_HOME
 * @maintains: it writes to @cache and may start GStreamer's scanner of plug-ins.
 *	For a process that never speaks to a sink
 * @program: path of the driver
 */
struct sandbox_config {
	const char *user;
	const char *cache;
	gboolean maintains;
	const char *program;
};

/**
 * struct sandbox_report - what has become of each layer
 * @missing: not NULL: the layer could not be had, or not all of it; why
 * @has: what it is made of here
 */
struct sandbox_report {
	char *has[N_SANDBOX_LAYERS];
	char *missing[N_SANDBOX_LAYERS];
};

const char *sandbox_layer_name(enum sandbox_layer layer);
void sandbox_report_clear(struct sandbox_report *report);

/* A typedef for the clean-up. */
typedef struct sandbox_report sandbox_report;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sandbox_report, sandbox_report_clear)

/**
 * sandbox_enter - all layers
 *
 * FALSE with G_FILE_ERROR: some of them may have been entered, and nothing that follows
 * makes sense.
 */
gboolean sandbox_enter(const struct sandbox_config *config, struct sandbox_report *report,
		       GError **error);

/* ---- the layers, for sandbox_enter() ---------------------------------------- */

/* Groups of the device nodes that sandbox_files_prepare() has let in. */
struct sandbox_devices {
	GArray *groups; /* gid_t */
	gboolean graphics;
	gboolean video;
	gboolean nvidia;
	gboolean memory; /* that tests of the former are made with */
};

typedef struct sandbox_files sandbox_files;

/* The rules, while we may still see everything; @files NULL: there are none, and the report says why. */
gboolean sandbox_files_prepare(const struct sandbox_config *config, struct sandbox_devices *devices,
			       sandbox_files **files, struct sandbox_report *report, GError **error);
/* As the user that the rest is done as, with no_new_privs. */
gboolean sandbox_files_enter(sandbox_files *files, const struct sandbox_config *config,
			     struct sandbox_report *report, GError **error);
void sandbox_files_free(sandbox_files *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sandbox_files, sandbox_files_free)

/* Is that who we are already? A unit has made us so. */
gboolean sandbox_user_is(const char *user);
gboolean sandbox_user_enter(const struct sandbox_config *config, const GArray *groups,
			    struct sandbox_report *report, GError **error);
gboolean sandbox_limits_enter(gboolean own_user, struct sandbox_report *report, GError **error);
void sandbox_memory_enter(const struct sandbox_devices *devices, struct sandbox_report *report);
gboolean sandbox_calls_enter(const struct sandbox_config *config, const struct sandbox_devices *devices,
			     struct sandbox_report *report, GError **error);

G_END_DECLS
