// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who may do what, of each kind of caller, and of each thing that polkit can say.
 */
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "main-loop.h"
#include "mock-polkit.h"
#include "reason.h"
#include "test-bus.h"

#define CALLER ":1.234"
#define INTERACTIVE 1u

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *bus;
	mock_polkit *polkit;
	GCancellable *cancellable;
	guint decided;
	GError *error;
};

/* Lines in the log that say that polkit has not. */
static guint said;

static GLogWriterOutput count_said(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0 && g_str_has_prefix(fields[i].value, "polkit "))
			said++;
	}
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	said = 0;
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = test_bus_connect(f->test_bus);
	if (!data) {
		g_autoptr(GDBusConnection) bus = test_bus_connect(f->test_bus);

		f->polkit = mock_polkit_new(bus);
	}
	f->cancellable = g_cancellable_new();
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_clear_error(&f->error);
	g_clear_pointer(&f->polkit, mock_polkit_free);
	g_object_unref(f->cancellable);
	g_object_unref(f->bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

static void decided(const GError *error, gpointer user_data)
{
	struct fixture *f = user_data;

	g_clear_error(&f->error);
	f->error = error ? g_error_copy(error) : NULL;
	f->decided++;
}

static void begin(struct fixture *f, enum authority_action action, gboolean member, gboolean interactive)
{
	const struct dbus_caller who = { .uid = getuid() + 1000, .member = member };

	authority_ask(f->bus, CALLER, &who, action, interactive, f->cancellable, decided, f);
}

static gboolean may(struct fixture *f, enum authority_action action, gboolean member, gboolean interactive)
{
	guint before = f->decided;

	begin(f, action, member, interactive);
	WAIT(f->decided > before);
	g_assert_cmpuint(f->decided, ==, before + 1);
	if (f->error)
		g_assert_error(f->error, REASON_ERROR,
			       (int)(action == AUTHORITY_OTHERS ? REASON_OTHERS_CAST : REASON_NOT_ALLOWED));
	return !f->error;
}

/* Not asked about: it is decided from inside of the call. */
static void test_root(struct fixture *f, gconstpointer data)
{
	for (enum authority_action action = AUTHORITY_CAST; action <= AUTHORITY_OTHERS; action++) {
		guint before = f->decided;

		authority_ask(f->bus, CALLER, &(struct dbus_caller){ .uid = action == AUTHORITY_CAST ? 0 : geteuid() }, action,
			      FALSE, f->cancellable, decided, f);
		g_assert_cmpuint(f->decided, ==, before + 1);
		g_assert_no_error(f->error);
	}
	g_assert_cmpuint(f->polkit->asks, ==, 0);
}

static void test_group(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_DENIES;
	g_assert_true(may(f, AUTHORITY_CAST, TRUE, FALSE));
	g_assert_true(may(f, AUTHORITY_CONFIGURE, TRUE, FALSE));
	g_assert_cmpuint(f->polkit->asks, ==, 0);
	/* Casts of other users' are not the group's. */
	g_assert_false(may(f, AUTHORITY_OTHERS, TRUE, FALSE));
	g_assert_cmpuint(f->polkit->asks, ==, 1);
}

static void test_polkit(struct fixture *f, gconstpointer data)
{
	static const struct {
		enum authority_action action;
		const char *id;
	} rows[] = {
		{ AUTHORITY_CAST, "org.miracast.Miracast1.cast" },
		{ AUTHORITY_CONFIGURE, "org.miracast.Miracast1.manage" },
		{ AUTHORITY_OTHERS, "org.miracast.Miracast1.manage" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		gboolean interactive = i & 1;

		f->polkit->mood = MOCK_POLKIT_ALLOWS;
		g_assert_true(may(f, rows[i].action, FALSE, interactive));
		g_assert_cmpstr(f->polkit->action, ==, rows[i].id);
		g_assert_cmpstr(f->polkit->subject, ==, CALLER);
		g_assert_cmpuint(f->polkit->flags, ==, interactive ? INTERACTIVE : 0);
		f->polkit->mood = MOCK_POLKIT_DENIES;
		g_assert_false(may(f, rows[i].action, FALSE, interactive));
		f->polkit->mood = MOCK_POLKIT_CHALLENGES;
		g_assert_false(may(f, rows[i].action, FALSE, interactive));
		/* What to do. */
		g_assert_cmpstr(reason_error_hint(f->error).code, ==, "get-rights");
	}
	g_assert_cmpuint(f->polkit->taken_back, ==, 0);
}

/* Of others nobody may anything; the group is as ever. */
static void test_absent(struct fixture *f, gconstpointer data)
{
	g_assert_false(may(f, AUTHORITY_CAST, FALSE, TRUE));
	g_assert_nonnull(strstr(f->error->message, "is not there"));
	/* It is said once. */
	g_assert_false(may(f, AUTHORITY_CONFIGURE, FALSE, TRUE));
	g_assert_cmpuint(said, ==, 1);
	g_assert_true(may(f, AUTHORITY_CAST, TRUE, FALSE));
	g_assert_false(may(f, AUTHORITY_OTHERS, TRUE, FALSE));
}

/* It does not answer in time, and the question is taken back. */
static void test_silent(struct fixture *f, gconstpointer data)
{
	gint64 began = g_get_monotonic_time();

	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	g_assert_false(may(f, AUTHORITY_CAST, FALSE, FALSE));
	g_assert_cmpuint(said, ==, 1);
	g_assert_cmpint(g_get_monotonic_time() - began, >=, (AUTHORITY_SECONDS - 1) * G_USEC_PER_SEC);
	WAIT(f->polkit->taken_back == 1);
	g_assert_cmpstr(f->polkit->taken_back_id, ==, f->polkit->id);
}

/* Who has asked has gone: nothing is decided, and nobody is asked any more. */
static void test_gone(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	begin(f, AUTHORITY_CAST, FALSE, TRUE);
	WAIT(f->polkit->asks == 1);
	g_cancellable_cancel(f->cancellable);
	WAIT(f->polkit->taken_back == 1);
	g_assert_cmpstr(f->polkit->taken_back_id, ==, f->polkit->id);
	turn(100);
	g_assert_cmpuint(f->decided, ==, 0);
}

/* It dies while it is asked. */
static void test_vanishes(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	begin(f, AUTHORITY_CAST, FALSE, TRUE);
	WAIT(f->polkit->asks == 1);
	g_clear_pointer(&f->polkit, mock_polkit_free);
	WAIT(f->decided == 1);
	g_assert_cmpuint(said, ==, 1);
	g_assert_error(f->error, REASON_ERROR, REASON_NOT_ALLOWED);
}

/* Two at once, answered the other way round, do not wait for each other. */
static void test_beside(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	begin(f, AUTHORITY_CAST, FALSE, TRUE);
	WAIT(f->polkit->asks == 1);
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(may(f, AUTHORITY_CONFIGURE, FALSE, FALSE));
	g_cancellable_cancel(f->cancellable);
	WAIT(f->polkit->taken_back == 1);
}

/* ---- what is installed ------------------------------------------------------------------ */

/* @defaults: "ACTION ELEMENT VALUE" lines; @message: those of the actions */
struct policy {
	char *action;
	GString *defaults;
	guint messages;
};

static void policy_begin(GMarkupParseContext *context, const char *element, const char **names, const char **values,
			 gpointer user_data, GError **error)
{
	struct policy *p = user_data;

	if (strcmp(element, "action") != 0)
		return;
	g_assert_cmpstr(names[0], ==, "id");
	g_free(p->action);
	p->action = g_strdup(values[0]);
}

static void policy_text(GMarkupParseContext *context, const char *text, gsize length, gpointer user_data, GError **error)
{
	struct policy *p = user_data;
	const char *element = g_markup_parse_context_get_element(context);

	if (g_str_has_prefix(element, "allow_"))
		g_string_append_printf(p->defaults, "%s %s %.*s\n", p->action, element, (int)length, text);
	p->messages += strcmp(element, "message") == 0;
}

/* As authority.h says it; an action that polkit does not know would be refused to everybody. */
static void test_policy(void)
{
	static const GMarkupParser parser = { .start_element = policy_begin, .text = policy_text };
	struct policy p = { .defaults = g_string_new(NULL) };
	g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &p, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(POLKIT_POLICY, &text, &length, NULL));
	g_markup_parse_context_parse(context, text, length, &error);
	g_assert_no_error(error);
	g_markup_parse_context_end_parse(context, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(p.defaults->str, ==,
			"org.miracast.Miracast1.cast allow_any auth_admin_keep\n"
			"org.miracast.Miracast1.cast allow_inactive auth_admin_keep\n"
			"org.miracast.Miracast1.cast allow_active yes\n"
			"org.miracast.Miracast1.manage allow_any auth_admin_keep\n"
			"org.miracast.Miracast1.manage allow_inactive auth_admin_keep\n"
			"org.miracast.Miracast1.manage allow_active auth_admin_keep\n");
	g_assert_cmpuint(p.messages, >=, 2);
	g_string_free(p.defaults, TRUE);
	g_free(p.action);
}

#define TEST(path, function, absent) g_test_add(path, struct fixture, absent, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_said, NULL, NULL);
	TEST("/authority/root", test_root, NULL);
	TEST("/authority/group", test_group, NULL);
	TEST("/authority/polkit", test_polkit, NULL);
	TEST("/authority/absent", test_absent, "absent");
	TEST("/authority/silent", test_silent, NULL);
	TEST("/authority/gone", test_gone, NULL);
	TEST("/authority/vanishes", test_vanishes, NULL);
	TEST("/authority/beside", test_beside, NULL);
	g_test_add_func("/authority/policy", test_policy);
	return g_test_run();
}
