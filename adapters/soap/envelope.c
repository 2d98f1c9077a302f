/* Envelope to request. Header entries that are not for us, or that nobody says we must understand, are
 * skipped; a wsse:Security entry gives the credential. Its Timestamp is taken note of and not judged: it is
 * not signed, and the clocks aboard are what they are. */
#include "adapters/soap/call.h"

#include "base/base64.h"

#define WSU "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define USERNAME_TOKEN                                                                             \
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
#define PASSWORD_TEXT   USERNAME_TOKEN "PasswordText"
#define PASSWORD_DIGEST USERNAME_TOKEN "PasswordDigest"
#define BASE64                                                                                     \
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#"       \
	"Base64Binary"

enum { NONCE_MAX_BYTES = 256 };

static const char *envelope_namespace(const struct soap_call *call)
{
	return call->version == SOAP_VERSION_12 ? XML_SOAP_12 : XML_SOAP_11;
}

static bool refuse_for(
        struct request *request, struct soap_call *call, enum soap_problem problem, slice name)
{
	call->problem = problem;
	if (problem == SOAP_PROBLEM_MUST_UNDERSTAND)
		request_refuse(request, STATUS_MALFORMED,
		        "the header <%.*s> must be understood and is not", SLICE_ARG(name));
	else
		request_refuse(
		        request, STATUS_MALFORMED, "the envelope is neither SOAP 1.1 nor SOAP 1.2");
	return false;
}

static bool is_true(slice text)
{
	text = slice_trim(text);
	return slice_is(text, "1") || slice_is(text, "true");
}

/* Nobody in particular, the next node on the way, and the last one: all are us. */
static bool is_for_us(const struct soap_call *call, const struct xml_element *entry)
{
	bool newer = call->version == SOAP_VERSION_12;
	slice role = slice_trim(
	        xml_attribute_get(entry, envelope_namespace(call), newer ? "role" : "actor"));
	if (!role.n)
		return true;
	if (!newer)
		return slice_is(role, "http://schemas.xmlsoap.org/soap/actor/next");
	return slice_is(role, XML_SOAP_12 "/role/next") ||
	       slice_is(role, XML_SOAP_12 "/role/ultimateReceiver");
}

static bool is_understood(const struct xml_element *entry)
{
	if (!slice_is(entry->namespace, SOAP_WSSE) || !slice_is(entry->name, "Security"))
		return false;
	for (const struct xml_element *at = entry->children; at; at = at->next) {
		bool token =
		        slice_is(at->namespace, SOAP_WSSE) && slice_is(at->name, "UsernameToken");
		bool timestamp = slice_is(at->namespace, WSU) && slice_is(at->name, "Timestamp");
		if (!token && !timestamp)
			return false;
	}
	return true;
}

static bool refuse_token(struct request *request, const char *why)
{
	request_refuse(request, STATUS_UNAUTHENTICATED, "%s", why);
	return false;
}

static bool no_memory(struct request *request)
{
	request_refuse(request, STATUS_TOO_LARGE, "no memory left for this message");
	return false;
}

/* A digest is Base64(SHA-1(nonce + created + password)); the nonce is base64 as well. */
static bool read_digest(
        struct request *request, const struct xml_element *token, struct credential *credential)
{
	const struct xml_element *nonce = xml_child_get(token, SOAP_WSSE, "Nonce");
	const struct xml_element *created = xml_child_get(token, WSU, "Created");
	if (!nonce || !created)
		return refuse_token(request, "a password digest goes with a Nonce and a Created");
	slice encoding = slice_trim(xml_attribute_get(nonce, "", "EncodingType"));
	if (encoding.n && !slice_is(encoding, BASE64))
		return refuse_token(request, "the UsernameToken's Nonce is not in base64");
	slice text = slice_trim(nonce->text), digest = slice_trim(credential->secret);
	credential->created = slice_trim(created->text);
	if (text.n > NONCE_MAX_BYTES || digest.n > NONCE_MAX_BYTES ||
	        credential->created.n > NONCE_MAX_BYTES)
		return refuse_token(request, "the UsernameToken is too long");
	if (!base64_decode(&request->arena, text, &credential->nonce) || !credential->nonce.n)
		return refuse_token(request, "the UsernameToken's Nonce is not in base64");
	if (!base64_decode(&request->arena, digest, &credential->secret))
		return refuse_token(request, "the UsernameToken's digest is not in base64");
	return true;
}

