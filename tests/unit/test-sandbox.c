// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What miracast-sandbox lets through: `escape` tries to get out, and miracast-umd has
 * to be able to do its work.
 *
 * As root it becomes nobody, as others it stays who it is.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "channel.h"
#include "rtp-ports.h"

#define USER "nobody"

struct outcome {
	char *said;
	int status; /* exit status, or minus the signal */
};

static void outcome_clear(struct outcome *outcome)
{
	g_free(outcome->said);
}

typedef struct outcome finished;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(finished, outcome_clear)

static gboolean is_root(void)
{
	return geteuid() == 0;
}

/* Root in a container may not. */
static gboolean may_raise_limits(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	g_assert_no_errno(syscall(SYS_capget, &header, data));
	return data[0].effective & (1u << CAP_SYS_RESOURCE);
}

static int connected_socket(void)
{
	int fds[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	close(fds[1]);
	return fds[0];
}

/* Both outputs of a program with the descriptors of a session. */
static struct outcome run(char **argv, GSubprocessLauncher *launcher)
{
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;
	struct rtp_ports ports = RTP_PORTS_NONE;
	struct outcome outcome = { 0 };

	g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", NULL, &error));
	g_subprocess_launcher_take_fd(launcher, connected_socket(), 4);
	g_subprocess_launcher_take_fd(launcher, ports.rtp, 6);
	g_subprocess_launcher_take_fd(launcher, ports.rtcp, 7);
	process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
	g_assert_no_error(error);
	g_subprocess_communicate_utf8(process, NULL, NULL, &outcome.said, NULL, &error);
	g_assert_no_error(error);
	outcome.status = g_subprocess_get_if_exited(process) ?
				 g_subprocess_get_exit_status(process) :
				 -g_subprocess_get_term_sig(process);
	return outcome;
}

/* $XDG_CACHE_HOME of what is run; NULL: ours. */
static const char *cache_home;

static GSubprocessLauncher *new_launcher(void)
{
	GSubprocessLauncher *launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);

	if (cache_home)
		g_subprocess_launcher_setenv(launcher, "XDG_CACHE_HOME", cache_home, TRUE);
	return launcher;
}

/* Words up to NULL behind "miracast-sandbox [--user=…]". */
static struct outcome confine(const char *word, ...)
{
	g_autoptr(GSubprocessLauncher) launcher = new_launcher();
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) argv = NULL;
	va_list words;

	g_strv_builder_add(builder, MIRACAST_SANDBOX);
	if (is_root())
		g_strv_builder_add(builder, "--user=" USER);
	va_start(words, word);
	for (; word; word = va_arg(words, const char *))
		g_strv_builder_add(builder, word);
	va_end(words);
	argv = g_strv_builder_end(builder);
	return run(argv, launcher);
}

static guint count(const char *text, const char *beginning)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint n = 0;

	for (char **line = lines; *line; line++)
		n += g_str_has_prefix(*line, beginning);
	return n;
}

static void test_held(void)
{
	g_auto(finished) outcome = confine(ESCAPE, NULL);
	g_auto(GStrv) lines = g_strsplit(outcome.said, "\n", -1);

	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "OPEN"))
			g_test_message("%s", *line);
	}
	g_assert_cmpint(outcome.status, ==, 0);
	g_assert_cmpuint(count(outcome.said, "OPEN"), ==, 0);
	g_assert_cmpuint(count(outcome.said, "held"), >, 200);
	g_assert_nonnull(strstr(outcome.said, "that was all"));
	/* What it needs it has. */
	g_assert_cmpuint(count(outcome.said, "has the linker's cache"), ==, 1);
	g_assert_null(strstr(outcome.said, "lacks the graphics cards: EACCES"));
	g_assert_cmpuint(count(outcome.said, "has a class of its packets"), ==, 1);
	g_assert_cmpuint(count(outcome.said, "has what waits in a socket"), ==, 1);
	g_assert_cmpuint(count(outcome.said, "has a pair of sockets"), ==, 1);
	g_assert_cmpuint(count(outcome.said, "has what lies beside it"), ==, 1);
	g_assert_cmpuint(count(outcome.said, "has comparing descriptors"), ==, 1);
	if (may_raise_limits())
		g_assert_cmpuint(count(outcome.said, "has sound first"), ==, 1);
	/* With what it was passed it could have been tried. */
	g_assert_null(strstr(outcome.said, "held redirect RTP: EBADF"));
}

