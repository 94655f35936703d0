/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-agent.h - who is asked for a password where no desktop asks
 *
 * polkit asks people through a program that has registered with it, an agent.  A desktop has one for all that runs in it; a
 * login by SSH or at a text console has none, and whoever is there could never be asked.  pkttyagent(1), which comes with
 * polkit, asks at the terminal.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* It has registered within this time, or nobody is asked. */
#define CTL_AGENT_SECONDS 5

/**
 * ctl_agent_start - have pkttyagent ask, at the terminal of this process, what polkit wants to know before it lets it do something
 *
 * It has registered when this returns, so that the next call can be asked about, and it ends with this process.  A desktop's
 * agent goes before it.  Nothing happens if the standard input is no terminal, so that nobody is there, or if there is no
 * pkttyagent.
 */
void ctl_agent_start(void);

G_END_DECLS