static bool add_credential(struct request *request, const struct xml_element *token)
{
	const struct xml_element *name = xml_child_get(token, SOAP_WSSE, "Username");
	const struct xml_element *password = xml_child_get(token, SOAP_WSSE, "Password");
	if (!name || !password)
		return refuse_token(request, "the UsernameToken lacks a Username or a Password");
	slice type = slice_trim(xml_attribute_get(password, "", "Type"));
	bool digest = slice_is(type, PASSWORD_DIGEST);
	if (type.n && !digest && !slice_is(type, PASSWORD_TEXT))
		return refuse_token(request, "the UsernameToken's Password is neither of the type "
		                             "PasswordText nor PasswordDigest");
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	if (!credential)
		return no_memory(request);
	credential->kind = digest ? CREDENTIAL_PASSWORD_DIGEST : CREDENTIAL_USERNAME_TOKEN;
	credential->name = slice_trim(name->text);
	credential->secret = password->text;
	if (digest && !read_digest(request, token, credential))
		return false;
	credential->next = request->credentials;
	request->credentials = credential;
	return true;
}

static bool read_header(
        struct request *request, struct soap_call *call, const struct xml_element *header)
{
	for (const struct xml_element *at = header->children; at; at = at->next) {
		if (!is_for_us(call, at))
			continue;
		slice must = xml_attribute_get(at, envelope_namespace(call), "mustUnderstand");
		if (is_true(must) && !is_understood(at))
			return refuse_for(request, call, SOAP_PROBLEM_MUST_UNDERSTAND, at->name);
		if (!slice_is(at->namespace, SOAP_WSSE) || !slice_is(at->name, "Security"))
			continue;
		const struct xml_element *token = xml_child_get(at, SOAP_WSSE, "UsernameToken");
		if (token && !add_credential(request, token))
			return false;
	}
	return true;
}

/* The element of the Body that is the call: the first. What else there may be are the independent elements
 * that the SOAP encoding refers to by id. */
static struct xml_element *find_operation(
        struct request *request, const struct soap_call *call, const struct xml_element *body)
{
	struct xml_element *operation = body->children;
	if (!operation) {
		request_refuse(request, STATUS_MALFORMED, "the Body is empty");
		return NULL;
	}
	if (slice_is(operation->namespace, envelope_namespace(call))) {
		request_refuse(request, STATUS_MALFORMED, "<%.*s> is no operation",
		        SLICE_ARG(operation->name));
		return NULL;
	}
	for (const struct xml_element *at = operation->next; at; at = at->next) {
		if (xml_attribute_get(at, "", "id").p ||
		        xml_attribute_get(at, XML_SOAP_12_ENCODING, "id").p)
			continue;
		request_refuse(request, STATUS_MALFORMED,
		        "the Body holds <%.*s> beside the operation", SLICE_ARG(at->name));
		return NULL;
	}
	return operation;
}

static bool read_body(
        struct request *request, struct soap_call *call, const struct xml_element *body)
{
	struct error error;
	struct xml_element *operation = find_operation(request, call, body);
	if (!operation)
		return false;
	call->operation = operation->name;
	call->namespace = operation->namespace;
	call->unqualified =
	        operation->namespace.n && operation->children && !operation->children->namespace.n;
	if (soap_references_resolve(&request->arena, operation, &error))
		request->in.value = xml_members(&request->arena, operation, &error);
	if (!request->in.value) {
		request_refuse(request, STATUS_MALFORMED, "%s", error.text);
		return false;
	}
	request->in.operation = operation->name;
	return true;
}

/* Which SOAP the answer is to speak is known from here on. */
static bool read_version(
        struct request *request, struct soap_call *call, const struct xml_element *root)
{
	if (!slice_is(root->name, "Envelope")) {
		request_refuse(request, STATUS_MALFORMED, "the document is no SOAP envelope");
		return false;
	}
	if (slice_is(root->namespace, XML_SOAP_11))
		call->version = SOAP_VERSION_11;
	else if (slice_is(root->namespace, XML_SOAP_12))
		call->version = SOAP_VERSION_12;
	else
		return refuse_for(request, call, SOAP_PROBLEM_VERSION, root->name);
	return true;
}

void soap_envelope_read(struct request *request, struct soap_call *call, slice charset)
{
	struct error error;
	const struct xml_element *root =
	        xml_parse(&request->arena, request->in.body, charset, &error);
	if (!root) {
		request_refuse(request, STATUS_MALFORMED, "%s", error.text);
		return;
	}
	if (!read_version(request, call, root))
		return;
	const char *namespace = envelope_namespace(call);
	const struct xml_element *header = xml_child_get(root, namespace, "Header");
	const struct xml_element *body = xml_child_get(root, namespace, "Body");
	if (!body)
		request_refuse(request, STATUS_MALFORMED, "the envelope has no Body");
	else if (!header || read_header(request, call, header))
		(void)read_body(request, call, body);
}
