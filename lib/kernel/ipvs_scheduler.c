/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* A firewall mark that nobody uses. */
#define PROBE_MARK 0x7fffffffU

bool ipvs_has_scheduler(struct ipvs *ipvs, const char *name)
{
	struct change changes[2] = {{.kind = CHANGE_KIND_SERVER_ADD},
				    {.kind = CHANGE_KIND_SERVER_REMOVE}};
	struct error err = {0};

	changes[0].server.key.firewall_mark = PROBE_MARK;
	changes[0].server.key.address.family = AF_INET;
	changes[0].server.netmask = 0xffffffff;
	memcpy(changes[0].server.scheduler, name, strnlen(name, SCHEDULER_NAME_SIZE - 1));
	changes[1].server = changes[0].server;
	return ipvs_apply(ipvs, changes, COUNT(changes), &err) != -ENOENT &&
	       changes[0].result != -ENOENT;
}
