// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes of umd-launcher.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "umd-launcher.h"

#include <signal.h>
#include <unistd.h>

#include "reason.h"
#include "unit-call.h"

/* Here with the accounts; without them miracast-sandbox makes do. */
#define SYSTEM_CACHE "/var/cache/miracast"

/* Their sockets. */
#define UNIT_SESSIONS "umd-%u"
#define UNIT_MAINTENANCE "cache"

/* Of a GSubprocess: its struct account. */
#define ACCOUNT "account"

struct umd_launcher {
	char *program;
	char *sandbox;
	char *cache;
	char *units; /* directory; NULL: processes are our own */
	gboolean accounts; /* root can start them as others, and units do */
	guint taken; /* atomic; bit n: account n + 1 */
};

/*
 * An account that is in use; of a GSubprocess, which lives until its process is gone.  Where that
 * was not waited for, GLib's thread that collects exit statuses is who gives it back.
 */
struct account {
	umd_launcher *launcher;
	guint bit;
};

G_STATIC_ASSERT(UMD_LAUNCHER_ACCOUNTS <= 8 * sizeof(guint));

/* Environment variables that reach the UMD; the rest is none of its business. */
static const char *const passed_variables[] = {
	"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "HOME", "XDG_RUNTIME_DIR",
	"LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH", "G_MESSAGES_DEBUG", "G_DEBUG", "G_SLICE",
	"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
};

umd_launcher *umd_launcher_new(const char *program, const char *sandbox)
{
	umd_launcher *launcher = g_atomic_rc_box_new0(umd_launcher);
	const char *cache = g_getenv("XDG_CACHE_HOME");

	launcher->program = g_strdup(program);
	launcher->sandbox = g_strdup(sandbox);
	launcher->accounts = geteuid() == 0;
	if (launcher->accounts && sandbox && !(cache && *cache))
		launcher->cache = g_strdup(SYSTEM_CACHE);
	else
		launcher->cache = g_strdup(g_get_user_cache_dir());
	return launcher;
}

void umd_launcher_use_units(umd_launcher *launcher, const char *directory)
{
	g_autofree char *first = g_strdup_printf(UNIT_SESSIONS, 1);

	if (!launcher->sandbox || !unit_call_answers(directory, first))
		return;
	launcher->units = g_strdup(directory);
	launcher->accounts = TRUE;
}

gboolean umd_launcher_uses_units(const umd_launcher *launcher)
{
	return launcher->units != NULL;
}

void umd_launcher_prepare(const umd_launcher *launcher)
{
	guint taken = g_atomic_int_get(&launcher->taken);
	guint number = g_bit_nth_lsf(~(gulong)taken, -1) + 1;
	g_autofree char *unit = g_strdup_printf(UNIT_SESSIONS, number);

	if (launcher->units && number <= UMD_LAUNCHER_ACCOUNTS)
		unit_call_prepare(launcher->units, unit);
}

int umd_launcher_kill_signal(const umd_launcher *launcher)
{
	return launcher->units ? UNIT_CALL_KILL : SIGKILL;
}

umd_launcher *umd_launcher_ref(umd_launcher *launcher)
{
	return g_atomic_rc_box_acquire(launcher);
}

static void launcher_clear(umd_launcher *launcher)
{
	g_free(launcher->program);
	g_free(launcher->sandbox);
	g_free(launcher->cache);
	g_free(launcher->units);
}

void umd_launcher_unref(umd_launcher *launcher)
{
	g_atomic_rc_box_release_full(launcher, (GDestroyNotify)launcher_clear);
}

gboolean umd_launcher_confines(const umd_launcher *launcher)
{
	return launcher->sandbox != NULL;
}

static char **make_environment(const umd_launcher *launcher, enum umd_purpose purpose)
{
	g_auto(GStrv) all = g_get_environ();
	char **environment = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(passed_variables); i++) {
		const char *value = g_environ_getenv(all, passed_variables[i]);

		if (value)
			environment = g_environ_setenv(environment, passed_variables[i], value, TRUE);
	}
	for (char **p = all; *p; p++) {
		g_auto(GStrv) pair = g_strsplit(*p, "=", 2);

		if (g_str_has_prefix(*p, "GST_") && pair[1])
			environment = g_environ_setenv(environment, pair[0], pair[1], TRUE);
	}
	environment = g_environ_setenv(environment, "XDG_CACHE_HOME", launcher->cache, TRUE);
	/* An account of its own has no home, and cannot look up that it has none. */
	if (launcher->sandbox && launcher->accounts)
		environment = g_environ_setenv(environment, "HOME", "/nonexistent", TRUE);
	/* Sessions use what maintenance has written; if there is nothing they look for themselves. */
	if (launcher->sandbox && purpose == UMD_PURPOSE_SESSION) {
		environment = g_environ_setenv(environment, "GST_REGISTRY_UPDATE", "no", TRUE);
		environment = g_environ_setenv(environment, "GST_REGISTRY_FORK", "no", TRUE);
	}
	return environment;
}

