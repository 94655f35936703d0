/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nl80211.h - ask the kernel about a Wi-Fi interface
 *
 * The kernel answers in the call; NL80211_SECONDS is for the case that it does not.
 */
#pragma once

#include <glib.h>
#include <netlink/netlink.h>

G_BEGIN_DECLS

#define NL80211_SECONDS 1

/**
 * nl80211_ask - put a question, and hear all of the answer
 * @ifname: the interface
 * @command: NL80211_CMD_*
 * @flags: of the netlink message, NLM_F_DUMP for one
 * @flag: attribute without a value to go with it, 0: none
 * @heard: called for each message of the answer, with @arg
 *
 * FALSE: it was not answered to its end, there may be no nl80211.
 */
gboolean nl80211_ask(const char *ifname, guint8 command, int flags, int flag, nl_recvmsg_msg_cb_t heard,
		     gpointer arg);

G_END_DECLS
