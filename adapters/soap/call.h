/* What the SOAP dialect's files share: one call, from the envelope that asked to the envelope that answers. */
#ifndef SOAP_CALL_H
#define SOAP_CALL_H

#include "adapters/common/dialect.h"
#include "codec/xml/xml.h"

#define SOAP_WSSE                                                                                  \
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

enum soap_version { SOAP_VERSION_11, SOAP_VERSION_12 };

/* Refusals that SOAP itself has a fault code for. */
enum soap_problem { SOAP_PROBLEM_NONE, SOAP_PROBLEM_VERSION, SOAP_PROBLEM_MUST_UNDERSTAND };

/* `request->dialect`. */
struct soap_call {
	enum soap_version version;
	enum soap_problem problem;
	slice operation; /* local name of the element in the Body; empty when it never came to that */
	slice namespace;  /* and its namespace */
	bool unqualified; /* the operation's own children are in no namespace (style "rpc") */
};

/* Reads the envelope in `request->in.body` into operation, value and credentials of the request; what is wrong
 * is said with request_refuse(). `charset`: from the media type, or empty. */
void soap_envelope_read(struct request *, struct soap_call *, slice charset);

/* Puts what the references (href="#id") below `operation` point at, the elements after it in the Body, in their
 * place. false: error says which reference cannot be followed. */
bool soap_references_resolve(struct arena *, struct xml_element *operation, struct error *);

/* By the media type alone, before the envelope is read. */
enum soap_version soap_version_of(slice media);

/* The dialect's leave(). */
void soap_answer(struct request *, struct http_response *);
/* The dialect's words(), of SOAP 1.1. */
slice soap_words(struct arena *, enum status, enum method);

#endif
