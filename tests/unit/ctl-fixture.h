/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-fixture.h - miracastctl with miracastd and fake-umd, all as processes, on a bus of their own
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* Files of a test, in its directory. */
enum ctl_file {
	CTL_QUIRKS_GOOD,
	CTL_QUIRKS_WRONG,
	CTL_DISPLAYS, /* what is remembered of them */
	CTL_PROGRAM,  /* in the place of journalctl */
	CTL_RECORD,
};

/**
 * struct fixture - what a test has
 * @address: that the daemon listens on
 * @quirks_dir: for files of the test; made by start_daemon() if it is not there
 * @services: directory of the bus's service files
 * @system_bus: for start_daemon(): the bus is the daemon's system bus as well; else it has none
 */
struct fixture {
	GTestDBus *test_bus;
	GSubprocess *daemon;
	char *address;
	char *quirks_dir;
	char *services;
	gboolean system_bus;
};

/* Only a bus. */
void set_up(struct fixture *f, gconstpointer data);
/* And a daemon; @data: (nullable): an option in the place of --no-p2p */
void start_daemon(struct fixture *f, gconstpointer data);
void tear_down(struct fixture *f, gconstpointer data);
char *path_of(struct fixture *f, enum ctl_file file);
void put_file(struct fixture *f, enum ctl_file file, const char *text);

/* A display that calls; @line: for fake-umd.c */
GSocketConnection *dial(struct fixture *f, const char *line);
/* The first element of the list @which of "status", once it is in @state. */
JsonNode *wait_session(const char *which, const char *state);

/* Exit status; the JSON object that was printed. */
int ctl(JsonNode **json, const char *const *arguments);
#define CTL(json, ...) ctl(json, (const char *const[]){ __VA_ARGS__, NULL })
/* What is printed for people. */
char *say(const char *const *arguments);
#define SAY(...) say((const char *const[]){ __VA_ARGS__, NULL })
JsonObject *object(JsonNode *json);
/* It is an error of this name, and says what to do. */
void assert_error(JsonNode *json, const char *name);

/* All objects are kept, a line for each, for the schema to be held against them. */
void notes_begin(void);
const char *notes_file(void);
void notes_end(void);
/* @command: its words, the first that is no option tells which object it is */
void note(const char *const *command, JsonNode *json);

/* test-ctl-colour.c */
void add_colour_tests(void);
/* test-ctl-consent.c */
void add_consent_tests(void);
/* test-ctl-displays.c */
void add_display_tests(void);
/* test-ctl-pin.c */
void add_pin_tests(void);
/* test-ctl-refused.c */
void add_refused_tests(void);
/* test-ctl-stay.c */
void add_stay_tests(void);
