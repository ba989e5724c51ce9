/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "lib/base/port_set.h"
#include "lib/base/socket_name.h"
#include "lib/kernel/sysctl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RANGE_TEXT_SIZE 4096

/* The default of kube-apiserver's --service-node-port-range, which nothing on a node tells. */
static const struct port_range node_ports = {30000, 32767};

static void check_overlap(struct findings *findings)
{
	struct port_set ephemeral = {0}, reserved = {0};
	char text[RANGE_TEXT_SIZE];
	struct port_range overlap;

	if (sysctl_get_text("net/ipv4/ip_local_port_range", text, sizeof(text), NULL) < 0 ||
	    !port_set_parse(&ephemeral, text))
		return;
	if (sysctl_get_text("net/ipv4/ip_local_reserved_ports", text, sizeof(text), NULL) < 0 ||
	    !port_set_parse(&reserved, text))
		return;
	overlap = port_set_overlap(&ephemeral, &reserved, node_ports);
	if (!overlap.first)
		return;
	findings_add(
		findings, SEVERITY_WARNING,
		"add NodePorts to net.ipv4.ip_local_reserved_ports, as 30000-32767",
		"ports %u-%u are NodePorts and ephemeral ports as well "
		"(net.ipv4.ip_local_port_range): a connection of this node from a port that is "
		"a NodePort in use gets no answer",
		overlap.first, overlap.last);
}

static bool is_agent_running(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_running = false;

	if (descriptor < 0)
		return false;
	if (strlen(path) < sizeof(name.sun_path)) {
		strcpy(name.sun_path, path);
		is_running = connect(descriptor, (struct sockaddr *)&name, sizeof(name)) == 0;
	}
	close(descriptor);
	return is_running;
}

static void check_listener(const char *what, const struct listen_address *listen,
			   struct findings *findings)
{
	char text[ADDRESS_TEXT_SIZE];
	int descriptor;

	if (!listen->port)
		return;
	descriptor = socket_name_listen(&listen->address, listen->port);
	if (descriptor >= 0)
		close(descriptor);
	if (descriptor != -EADDRINUSE)
		return;
	findings_add(findings, SEVERITY_ERROR,
		     "stop the other program, or give the agent another port",
		     "the address of %s, %s, is taken by another program", what,
		     address_port_text(&listen->address, listen->port, text));
}

void ports_check(const struct options *options, struct findings *findings)
{
	check_overlap(findings);
	if (is_agent_running(options->socket_path))
		return;
	check_listener("/healthz", &options->healthz, findings);
	check_listener("/metrics", &options->metrics, findings);
}
