/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-link.h - a link whose displays are what the test says, and to which a connection neither comes about nor fails
 * by itself
 */
#pragma once

#include "link.h"

/**
 * struct fake_link - the backend
 * @name: "p2p" or "mice"
 * @finds, @connects: calls so far
 * @connected: to whom the last one was; @connection: it, while there is one
 * @pin: that was entered last
 * @find_error: what the next find ends with
 */
struct fake_link {
	link_backend base;
	struct link_impl impl;
	guint finds, connects;
	char *connected;
	link_connection *connection;
	char *pin;
	GError *find_error;
	guint find_ending;
};

/* @user_data: the broker, which frees it when it was given to it. */
struct fake_link *fake_link_new(const char *name, gpointer user_data);
/* In sight and connectable, or neither; the first one of an id is found with it. */
link_sink *fake_link_sink(struct fake_link *link, link_sink *sink, gboolean present);
void fake_link_fail(struct fake_link *link);