/* The same program would notice. */
static void test_open_without(void)
{
	static const char *const ways[] = {
		"OPEN read /etc/passwd\n", "OPEN list /\n", "OPEN create a file in /tmp\n",
		"OPEN run a shell\n", "OPEN socket: IPv4\n", "OPEN socket: local\n",
		"OPEN call an abstract socket\n", "OPEN redirect RTP\n", "OPEN broadcast\n",
		"OPEN list interfaces by a socket\n", "OPEN fork\n", "OPEN clone a process\n",
		"OPEN signal miracastd\n", "OPEN a descriptor of miracastd\n",
		"OPEN gain privileges\n", "OPEN mount\n", "OPEN memory as a file\n",
		"OPEN memory to write and run\n", "OPEN run what was written\n",
		"OPEN another personality\n",
		"OPEN open a file to create it\n",
		"OPEN call the journal by a pair of sockets\n", "OPEN pass a descriptor\n",
		"OPEN send a message to a service of this machine\n",
		"OPEN send messages to a service of this machine\n",
		"OPEN signals for miracastd by a file\n", "OPEN a large pipe\n",
		"OPEN switch the console\n", "OPEN run what is written elsewhere\n",
		"OPEN memory without bounds\n", "OPEN call inotify_init1\n", "OPEN call openat2\n",
	};
	g_autoptr(GSubprocessLauncher) launcher = new_launcher();
	char *argv[] = { ESCAPE, NULL };
	g_auto(finished) outcome = run(argv, launcher);

	g_assert_cmpint(outcome.status, ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		/* "mount" wants rights. */
		if (strstr(ways[i], "mount") && !is_root())
			continue;
		if (!strstr(outcome.said, ways[i]))
			g_error("not noticed: %s in %s", ways[i], outcome.said);
	}
}

#ifdef __x86_64__
/* A filter that knows one of the three tables of calls could be walked round. */
static void test_foreign_abi(void)
{
	g_auto(finished) short_words = confine(ESCAPE, "--foreign-abi", NULL);
	g_auto(finished) short_pointers = confine(ESCAPE, "--foreign-x32", NULL);

	g_assert_cmpint(short_words.status, ==, -SIGSYS);
	g_assert_cmpint(short_pointers.status, ==, -SIGSYS);
}
#endif

static void test_check(void)
{
	static const char *const layers[] = { "limits ", "user ", "files ", "memory ", "calls " };
	g_auto(finished) outcome = confine("--check", NULL);

	g_test_message("%s", outcome.said);
	g_assert_cmpint(outcome.status, ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(layers); i++)
		g_assert_cmpuint(count(outcome.said, layers[i]), ==, 1);
	g_assert_cmpuint(count(outcome.said, "user ok " USER), ==, is_root());
	g_assert_cmpuint(count(outcome.said, "calls ok"), ==, 1);
}

static void test_usage(void)
{
	g_auto(finished) none = confine(NULL);
	g_auto(finished) missing = confine("/nonexistent/umd", NULL);

	g_assert_cmpint(none.status, ==, 2);
	g_assert_cmpint(missing.status, ==, 126);
	g_assert_nonnull(strstr(missing.said, "/nonexistent/umd"));
}

/* What a kernel answers instead of doing it. */
struct refusal {
	int call;
	int error;
	/* exit status of the driver, or of miracast-sandbox without one */
	int status;
	const char *says;
};

/* In the child: what follows meets this kernel. */
static void refuse(gpointer data)
{
	const struct refusal *refusal = data;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1) < 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(refusal->error), refusal->call, 0) < 0 ||
	    (refusal->call == SCMP_SYS(seccomp) &&
	     seccomp_rule_add(filter, SCMP_ACT_ERRNO(refusal->error), SCMP_SYS(prctl), 1,
			      SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) < 0) ||
	    seccomp_load(filter) < 0)
		_exit(99);
}

