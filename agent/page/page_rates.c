/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_rates.h"

#include "lib/base/memory.h"
#include "page_frame.h"

/* A Service has so many virtual servers only by mistake; the page is written in one turn. */
#define SERVERS_MAX 100

static void write_number(struct html *html, double number)
{
	html_markup(html, "<td class=\"n\">");
	html_format(html, number > 0 && number < 9.95 ? "%.1f" : "%.0f", number);
	html_markup(html, "</td>");
}

static size_t server_count(const struct service_state *state)
{
	if (!state)
		return 0;
	return state->server_count < SERVERS_MAX ? state->server_count : SERVERS_MAX;
}

/* Another Service's traffic is not this one's. */
static bool add_server(const struct status_sources *sources, const char *key, size_t index,
		       const struct virtual_server_key *server, struct server_rate *sum)
{
	struct claim_report claim;

	ledger_claim(sources->ledger, key, index, &claim);
	return claim.state != CLAIM_STATE_CONFLICT && server_rates_add(sources->rates, server, sum);
}

void page_rates_cells(struct html *html, const struct status_sources *sources, const char *key)
{
	const struct service_state *state = ledger_state(sources->ledger, key);
	struct server_rate sum = {0};
	bool is_known = false;

	for (size_t i = 0; sources->rates && i < server_count(state); i++)
		is_known |= add_server(sources, key, i, &state->servers[i].server.key, &sum);
	if (is_known) {
		write_number(html, sum.connections);
		write_number(html, sum.bytes_in + sum.bytes_out);
	} else {
		html_markup(html, "<td class=\"n\">-</td><td class=\"n\">-</td>");
	}
}

static void write_row(struct html *html, const struct virtual_server_key *server,
		      const struct server_rate *rate)
{
	char text[2 * ADDRESS_TEXT_SIZE];

	html_markup(html, "<tr>");
	page_cell(html, virtual_server_key_text(server, text));
	write_number(html, rate->connections);
	write_number(html, rate->packets_in);
	write_number(html, rate->packets_out);
	write_number(html, rate->bytes_in);
	write_number(html, rate->bytes_out);
	html_markup(html, "</tr>\n");
}

void page_rates_write(struct html *html, const struct status_sources *sources, const char *key)
{
	static const char *const columns[] = {"Virtual server", "#Connections", "#Packets in",
					      "#Packets out",	"#Bytes in",	"#Bytes out"};
	const struct service_state *state = ledger_state(sources->ledger, key);

	if (!sources->rates || !server_count(state))
		return;
	html_markup(html, "<h2>Traffic</h2>\n");
	page_table_begin(html, "In a second, between the last two verifications", columns,
			 COUNT(columns));
	for (size_t i = 0; i < server_count(state); i++) {
		const struct virtual_server_key *server = &state->servers[i].server.key;
		struct server_rate rate = {0};

		if (add_server(sources, key, i, server, &rate))
			write_row(html, server, &rate);
	}
	page_table_end(html);
}
