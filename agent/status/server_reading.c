/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server_reading.h"

#include "status_document.h"

static int read_these(struct ipvs *ipvs, const json_t *document, struct server_listing *listing,
		      struct error *err)
{
	size_t count;
	auto_memory struct virtual_server_key *keys = status_document_keys(document, &count);

	return ipvs_observe_these(ipvs, keys, count, &server_listing_visitor, listing, err);
}

int server_reading(const json_t *document, struct server_listing **ret, struct error *err)
{
	auto_free(server_listing) struct server_listing *listing = server_listing_new();
	struct ipvs *ipvs;
	int r = ipvs_open(&ipvs, err);

	if (r < 0)
		return r;
	if (document)
		r = read_these(ipvs, document, listing, err);
	else
		r = ipvs_observe(ipvs, &server_listing_visitor, listing, err);
	ipvs_close(ipvs);
	if (r >= 0)
		*ret = take(&listing);
	return r;
}
