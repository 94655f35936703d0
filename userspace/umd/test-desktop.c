// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The desktop of test-desktop.h.
 */
#include "test-desktop.h"

#include <stdio.h>

#include <drm/miracast.h>

struct test_desktop {
	umd_session *session;
	struct miracast_mode_state mode;
	GPtrArray *timers; /* GSource */
};

struct step {
	test_desktop *desktop;
	char *action;
};

static void step_free(gpointer data)
{
	struct step *step = data;

	g_free(step->action);
	g_free(step);
}

static gboolean read_mode(const char *text, struct miracast_mode_state *mode)
{
	guint width, height, hz;
	char end;

	if (sscanf(text, "%ux%u@%u%c", &width, &height, &hz, &end) != 3)
		return FALSE;
	mode->width = width;
	mode->height = height;
	mode->refresh = hz * 1000;
	return TRUE;
}

static gboolean step_is_due(gpointer data)
{
	struct step *step = data;
	test_desktop *desktop = step->desktop;

	g_message("test desktop: %s", step->action);
	if (g_str_equal(step->action, "off")) {
		umd_session_mode_off(desktop->session);
	} else if (g_str_has_prefix(step->action, "power-")) {
		umd_session_power(desktop->session, g_str_equal(step->action, "power-on"));
	} else {
		if (!g_str_equal(step->action, "on"))
			read_mode(step->action, &desktop->mode);
		/* As the kernel's half does: a mode that is not offered is no mode. */
		if (umd_session_can_show(desktop->session, &desktop->mode))
			umd_session_mode_set(desktop->session, &desktop->mode);
	}
	return G_SOURCE_REMOVE;
}

static gboolean add_step(test_desktop *desktop, const char *text)
{
	static const char *const words[] = { "off", "on", "power-off", "power-on", NULL };
	struct miracast_mode_state mode;
	struct step *step;
	GSource *timer;
	char *end;
	double seconds = g_ascii_strtod(text, &end);

	if (end == text || *end != ':' || !(seconds >= 0 && seconds < 3600) ||
	    (!g_strv_contains(words, end + 1) && !read_mode(end + 1, &mode)))
		return FALSE;
	step = g_new0(struct step, 1);
	step->desktop = desktop;
	step->action = g_strdup(end + 1);
	timer = g_timeout_source_new(seconds * 1000);
	g_source_set_callback(timer, step_is_due, step, step_free);
	g_source_attach(timer, g_main_context_get_thread_default());
	g_ptr_array_add(desktop->timers, timer);
	return TRUE;
}

static void timer_free(gpointer data)
{
	g_source_destroy(data);
	g_source_unref(data);
}

test_desktop *test_desktop_new(const char *schedule, const struct miracast_mode_state *mode,
			       umd_session *session)
{
	g_auto(GStrv) steps = NULL;
	test_desktop *desktop;

	if (!schedule)
		return NULL;
	desktop = g_new0(test_desktop, 1);
	desktop->session = session;
	desktop->mode = *mode;
	desktop->timers = g_ptr_array_new_with_free_func(timer_free);
	steps = g_strsplit(schedule, ",", -1);
	for (guint i = 0; steps[i]; i++) {
		if (!add_step(desktop, steps[i])) {
			g_warning("%s: \"%s\" is no step", TEST_DESKTOP_VARIABLE, steps[i]);
			test_desktop_free(desktop);
			return NULL;
		}
	}
	return desktop;
}

void test_desktop_free(test_desktop *desktop)
{
	if (!desktop)
		return;
	g_ptr_array_unref(desktop->timers);
	g_free(desktop);
}
