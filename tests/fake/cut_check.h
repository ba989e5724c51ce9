/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_CUT_CHECK_H
#define FAKE_CUT_CHECK_H

#include "fake_kernel.h"
#include "lib/plan/desired.h"

/**
 * cut_check() - whether a batch of changes may end here
 * @before:  the kernel before the batch
 * @cut:     the kernel after some of the changes
 * @after:   the kernel after all of them
 * @node:    whose addresses are the node's own while the batch is applied
 *
 * "Answering" is a destination with weight whose virtual server is on an address that is bound or
 * the node's own. "New" is one that did not answer before, "leaving" one that will not after the
 * batch. "Members of a virtual server" are those that name its address and port (or node port, or
 * address), whoever wants them.
 *
 *  1. A new destination has every member that restricts, admits or masquerades its traffic after
 *     the batch; a leaving one has every one that did before; a destination that stays has those
 *     that are there before and after. So no cut is less restricted than both ends.
 *  2. A new destination has no exemption, from masquerading or, while sources are restricted, for one of
 *     them, that it will not have after the batch. A leaving one has no exemption from masquerading that it did not have
 *     before. (A leaving one may meet new sources: while ranges are exchanged the old and the new
 *     ones are admitted together, so that no client of both is turned away.)
 *  3. A bound address is in KUBE-IPVS-IPS: its other ports are never the host's.
 *  4. An address that is being bound brings no virtual server to life that nobody wants.
 *  5. A virtual server that answers before and after answers all the time.
 *  6. A client whom source ranges let in before and after is let in all the time; one whom they let in
 *     at no end is never.
 *
 * Return: NULL, or which of them does not hold and for which virtual server; the caller frees it
 */
char *cut_check(const struct fake_kernel *before, const struct fake_kernel *cut,
		const struct fake_kernel *after, const struct node_view *node);

#endif
