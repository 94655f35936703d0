/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * witness.h - a user-mode driver that watches how it is called
 *
 * It does what a test's hooks say, and fails the test whenever two of its
 * functions run that must not (R13, R51).  The unit tests put it before a
 * kernel that they play, guarantees.c before the real one.
 */
#pragma once

#include <glib.h>
#include <pthread.h>

#include <miracast/frames.h>

/* I/O control of miracast_test.ko that gives back its input: MIRACAST_TEST_CTL_ECHO */
#define WITNESS_CONTROL 0x10000

/* What a test wants the driver to do; everything else does nothing. */
struct witness {
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	int sink; /* the kernel's, or -1; the test's to close */
	int rtsp;
	GThread *runner;
	int result;

	/* Not GLib's, which ThreadSanitizer does not see. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	GString *calls;	  /* of create, start, stop, destroy */
	gboolean running; /* one of these four */
	guint handlers;	  /* that run now */
	guint most_handlers;
	guint handled;
	GString *log; /* of status and overdue */

	void (*in_create)(struct witness *w);
	void (*in_start)(struct witness *w);
	void (*in_stop)(struct witness *w);
	void (*in_destroy)(struct witness *w);
	int create_result;
	int start_result;
	uint32_t info;
	gboolean hold_handlers;
	int handler_result;
	uint32_t handler_bytes;

	GThread *other; /* of witness_check_gates() */
	int other_result;

	guint rates;
	struct miracast_data_rate rate;
	gboolean last_rate;
	gint64 registered_us;
};

extern const struct miracast_driver witness_driver;

void witness_init(struct witness *w, int sink_fd);
void witness_clear(struct witness *w);

/* A host in a thread of its own. */
struct miracast_host_config witness_config(struct witness *w);
void witness_run_config(struct witness *w, const struct miracast_host_config *config);
void witness_run(struct witness *w);
void witness_wait_until_started(struct witness *w);
/* Of miracast_host_run(). */
int witness_join(struct witness *w);
int witness_stop(struct witness *w);

void witness_wait_for_handlers(struct witness *w, guint n);
void witness_release_handlers(struct witness *w);

/* Waits for a change, with the lock, until this g_get_monotonic_time(). FALSE: it has passed. */
gboolean witness_wait_until(struct witness *w, gint64 deadline_us);

/* I/O control, by this thread and by another one. */
int control(struct witness *w, uint32_t code);
int control_elsewhere(struct witness *w);

/*
 * Sets hooks that try I/O control in each function, by its thread and by
 * another one (R59).  The one that waits for the start to end gets other_result,
 * for which witness_join_gates() waits.
 */
void witness_check_gates(struct witness *w);
void witness_join_gates(struct witness *w);
