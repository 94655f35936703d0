// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order of the layers: see sandbox.h.
 */
#include "sandbox.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* linux/prctl.h of Linux 6.3 */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* What is written and private; an encoder of the largest picture takes a tenth of it. */
#define MOST_DATA (G_GUINT64_CONSTANT(4) << 30)
#define MOST_DESCRIPTORS 1024
/* Threads, which count for the user. */
#define MOST_THREADS 512
/* Nice level -11 (setrlimit(2)): sound goes before pictures (sound-pump.c). */
#define LEAST_NICE (20 + 11)

static const char *const layer_names[] = {
	[SANDBOX_LIMITS] = "limits", [SANDBOX_USER] = "user",	  [SANDBOX_FILES] = "files",
	[SANDBOX_MEMORY] = "memory", [SANDBOX_CALLS] = "calls",
};

const char *sandbox_layer_name(enum sandbox_layer layer)
{
	g_return_val_if_fail(layer < N_SANDBOX_LAYERS, "unknown");
	return layer_names[layer];
}

void sandbox_report_clear(struct sandbox_report *report)
{
	for (guint i = 0; i < N_SANDBOX_LAYERS; i++) {
		g_clear_pointer(&report->has[i], g_free);
		g_clear_pointer(&report->missing[i], g_free);
	}
}

static gboolean limit(__rlimit_resource_t resource, guint64 most)
{
	struct rlimit old;
	struct rlimit new;

	if (getrlimit(resource, &old) < 0)
		return FALSE;
	new.rlim_max = MIN(old.rlim_max, most);
	new.rlim_cur = MIN(old.rlim_cur, new.rlim_max);
	return setrlimit(resource, &new) == 0;
}

/* Root could, whoever it becomes cannot unless told; others have what they have. */
static void allow_sound_first(void)
{
	struct rlimit nice;

	if (getrlimit(RLIMIT_NICE, &nice) < 0 || nice.rlim_cur >= LEAST_NICE)
		return;
	nice.rlim_cur = LEAST_NICE;
	nice.rlim_max = MAX(nice.rlim_max, LEAST_NICE);
	if (setrlimit(RLIMIT_NICE, &nice) < 0)
		g_debug("sound has no priority: %s", g_strerror(errno));
}

gboolean sandbox_limits_enter(gboolean own_user, struct sandbox_report *report, GError **error)
{
	/* 1: neither a file nor a program that is given cores gets one (fs/coredump.c). */
	gboolean all = limit(RLIMIT_CORE, 1);

	all = all && limit(RLIMIT_DATA, MOST_DATA);
	all = all && limit(RLIMIT_NOFILE, MOST_DESCRIPTORS);
	all = all && limit(RLIMIT_MSGQUEUE, 0);
	all = all && limit(RLIMIT_RTPRIO, 0);
	/* Of somebody who runs other programs, too, they would be among those that count. */
	if (own_user)
		all = all && limit(RLIMIT_NPROC, MOST_THREADS);
	if (!all) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "setrlimit: %s",
			    g_strerror(errno));
		return FALSE;
	}
	allow_sound_first();
	report->has[SANDBOX_LIMITS] = g_strdup("no core files, bounds for memory");
	return TRUE;
}

void sandbox_memory_enter(const struct sandbox_devices *devices, struct sandbox_report *report)
{
	if (devices->nvidia) {
		report->missing[SANDBOX_MEMORY] =
			g_strdup("NVIDIA's driver makes code, so writable memory may become executable");
		return;
	}
	/* GStreamer's Orc makes code as well, and ends the process where it may not; told so it has C. */
	g_setenv("ORC_CODE", "backup", TRUE);
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0)
		report->has[SANDBOX_MEMORY] = g_strdup("the kernel keeps writable memory from being executable");
	else
		report->has[SANDBOX_MEMORY] = g_strdup("the filter keeps writable memory from being executable");
}

gboolean sandbox_enter(const struct sandbox_config *config, struct sandbox_report *report,
		       GError **error)
{
	struct sandbox_devices devices = { .groups = g_array_new(FALSE, FALSE, sizeof(gid_t)) };
	g_autoptr(GArray) groups = devices.groups;
	g_autoptr(sandbox_files) files = NULL;
	gboolean own_user = config->user && (geteuid() == 0 || sandbox_user_is(config->user));

	if (!sandbox_files_prepare(config, &devices, &files, report, error) ||
	    !sandbox_limits_enter(own_user, report, error))
		return FALSE;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
			    "no_new_privs: %s", g_strerror(errno));
		return FALSE;
	}
	if (!sandbox_user_enter(config, groups, report, error) ||
	    (files && !sandbox_files_enter(files, config, report, error)))
		return FALSE;
	sandbox_memory_enter(&devices, report);
	return sandbox_calls_enter(config, &devices, report, error);
}
