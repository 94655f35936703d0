// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A table of nftables for each P2P link: see link-filter.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-filter.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_LIBNFTABLES
#include <nftables/libnftables.h>
#endif

#include "reason.h"

#define TABLE_PREFIX "miracast-"

/* Of no interface. */
#define CHECK_NAME "check"

/* ---- the text ------------------------------------------------------------ */

static const char *const protocols[] = {
#define D(id, protocol) protocol,
	LINK_FILTER_DOORS(D)
#undef D
};

/* The kernel allows more, among it what means something to nftables. */
static gboolean is_plain_name(const char *name)
{
	gsize len = strlen(name);

	return len > 0 && len < IFNAMSIZ && g_ascii_isalnum(*name) &&
	       strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.") == len;
}

static void add_doors(GString *text, const struct link_filter_rules *rules)
{
	for (guint i = 0; i < N_LINK_FILTER_DOORS; i++) {
		if (rules->doors[i])
			g_string_append_printf(text, "\t\t%s dport %u accept\n", protocols[i],
					       rules->doors[i]);
	}
}

/* Beginning of a table; the kernel wants to be told each time that we own it. */
static void begin_table(GString *text, const char *ifname)
{
	g_string_append_printf(text, "table inet " TABLE_PREFIX "%s {\n\tflags owner\n", ifname);
}

char *link_filter_text(const struct link_filter_rules *rules, GError **error)
{
	const char *ifname = rules->ifname;
	GString *text;

	if (!is_plain_name(ifname)) {
		g_autofree char *shown = g_strescape(ifname, NULL);

		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "there can be no rules for an interface \"%s\"", shown);
		return NULL;
	}
	text = g_string_new(NULL);
	/* It has to be there to be emptied; all of it happens at once. */
	begin_table(text, ifname);
	g_string_append_printf(text, "}\nflush table inet " TABLE_PREFIX "%s\n", ifname);
	begin_table(text, ifname);
	g_string_append_printf(text,
			       "\tchain input {\n"
			       "\t\ttype filter hook input priority 0; policy accept;\n"
			       "\t\tiifname != \"%s\" accept\n"
			       "\t\tct state established,related accept\n"
			       "\t\t%s accept\n", ifname,
			       rules->owner ? "udp dport 67" : "udp sport 67 udp dport 68");
	add_doors(text, rules);
	g_string_append_printf(text,
			       "\t\ticmp type echo-request accept\n"
			       "\t\tdrop\n"
			       "\t}\n"
			       "\tchain forward {\n"
			       "\t\ttype filter hook forward priority 0; policy accept;\n"
			       "\t\tiifname \"%s\" drop\n"
			       "\t\toifname \"%s\" drop\n"
			       "\t}\n"
			       "}\n", ifname, ifname);
	return g_string_free(text, FALSE);
}

/* ---- libnftables --------------------------------------------------------- */

#ifdef HAVE_LIBNFTABLES
/* Without such a socket libnftables ends the process. */
static gboolean kernel_listens(GError **error)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "no nf_tables in the kernel: %s", g_strerror(errno));
		return FALSE;
	}
	close(fd);
	return TRUE;
}

static struct nft_ctx *open_nft(GError **error)
{
	struct nft_ctx *nft = kernel_listens(error) ? nft_ctx_new(NFT_CTX_DEFAULT) : NULL;

	if (nft) {
		nft_ctx_buffer_output(nft);
		nft_ctx_buffer_error(nft);
	}
	return nft;
}

static gboolean run_nft(struct nft_ctx *nft, const char *text, GError **error)
{
	const char *said;

	if (nft_run_cmd_from_buffer(nft, text) == 0)
		return TRUE;
	said = nft_ctx_get_error_buffer(nft);
	g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "nftables: %.*s",
		    (int)strcspn(said, "\n"), said);
	return FALSE;
}

static void close_nft(struct nft_ctx *nft)
{
	nft_ctx_free(nft);
}

static void only_check(struct nft_ctx *nft)
{
	nft_ctx_set_dry_run(nft, TRUE);
}
#else
struct nft_ctx;

static struct nft_ctx *open_nft(GError **error)
{
	g_set_error_literal(error, REASON_ERROR, REASON_CONFIGURATION,
			    "this miracastd is built without libnftables");
	return NULL;
}

