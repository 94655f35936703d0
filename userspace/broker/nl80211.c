// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Questions to the kernel: see nl80211.h.
 */
#include "nl80211.h"

#include <linux/nl80211.h>
#include <net/if.h>
#include <sys/socket.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

gboolean nl80211_ask(const char *ifname, guint8 command, int flags, int flag, nl_recvmsg_msg_cb_t heard,
		     gpointer arg)
{
	const struct timeval limit = { .tv_sec = NL80211_SECONDS };
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *message = nlmsg_alloc();
	gboolean answered = FALSE;
	int family;

	if (!sock || !message || genl_connect(sock) < 0 ||
	    setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		goto out;
	family = genl_ctrl_resolve(sock, NL80211_GENL_NAME);
	if (family < 0)
		goto out;
	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, 0);
	if ((flag && nla_put_flag(message, flag) < 0) ||
	    nla_put_u32(message, NL80211_ATTR_IFINDEX, if_nametoindex(ifname)) < 0)
		goto out;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, heard, arg);
	answered = nl_send_auto(sock, message) >= 0 && nl_recvmsgs_default(sock) >= 0;
out:
	nlmsg_free(message);
	nl_socket_free(sock);
	return answered;
}
