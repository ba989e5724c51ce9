/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_CALL_H
#define SOURCE_KUBE_CALL_H

/**
 * struct kube_call - what to ask an API server
 * @method:        "GET", "POST", ...; a literal
 * @path:          with its query, below the server's URL
 * @body:          JSON to be sent along; NULL: none
 * @content_type:  of the body
 * @accept:        of the answer, as in an Accept header; NULL: JSON
 */
struct kube_call {
	const char *method;
	const char *path;
	const char *body;
	const char *content_type;
	const char *accept;
};

#endif