/* Nothing is started without what could have been had; what cannot be had is said. */
static void test_refusals(void)
{
	static const struct refusal refusals[] = {
		{ SCMP_SYS(seccomp), EINVAL, 125, "no filter of system calls" },
		{ SCMP_SYS(landlock_restrict_self), E2BIG, 125, "Landlock" },
		{ SCMP_SYS(landlock_create_ruleset), ENOMEM, 125, "Landlock" },
		{ SCMP_SYS(landlock_create_ruleset), EOPNOTSUPP, 0, "files (this kernel runs without Landlock" },
		{ SCMP_SYS(landlock_create_ruleset), ENOSYS, 0, "files (this kernel runs without Landlock" },
		{ SCMP_SYS(capset), EPERM, 125, "capset" },
		{ SCMP_SYS(prlimit64), EPERM, 125, "setrlimit" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autoptr(GSubprocessLauncher) launcher = new_launcher();
		char *as_nobody[] = { MIRACAST_SANDBOX, "--user=" USER, ESCAPE, "--not-now", NULL };
		char *as_we_are[] = { MIRACAST_SANDBOX, ESCAPE, "--not-now", NULL };
		g_auto(finished) outcome = { 0 };

		g_subprocess_launcher_set_child_setup(launcher, refuse, (gpointer)&refusals[i], NULL);
		outcome = run(is_root() ? as_nobody : as_we_are, launcher);
		g_test_message("%s", outcome.said);
		g_assert_cmpint(outcome.status, ==, refusals[i].status);
		g_assert_nonnull(strstr(outcome.said, refusals[i].says));
	}
}

/* An account that is missing is made up for, and said. */
static void test_no_account(void)
{
	g_autoptr(GSubprocessLauncher) launcher = new_launcher();
	char *argv[] = { MIRACAST_SANDBOX, "--user=miracast-nonesuch", "--check", NULL };
	g_auto(finished) outcome = run(argv, launcher);

	g_assert_cmpint(outcome.status, ==, 0);
	g_assert_cmpuint(count(outcome.said, "user missing"), ==, 1);
	if (is_root())
		g_assert_nonnull(strstr(outcome.said, "miracast-nonesuch, nobody is shared"));
	else
		g_assert_nonnull(strstr(outcome.said, "not root"));
}

static void become_nobody(gpointer data)
{
	const struct passwd *account = data;

	if (setgid(account->pw_gid) < 0 || setuid(account->pw_uid) < 0)
		_exit(99);
}

/* A unit has made us who we are to be. */
static void test_own_account(void)
{
	g_autoptr(GSubprocessLauncher) launcher = new_launcher();
	struct passwd *account = is_root() ? getpwnam(USER) : getpwuid(geteuid());
	g_autofree char *user = g_strconcat("--user=", account->pw_name, NULL);
	g_autofree char *line = g_strconcat("user ok ", account->pw_name, NULL);
	char *argv[] = { MIRACAST_SANDBOX, user, "--check", NULL };
	g_auto(finished) outcome = { 0 };

	g_subprocess_launcher_set_child_setup(launcher, become_nobody, account, NULL);
	outcome = run(argv, launcher);
	g_assert_cmpint(outcome.status, ==, 0);
	g_assert_cmpuint(count(outcome.said, line), ==, 1);
}

/* ---- the driver does its work --------------------------------------------------------- */

static char *new_cache(void)
{
	char *cache = g_dir_make_tmp("miracast-XXXXXX", NULL);
	struct passwd *account = getpwnam(USER);

	g_assert_nonnull(cache);
	if (is_root())
		g_assert_no_errno(chown(cache, account->pw_uid, account->pw_gid));
	g_assert_no_errno(chmod(cache, 0755));
	cache_home = cache;
	return cache;
}

static void remove_cache(const char *cache)
{
	g_autoptr(GSubprocess) rm = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "rm", "-rf", cache,
						     NULL);

	g_assert_true(g_subprocess_wait_check(rm, NULL, NULL));
	cache_home = NULL;
}

static char *first_registry(const char *cache)
{
	g_autofree char *path = g_build_filename(cache, "gstreamer-1.0", NULL);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name = directory ? g_dir_read_name(directory) : NULL;

	return name ? g_build_filename(path, name, NULL) : NULL;
}

/*
 * Maintenance writes down what there is; a session encodes with it and cannot change it.
 * x264enc has threads of its own.
 */
static void test_encoder(void)
{
	g_autofree char *cache = new_cache();
	g_autofree char *option = g_strconcat("--cache=", cache, NULL);
	g_autofree char *registry = NULL;
	g_auto(finished) maintenance = confine(option, "--maintain", MIRACAST_UMD,
					      "--check-encoder=x264enc", NULL);
	g_auto(finished) session = { 0 };
	GStatBuf before, after;

	g_test_message("%s", maintenance.said);
	g_assert_cmpint(maintenance.status, ==, 0);
	g_assert_true(g_str_has_suffix(maintenance.said, "x264enc" CHANNEL_ENCODER_SOFTWARE "\n"));
	registry = first_registry(cache);
	g_assert_nonnull(registry);
	g_assert_no_errno(g_stat(registry, &before));
	/* Others' to read. */
	g_assert_cmpuint(before.st_mode & 0777, ==, 0644);

	session = confine(option, MIRACAST_UMD, "--check-encoder=x264enc", NULL);
	g_test_message("%s", session.said);
	g_assert_cmpint(session.status, ==, 0);
	g_assert_true(g_str_has_suffix(session.said, "x264enc" CHANNEL_ENCODER_SOFTWARE "\n"));
	g_assert_no_errno(g_stat(registry, &after));
	g_assert_cmpint(before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
	g_assert_cmpint(before.st_ino, ==, after.st_ino);
	remove_cache(cache);
}

/* Each software encoder that there is, also where it makes code for the processor elsewhere. */
static void test_no_cache(void)
{
	g_autofree char *cache = new_cache();
	g_auto(finished) outcome = { 0 };

	outcome = confine(MIRACAST_UMD, "--check-encoder=", NULL);
	g_test_message("%s", outcome.said);
	g_assert_cmpint(outcome.status, ==, 0);
	remove_cache(cache);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/held", test_held);
	g_test_add_func("/sandbox/open-without", test_open_without);
#ifdef __x86_64__
	g_test_add_func("/sandbox/foreign-abi", test_foreign_abi);
#endif
	g_test_add_func("/sandbox/check", test_check);
	g_test_add_func("/sandbox/usage", test_usage);
	g_test_add_func("/sandbox/refusals", test_refusals);
	g_test_add_func("/sandbox/no-account", test_no_account);
	g_test_add_func("/sandbox/own-account", test_own_account);
	g_test_add_func("/sandbox/encoder", test_encoder);
	g_test_add_func("/sandbox/no-cache", test_no_cache);
	return g_test_run();
}
