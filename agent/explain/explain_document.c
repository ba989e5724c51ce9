/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_document.h"

#include "explain.h"
#include "lib/source/json_text.h"

#define DOCUMENT_VERSION 1

static void set_address(json_t *json, const char *field, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE] = "";

	if (address->family)
		address_text(address, text);
	json_object_set_new(json, field, json_string(text));
}

static json_t *client_json(const struct explain_query *query, const struct explanation *explanation)
{
	json_t *json = json_object();

	json_object_set_new(json, "kind", json_string(explanation->client));
	set_address(json, "address", &query->source);
	return json;
}

static json_t *steps_json(const struct explanation *explanation)
{
	json_t *list = json_array();

	for (size_t i = 0; i < explanation->step_count; i++) {
		const struct explain_step *step = &explanation->steps[i];
		json_t *json = json_object();

		json_object_set_new(json, "stage", json_string(step->stage));
		json_object_set_new(json, "text", json_text(step->text));
		json_object_set_new(json, "because", json_text(step->because));
		json_object_set_new(json, "rule", json_text(step->rule));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *destination_json(const struct destination *destination)
{
	json_t *json = json_object();

	set_address(json, "address", &destination->address);
	json_object_set_new(json, "port", json_integer(destination->port));
	return json;
}

static json_t *answers_json(const struct explanation *explanation)
{
	json_t *list = json_array();

	for (size_t i = 0; i < explanation->answer_count; i++) {
		const struct explain_answer *answer = &explanation->answers[i];
		json_t *json = destination_json(&answer->destination);

		set_address(json, "source", &answer->source);
		json_object_set_new(json, "sourceIs",
				    json_string(answer->is_node ? "node" : "client"));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *unused_json(const struct explanation *explanation)
{
	json_t *list = json_array();

	for (size_t i = 0; i < explanation->unused_count; i++) {
		json_t *json = destination_json(&explanation->unused[i].destination);

		json_object_set_new(json, "reason", json_text(explanation->unused[i].reason));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *document_of(const struct explain_sources *sources, const struct explain_query *query,
			   const struct explanation *explanation)
{
	json_t *json = json_object();

	json_object_set_new(json, "version", json_integer(DOCUMENT_VERSION));
	json_object_set_new(json, "node", json_text(sources->node->name));
	json_object_set_new(json, "client", client_json(query, explanation));
	set_address(json, "address", &query->address);
	json_object_set_new(json, "port", json_integer(query->port));
	json_object_set_new(json, "protocol", json_string(address_protocol_name(query->protocol)));
	json_object_set_new(json, "service", json_text(explanation->service));
	json_object_set_new(json, "steps", steps_json(explanation));
	json_object_set_new(json, "endpoints", answers_json(explanation));
	json_object_set_new(json, "endpointCount",
			    json_integer((json_int_t)explanation->endpoint_count));
	json_object_set_new(json, "unused", unused_json(explanation));
	json_object_set_new(json, "agentAnswers", json_boolean(explanation->agent_answers));
	json_object_set_new(json, "outcome",
			    json_string(explain_outcome_name(explanation->outcome)));
	json_object_set_new(json, "clientSees", json_text(explanation->client_sees));
	return json;
}

json_t *explain_document_new(const struct explain_sources *sources,
			     const struct explain_query *query)
{
	struct explanation explanation;
	struct error err = {0};
	json_t *json;

	if (explain(sources, query, &explanation, &err) < 0)
		json = json_pack("{s:o}", "error", json_text(err.text));
	else
		json = document_of(sources, query, &explanation);
	explanation_clear(&explanation);
	return json;
}

json_t *explain_document_answer(const struct explain_sources *sources, const char *text)
{
	struct explain_query query;
	struct error err = {0};

	if (explain_query_parse(text, &query, &err) < 0)
		return json_pack("{s:o}", "error", json_text(err.text));
	return explain_document_new(sources, &query);
}
