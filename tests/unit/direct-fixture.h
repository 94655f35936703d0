/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * direct-fixture.h - a broker with its direct link, and a fake-umd for each session, which does what the "sink",
 * the test, tells it
 *
 * All of it in the thread of the test.
 */
#pragma once

#include "broker.h"
#include "link-direct.h"

struct fixture {
	struct broker_config config;
	broker *broker;
	link_backend *direct;
	const char *options; /* of the address that is listened on; NULL: for displays of this machine */
	char *bound;
	gboolean stopped;
	guint added, removed;
	guint states; /* mask of the states that were seen */
	char *directory; /* in place of miracast-sandbox: a script in it, or NULL */
	char *sandbox;
};

/* Far longer than anything takes; a test that hangs must end. */
#define PATIENCE_US (30 * G_USEC_PER_SEC)

void wait_until(gboolean (*done)(struct fixture *f), struct fixture *f);

/* Who may call without anybody being asked. */
#define FROM_HERE "{'from': <'127.0.0.0/8'>}"

/* @sandbox NULL: nothing confines the UMDs. */
void set_up_with(struct fixture *f, const char *umd, const char *sandbox);
/* The UMD; NULL: fake-umd. */
void set_up(struct fixture *f, gconstpointer umd);
void tear_down(struct fixture *f, gconstpointer umd);

GSocketConnection *dial_from(struct fixture *f, const char *host);
GSocketConnection *dial(struct fixture *f);
/* A line of fake-umd.c. */
void tell(GSocketConnection *sink, const char *line);
/* To be freed by the caller; reads while the main loop runs. */
char *hear(GSocketConnection *sink);

/* The newest one; borrowed. */
session *only_session(struct fixture *f);
gboolean streams(struct fixture *f);
/* Whether it may have the screen. */
gboolean asks(struct fixture *f);
gboolean is_gone(struct fixture *f);
void assert_reason(struct fixture *f, const char *name);
