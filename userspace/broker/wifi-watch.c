// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a Wi-Fi link is: see wifi-watch.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wifi-watch.h"

#include <linux/nl80211.h>
#include <net/if.h>

#include <glib-unix.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "radio.h"

enum step {
	RESTING,
	FAMILY,
	INTERFACE,
	STATIONS,
};

struct wifi_watch {
	struct nl_sock *sock;
	struct nl_cb *cb;
	guint ifindex;
	wifi_watch_heard *heard;
	gpointer user_data;
	guint readable;
	guint timer;

	enum step step;
	guint32 sequence; /* of the question; what answers another one is too late */
	gboolean ended; /* the question is answered */
	int family; /* 0: not known */
	gboolean has_station;
	struct wifi_link link; /* of this round */
};

/* ---- questions -------------------------------------------------------------------- */

static gboolean put_question(wifi_watch *watch, struct nl_msg *message)
{
	switch (watch->step) {
	case FAMILY:
		return genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0, 0, CTRL_CMD_GETFAMILY, 1) &&
		       nla_put_string(message, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME) == 0;
	case INTERFACE:
		return genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, watch->family, 0, 0,
				   NL80211_CMD_GET_INTERFACE, 0) &&
		       nla_put_u32(message, NL80211_ATTR_IFINDEX, watch->ifindex) == 0;
	case STATIONS:
		return genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, watch->family, 0, NLM_F_DUMP,
				   NL80211_CMD_GET_STATION, 0) &&
		       nla_put_u32(message, NL80211_ATTR_IFINDEX, watch->ifindex) == 0;
	default:
		return FALSE;
	}
}

static void ask(wifi_watch *watch, enum step step)
{
	struct nl_msg *message = nlmsg_alloc();

	watch->step = step;
	watch->ended = FALSE;
	if (message && put_question(watch, message) && nl_send_auto(watch->sock, message) >= 0)
		watch->sequence = nlmsg_hdr(message)->nlmsg_seq;
	else
		watch->step = RESTING;
	nlmsg_free(message);
}

/* Whatever was not answered by now is not waited for. */
static gboolean begin_round(gpointer user_data)
{
	wifi_watch *watch = user_data;

	watch->link = (struct wifi_link){ 0 };
	watch->has_station = FALSE;
	ask(watch, watch->family ? INTERFACE : FAMILY);
	return G_SOURCE_CONTINUE;
}

/* ---- answers ---------------------------------------------------------------------- */

static void hear_family(wifi_watch *watch, struct nlmsghdr *header)
{
	static const struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
		[CTRL_ATTR_FAMILY_ID] = { .type = NLA_U16 },
	};
	struct nlattr *parts[CTRL_ATTR_MAX + 1];

	if (genlmsg_parse(header, 0, parts, CTRL_ATTR_MAX, policy) >= 0 && parts[CTRL_ATTR_FAMILY_ID])
		watch->family = nla_get_u16(parts[CTRL_ATTR_FAMILY_ID]);
}

static int heard(struct nl_msg *message, void *arg)
{
	wifi_watch *watch = arg;
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct genlmsghdr *generic;

	if (header->nlmsg_seq != watch->sequence || !genlmsg_valid_hdr(header, 0))
		return NL_OK;
	generic = genlmsg_hdr(header);
	if (watch->step == FAMILY)
		hear_family(watch, header);
	else if (watch->step == INTERFACE)
		wifi_link_hear_interface(&watch->link, genlmsg_attrdata(generic, 0), genlmsg_attrlen(generic, 0));
	/* A group that has grown by a second one is still that with the display. */
	else if (watch->step == STATIONS && !watch->has_station)
		watch->has_station = wifi_link_hear_station(&watch->link, genlmsg_attrdata(generic, 0),
							    genlmsg_attrlen(generic, 0));
	return NL_OK;
}

/* All of it was said. */
static int over(struct nl_msg *message, void *arg)
{
	wifi_watch *watch = arg;

	if (nlmsg_hdr(message)->nlmsg_seq == watch->sequence)
		watch->ended = TRUE;
	return NL_STOP;
}

static int refused(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	wifi_watch *watch = arg;

	if (error->msg.nlmsg_seq != watch->sequence)
		return NL_STOP;
	g_debug("nl80211, question %d: %s", watch->step, g_strerror(-error->error));
	/* The number may be another one after the module was loaded again. */
	watch->family = 0;
	watch->step = RESTING;
	return NL_STOP;
}

/* Sequence numbers are looked at above. */
static int any_sequence(struct nl_msg *message, void *arg)
{
	return NL_OK;
}

static void next_question(wifi_watch *watch)
{
	watch->ended = FALSE;
	if (watch->step == STATIONS) {
		watch->step = RESTING;
		watch->heard(&watch->link, watch->user_data);
	} else if (watch->step == INTERFACE) {
		ask(watch, STATIONS);
	} else if (watch->step == FAMILY && watch->family) {
		ask(watch, INTERFACE);
	} else {
		watch->step = RESTING;
	}
}

static gboolean readable(int fd, GIOCondition condition, gpointer user_data)
{
	wifi_watch *watch = user_data;
	int err = nl_recvmsgs(watch->sock, watch->cb);

	/* There was too much of it for the socket, or there is nothing yet: the next round asks again. */
	if (err < 0)
		g_debug("nl80211: %s", nl_geterror(err));
	if (watch->ended)
		next_question(watch);
	return G_SOURCE_CONTINUE;
}

/* ---- life ------------------------------------------------------------------------- */

wifi_watch *wifi_watch_new(struct nl_sock *sock, guint ifindex, guint round_ms, wifi_watch_heard *callback,
			   gpointer user_data)
{
	wifi_watch *watch = g_new0(wifi_watch, 1);

	watch->sock = sock;
	watch->ifindex = ifindex;
	watch->heard = callback;
	watch->user_data = user_data;
	watch->cb = nl_cb_alloc(NL_CB_DEFAULT);
	nl_cb_set(watch->cb, NL_CB_VALID, NL_CB_CUSTOM, heard, watch);
	nl_cb_set(watch->cb, NL_CB_FINISH, NL_CB_CUSTOM, over, watch);
	nl_cb_set(watch->cb, NL_CB_ACK, NL_CB_CUSTOM, over, watch);
	nl_cb_set(watch->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
	nl_cb_err(watch->cb, NL_CB_CUSTOM, refused, watch);
	nl_socket_set_nonblocking(sock);
	watch->readable = g_unix_fd_add(nl_socket_get_fd(sock), G_IO_IN, readable, watch);
	watch->timer = g_timeout_add(round_ms, begin_round, watch);
	begin_round(watch);
	return watch;
}

void wifi_watch_free(wifi_watch *watch)
{
	if (!watch)
		return;
	g_clear_handle_id(&watch->readable, g_source_remove);
	g_clear_handle_id(&watch->timer, g_source_remove);
	nl_cb_put(watch->cb);
	nl_socket_free(watch->sock);
	g_free(watch);
}

static wifi_watch *open_system(const char *ifname, wifi_watch_heard *callback, gpointer user_data)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? genl_connect(sock) : -NLE_NOMEM;

	if (err < 0) {
		g_info("cannot ask how the link on %s is: %s", ifname, nl_geterror(err));
		nl_socket_free(sock);
		return NULL;
	}
	return wifi_watch_new(sock, if_nametoindex(ifname), WIFI_WATCH_SECONDS * 1000, callback, user_data);
}

const struct wifi_watch_impl wifi_watch_system = {
	.open = open_system,
	.free = wifi_watch_free,
	.is_off = radio_is_off,
};