static void account_free(gpointer data)
{
	struct account *account = data;

	g_atomic_int_and(&account->launcher->taken, ~account->bit);
	umd_launcher_unref(account->launcher);
	g_free(account);
}

/* 0 and @error: all are in use. */
static guint take_account(umd_launcher *launcher, struct account **account, GError **error)
{
	for (guint i = 0; i < UMD_LAUNCHER_ACCOUNTS; i++) {
		guint bit = 1u << i;

		if (g_atomic_int_or(&launcher->taken, bit) & bit)
			continue;
		*account = g_new(struct account, 1);
		(*account)->launcher = umd_launcher_ref(launcher);
		(*account)->bit = bit;
		return i + 1;
	}
	g_set_error(error, REASON_ERROR, REASON_UMD_START,
		    "each of the %d accounts for user-mode drivers has a process that has not ended",
		    UMD_LAUNCHER_ACCOUNTS);
	return 0;
}

/* @account: 0: that of maintenance */
static void add_sandbox(const umd_launcher *launcher, GPtrArray *argv, enum umd_purpose purpose,
			guint account)
{
	g_autofree char *user = account ? g_strdup_printf("miracast-umd-%u", account) :
					  g_strdup("miracast-cache");
	g_autofree char *unit = account ? g_strdup_printf(UNIT_SESSIONS, account) :
					  g_strdup(UNIT_MAINTENANCE);

	if (launcher->units)
		unit_call_add(argv, launcher->units, unit);
	g_ptr_array_add(argv, g_strdup(launcher->sandbox));
	if (launcher->accounts)
		g_ptr_array_add(argv, g_strconcat("--user=", user, NULL));
	g_ptr_array_add(argv, g_strconcat("--cache=", launcher->cache, NULL));
	if (purpose == UMD_PURPOSE_MAINTENANCE)
		g_ptr_array_add(argv, g_strdup("--maintain"));
}

static GSubprocess *spawn(const umd_launcher *launcher, enum umd_purpose purpose,
			  GSubprocessLauncher *process, GPtrArray *argv, GError **error)
{
	g_auto(GStrv) environment = make_environment(launcher, purpose);
	g_autoptr(GError) cause = NULL;
	GSubprocess *started;

	g_ptr_array_add(argv, NULL);
	g_subprocess_launcher_set_environ(process, environment);
	started = g_subprocess_launcher_spawnv(process, (const char *const *)argv->pdata, &cause);
	if (!started)
		g_set_error(error, REASON_ERROR, REASON_UMD_START, "cannot start %s: %s",
			    (const char *)argv->pdata[0], cause->message);
	return started;
}

static GSubprocess *spawn_as(const umd_launcher *launcher, enum umd_purpose purpose,
			     GSubprocessLauncher *process, GPtrArray *argv, struct account *account,
			     GError **error)
{
	GSubprocess *started = spawn(launcher, purpose, process, argv, error);

	if (started && account)
		g_object_set_data_full(G_OBJECT(started), ACCOUNT, account, account_free);
	else if (account)
		account_free(account);
	return started;
}

GSubprocess *umd_launcher_start(umd_launcher *launcher, enum umd_purpose purpose,
				GSubprocessLauncher *process, const char *argument, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	struct account *account = NULL;
	guint number = 0;

	if (launcher->sandbox && launcher->accounts && purpose == UMD_PURPOSE_SESSION) {
		number = take_account(launcher, &account, error);
		if (!number)
			return NULL;
	}
	if (launcher->sandbox)
		add_sandbox(launcher, argv, purpose, number);
	g_ptr_array_add(argv, g_strdup(launcher->program));
	if (argument)
		g_ptr_array_add(argv, g_strdup(argument));
	return spawn_as(launcher, purpose, process, argv, account, error);
}

void umd_launcher_ended(GSubprocess *process)
{
	g_object_set_data(G_OBJECT(process), ACCOUNT, NULL);
}

GSubprocess *umd_launcher_start_check(umd_launcher *launcher, GError **error)
{
	g_autoptr(GSubprocessLauncher) process =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	struct account *account = NULL;
	guint number = 1;

	/* It only tries: nobody else's account is in the way, nor is it in anybody's. A unit has one process. */
	if (launcher->units)
		number = take_account(launcher, &account, error);
	if (!number)
		return NULL;
	add_sandbox(launcher, argv, UMD_PURPOSE_SESSION, number);
	g_ptr_array_add(argv, g_strdup("--check"));
	g_ptr_array_add(argv, g_strdup(launcher->program));
	return spawn_as(launcher, UMD_PURPOSE_SESSION, process, argv, account, error);
}
