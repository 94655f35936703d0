// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The layer "user": see sandbox.h.
 */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the accounts of sysusers.d were not made: nobody's is still not root's. */
#define OTHERWISE "nobody"

static gboolean fail(GError **error, const char *what)
{
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", what,
		    g_strerror(errno));
	return FALSE;
}

/*
 * A process with another uid than root's has lost its capabilities by that, root that
 * cannot become anybody has not.  The bounding set is of no use under no_new_privs.
 */
static gboolean drop_capabilities(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Fails without CAP_SETPCAP; then uid 0 is what it gives up, or is not root. */
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
	      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
	      SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) < 0)
		return fail(error, "capset");
	return TRUE;
}

/* As the installation has made it, or where there was none. */
static void give_cache(const struct sandbox_config *config, const struct passwd *account)
{
	if (config->cache && config->maintains && mkdir(config->cache, 0755) == 0 &&
	    chown(config->cache, account->pw_uid, account->pw_gid) < 0)
		g_printerr("miracast-sandbox: %s: %s\n", config->cache, g_strerror(errno));
}

static gboolean become(const struct passwd *account, const GArray *groups, GError **error)
{
	if (setgroups(groups->len, (const gid_t *)groups->data) < 0)
		return fail(error, "setgroups");
	if (setresgid(account->pw_gid, account->pw_gid, account->pw_gid) < 0)
		return fail(error, "setresgid");
	if (setresuid(account->pw_uid, account->pw_uid, account->pw_uid) < 0)
		return fail(error, "setresuid");
	return TRUE;
}

gboolean sandbox_user_is(const char *user)
{
	const struct passwd *account = user ? getpwnam(user) : NULL;

	return account && account->pw_uid != 0 && account->pw_uid == geteuid();
}

gboolean sandbox_user_enter(const struct sandbox_config *config, const GArray *groups,
			    struct sandbox_report *report, GError **error)
{
	const struct passwd *account = NULL;

	if (sandbox_user_is(config->user)) {
		report->has[SANDBOX_USER] = g_strdup(config->user);
		return drop_capabilities(error);
	}
	if (geteuid() != 0 || !config->user) {
		report->missing[SANDBOX_USER] =
			g_strdup(geteuid() == 0 ? "root, since no account was named" :
						  "no account of its own, since the daemon is not root");
		return drop_capabilities(error);
	}
	account = getpwnam(config->user);
	if (!account) {
		report->missing[SANDBOX_USER] = g_strdup_printf("there is no account %s, " OTHERWISE
								" is shared", config->user);
		account = getpwnam(OTHERWISE);
	}
	if (!account || account->pw_uid == 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "there is no account but root's: neither %s nor " OTHERWISE, config->user);
		return FALSE;
	}
	if (!report->missing[SANDBOX_USER])
		report->has[SANDBOX_USER] = g_strdup(config->user);
	give_cache(config, account);
	return become(account, groups, error) && drop_capabilities(error);
}