static gboolean run_nft(struct nft_ctx *nft, const char *text, GError **error)
{
	return TRUE;
}

static void close_nft(struct nft_ctx *nft)
{
}

static void only_check(struct nft_ctx *nft)
{
}
#endif

/* ---- filters ------------------------------------------------------------- */

struct link_filter {
	char *ifname;
	struct link_filter_rules rules;
	struct nft_ctx *nft; /* its socket owns the table; NULL: it was taken away */
	link_filter_lost *lost; /* NULL: nobody hears of that */
	gpointer user_data;
};

/* Those whose tables there are. */
static GSList *filters;

static gboolean apply(link_filter *filter, GError **error)
{
	g_autofree char *text = link_filter_text(&filter->rules, error);

	return text && run_nft(filter->nft, text, error);
}

link_filter *link_filter_new(const char *ifname, gboolean owner, GError **error)
{
	g_autoptr(link_filter) filter = g_new0(link_filter, 1);

	filter->ifname = g_strdup(ifname);
	filter->rules = (struct link_filter_rules){ .ifname = filter->ifname, .owner = owner };
	filter->nft = open_nft(error);
	if (!filter->nft || !apply(filter, error))
		return NULL;
	filters = g_slist_prepend(filters, filter);
	return g_steal_pointer(&filter);
}

void link_filter_when_lost(link_filter *filter, link_filter_lost *lost, gpointer user_data)
{
	filter->lost = lost;
	filter->user_data = user_data;
}

static void take_away(link_filter *filter)
{
	filters = g_slist_remove(filters, filter);
	if (filter->nft)
		close_nft(filter->nft);
	filter->nft = NULL;
}

void link_filter_free(link_filter *filter)
{
	if (!filter)
		return;
	take_away(filter);
	g_free(filter->ifname);
	g_free(filter);
}

static link_filter *find(const char *ifname)
{
	for (GSList *l = filters; ifname && l; l = l->next) {
		link_filter *filter = l->data;

		if (g_str_equal(filter->ifname, ifname))
			return filter;
	}
	return NULL;
}

void link_filter_do_without(const char *ifname, const GError *error)
{
	static gboolean said;

	g_log(G_LOG_DOMAIN, said ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
	      "%s: a display can reach every service of this machine that listens on all addresses: %s",
	      ifname, error->message);
	said = TRUE;
}

/*
 * Rules without the door would end the cast, where no rules at all, from the beginning, would not
 * have.  A door that stays open is one behind which nobody listens: the rest is kept.
 */
static void set_door(link_filter *filter, enum link_filter_door door, guint16 port)
{
	g_autoptr(GError) error = NULL;

	filter->rules.doors[door] = port;
	if (apply(filter, &error))
		return;
	if (port == 0) {
		g_warning("%s: a port stays open: %s", filter->ifname, error->message);
		return;
	}
	take_away(filter);
	link_filter_do_without(filter->ifname, error);
	if (filter->lost)
		filter->lost(filter->user_data);
}

void link_filter_open_door(const char *ifname, enum link_filter_door door, guint16 port)
{
	link_filter *filter = find(ifname);

	if (filter)
		set_door(filter, door, port);
}

void link_filter_shut_door(const char *ifname, enum link_filter_door door, guint16 port)
{
	link_filter *filter = find(ifname);

	if (filter && filter->rules.doors[door] == port)
		set_door(filter, door, 0);
}

static gboolean try_rules(GError **error)
{
	const struct link_filter_rules rules = { .ifname = CHECK_NAME };
	g_autofree char *text = link_filter_text(&rules, NULL);
	struct nft_ctx *nft = open_nft(error);
	gboolean ok;

	if (!nft)
		return FALSE;
	only_check(nft);
	ok = run_nft(nft, text, error);
	close_nft(nft);
	return ok;
}

gboolean link_filter_check(GError **error)
{
	static gboolean asked;
	static GError *answer;

	if (filters)
		return TRUE;
	if (!asked)
		try_rules(&answer);
	asked = TRUE;
	if (answer && error)
		*error = g_error_copy(answer);
	return !answer;
}
