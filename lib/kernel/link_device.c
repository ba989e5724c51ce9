/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_device.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <string.h>

#define KIND "dummy"

static int on_link(void *owner, const struct nlmsghdr *message)
{
	struct nlattr *attributes[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct link_device *device = owner;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(struct ifinfomsg), attributes, IFLA_MAX,
			NULL))
		return 0;
	device->index = ((const struct ifinfomsg *)nlmsg_data(message))->ifi_index;
	if (attributes[IFLA_IFNAME])
		nla_strlcpy(device->name, attributes[IFLA_IFNAME], sizeof(device->name));
	if (attributes[IFLA_LINKINFO] &&
	    !nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], NULL) &&
	    info[IFLA_INFO_KIND])
		device->is_dummy = nla_strcmp(info[IFLA_INFO_KIND], KIND) == 0;
	return 0;
}

/* By its name if @index is 0 */
static int find(struct netlink *netlink, int index, const char *name, struct link_device *ret,
		struct error *err)
{
	struct nl_msg *request;
	int r;

	*ret = (struct link_device){0};
	if (rtnl_link_build_get_request(index, name, &request) < 0)
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	r = netlink_ask(netlink, request, on_link, ret, err);
	nlmsg_free(request);
	return r == -ENODEV ? 0 : r;
}

int link_device_find(struct netlink *netlink, const char *name, struct link_device *ret,
		     struct error *err)
{
	int r = find(netlink, 0, name, ret, err);

	return r < 0 ? error_wrap(err, r, "looking up interface %s", name) : 0;
}

int link_device_find_again(struct netlink *netlink, int index, struct link_device *ret,
			   struct error *err)
{
	int r = find(netlink, index, NULL, ret, err);

	return r < 0 ? error_wrap(err, r, "looking up interface %d", index) : 0;
}

int link_device_rename(struct netlink *netlink, int index, const char *name, struct error *err)
{
	const struct ifinfomsg header = {.ifi_index = index};
	struct nl_msg *request = netlink_message(netlink);
	int r;

	nlmsg_put(request, 0, 0, RTM_SETLINK, 0, 0);
	nlmsg_append(request, (void *)&header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(request, IFLA_IFNAME, name);
	r = netlink_ask(netlink, request, NULL, NULL, err);
	return r < 0 ? error_wrap(err, r, "renaming an interface to %s", name) : 0;
}

int link_device_create(struct netlink *netlink, const char *name, struct error *err)
{
	struct rtnl_link *wanted = rtnl_link_alloc();
	struct nl_msg *request = NULL;
	int r;

	if (!wanted)
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	rtnl_link_set_name(wanted, name);
	if (rtnl_link_set_type(wanted, KIND) < 0 ||
	    rtnl_link_build_add_request(wanted, NLM_F_CREATE | NLM_F_EXCL, &request) < 0) {
		rtnl_link_put(wanted);
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	r = netlink_ask(netlink, request, NULL, NULL, err);
	nlmsg_free(request);
	rtnl_link_put(wanted);
	return r < 0 ? error_wrap(err, r, "creating dummy interface %s", name) : 0;
}

int link_device_delete(struct netlink *netlink, const char *name, struct error *err)
{
	struct rtnl_link *unwanted = rtnl_link_alloc();
	struct nl_msg *request = NULL;
	int r;

	if (!unwanted)
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	rtnl_link_set_name(unwanted, name);
	if (rtnl_link_build_delete_request(unwanted, &request) < 0) {
		rtnl_link_put(unwanted);
		return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	r = netlink_ask(netlink, request, NULL, NULL, err);
	nlmsg_free(request);
	rtnl_link_put(unwanted);
	return r < 0 && r != -ENODEV ? error_wrap(err, r, "deleting interface %s", name) : 0;
}
