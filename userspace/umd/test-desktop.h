/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-desktop.h - a desktop for the test source, which has none: it switches its
 * output off and on and changes its mode at given times
 *
 * What the kernel would tell of a real one, so that tests without a module can see
 * what becomes of it at a sink.  Never with frame_source_kernel.
 */
#pragma once

#include "umd-session.h"

G_BEGIN_DECLS

/*
 * Environment variable with what it does: "SECONDS:ACTION", commas between them.
 * An action is "off", "on" (in the mode before), "power-off", "power-on" or a mode
 * "WIDTHxHEIGHT@HZ".
 */
#define TEST_DESKTOP_VARIABLE "MIRACAST_TEST_DESKTOP"

typedef struct test_desktop test_desktop;

/*
 * Starts now, with @mode set, in the thread-default main context. NULL without
 * @schedule, and with a warning if it cannot be read.
 */
test_desktop *test_desktop_new(const char *schedule, const struct miracast_mode_state *mode,
			       umd_session *session);
void test_desktop_free(test_desktop *desktop);

G_END_DECLS
