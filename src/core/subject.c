/* What the gateway believes to be the subject must be what the service behind will find: it gets the same bytes. So where
 * a map has some key twice (of which we take the last, and others the first), or the member a second time in other
 * letters (there are services that do not tell them apart), there is no subject. Names and texts are compared as they
 * are decoded, whatever their escapes. */
#include "core/subject.h"

#include "api/codec.h"

#include "codec/value.h"
#include "core/configuration.h"
#include "core/self.h"

bool subject_pointer_valid(slice pointer, const char **why)
{
	*why = "say where it stands: a JSON pointer, such as /deviceId, or a variable of the path, "
	       "such as {device}";
	if (!pointer.n || pointer.p[0] != '/')
		return false;
	*why = "in a JSON pointer ~ is written ~0, and / in a name ~1";
	for (size_t i = 0; i < pointer.n; i++) {
		bool escape = pointer.p[i] == '~';
		if (escape && (i + 1 == pointer.n || !strchr("01", pointer.p[i + 1])))
			return false;
	}
	return true;
}

/* ---- The pointer. A token is compared as it is written, "~1" for "/" and "~0" for "~". */

static char token_take(slice *token)
{
	char c = token->p[0];
	size_t n = 1;
	if (c == '~' && token->n > 1) {
		c = token->p[1] == '1' ? '/' : '~';
		n = 2;
	}
	*token = slice_from(*token, n);
	return c;
}

enum likeness { OTHER, ALIKE, SAME };

static enum likeness compare(slice token, slice key)
{
	enum likeness likeness = SAME;
	while (token.n && key.n) {
		char c = token_take(&token), k = key.p[0];
		key = slice_from(key, 1);
		if (ascii_lower(c) != ascii_lower(k))
			return OTHER;
		if (c != k)
			likeness = ALIKE;
	}
	return token.n || key.n ? OTHER : likeness;
}

static bool is_index(slice token, unsigned *index)
{
	enum { DIGITS_MAX = 9 };
	*index = 0;
	if (!token.n || token.n > DIGITS_MAX || (token.p[0] == '0' && token.n > 1))
		return false;
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return false;
		*index = *index * 10 + (unsigned)(token.p[i] - '0');
	}
	return true;
}

struct finding {
	struct arena *arena;
	slice subject; /* p == NULL: none yet */
};

static enum subject_answer note(struct finding *finding, const struct value *value)
{
	slice text = { NULL, 0 };
	if (value->kind == VALUE_TEXT)
		text = value->as.text;
	else if (value->kind == VALUE_INT || value->kind == VALUE_UINT)
		text = value_to_text(finding->arena, value);
	else
		return SUBJECT_MISSING;
	if (!text.n)
		return value->kind == VALUE_TEXT ? SUBJECT_MISSING : SUBJECT_TOO_LARGE;
	if (finding->subject.p && !slice_equal(finding->subject, text))
		return SUBJECT_AMBIGUOUS;
	finding->subject = text;
	return SUBJECT_FOUND;
}

static enum subject_answer member_of(
        const struct value *map, slice token, const struct value **member)
{
	*member = NULL;
	if (map->repeated)
		return SUBJECT_AMBIGUOUS;
	unsigned alike = 0;
	for (const struct value *at = map->as.members.first; at; at = at->next) {
		enum likeness likeness = compare(token, at->key);
		alike += likeness != OTHER;
		if (likeness == SAME)
			*member = at;
	}
	if (alike > 1)
		return SUBJECT_AMBIGUOUS;
	return *member ? SUBJECT_FOUND : SUBJECT_MISSING;
}

/* `pointer`: what is left of it, beginning with the slash. As deep as the value, which the codecs bound. */
static enum subject_answer look(struct finding *finding, const struct value *value, slice pointer)
{
	if (!pointer.n)
		return note(finding, value);
	slice rest = slice_from(pointer, 1);
	slice token = { rest.p ? rest.p : "", slice_find(rest, '/') };
	rest = slice_from(rest, token.n);
	const struct value *member;
	unsigned index;
	if (value->kind == VALUE_MAP) {
		enum subject_answer answer = member_of(value, token, &member);
		return answer == SUBJECT_FOUND ? look(finding, member, rest) : answer;
	}
	if (value->kind != VALUE_LIST)
		return SUBJECT_MISSING;
	if (is_index(token, &index)) {
		member = value_at(value, index);
		return member ? look(finding, member, rest) : SUBJECT_MISSING;
	}
	enum subject_answer answer = SUBJECT_MISSING;
	for (member = value->as.members.first; member; member = member->next) {
		answer = look(finding, member, pointer);
		if (answer != SUBJECT_FOUND)
			return answer;
	}
	return answer;
}

enum subject_answer subject_find(
        struct arena *arena, const struct value *value, slice pointer, slice *subject)
{
	struct finding finding = { arena, { NULL, 0 } };
	enum subject_answer answer = look(&finding, value, pointer);
	*subject = finding.subject;
	return answer;
}

/* ---- The request */

static enum verdict refuse(struct request *request, enum subject_answer answer, slice subject)
{
	slice pointer = endpoint_setup(request->endpoint)->subject_pointer, id = request->who->id;
	enum status status = id.n ? STATUS_FORBIDDEN : STATUS_UNAUTHENTICATED;
	if (answer == SUBJECT_TOO_LARGE)
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	else if (answer == SUBJECT_MISSING)
		request_refuse(request, status,
		        "the message does not say whom it is about: a text at %.*s",
		        SLICE_ARG(pointer));
	else if (answer == SUBJECT_AMBIGUOUS)
		request_refuse(request, status,
		        "the message says in more than one way whom it is about, at %.*s",
		        SLICE_ARG(pointer));
	else if (id.n)
		request_refuse(request, status, "%.*s may not speak for %.*s", SLICE_ARG(id),
		        SLICE_ARG(subject));
	else
		request_refuse(
		        request, status, "to speak for %.*s, say who you are", SLICE_ARG(subject));
	return REPLY;
}

/* What the message means, decoded now if it was not before; NULL: refused. */
static const struct value *meaning(struct request *request, slice media)
{
	const struct message *in = &request->in;
	if (request->unpacked)
		return request->content;
	if (in->value)
		return in->value;
	const struct codec *codec = codec_for(media);
	struct error error = { 0 };
	if (codec && !request->content)
		request->content = codec->decode(&request->arena, in->body, &error);
	if (request->content)
		return request->content;
	if (!codec)
		request_refuse(request, STATUS_UNSUPPORTED_MEDIA,
		        "%.*s cannot be looked into for whom it is about", SLICE_ARG(media));
	else if (error.line)
		request_refuse(request, STATUS_MALFORMED, "no %.*s: line %u, column %u: %s",
		        SLICE_ARG(media), error.line, error.column, error.text);
	else
		request_refuse(
		        request, STATUS_MALFORMED, "no %.*s: %s", SLICE_ARG(media), error.text);
	return NULL;
}

enum verdict subject_check(struct request *request, slice media)
{
	const struct message *in = &request->in;
	slice pointer = endpoint_setup(request->endpoint)->subject_pointer;
	bool empty = !in->body.n && !in->value && !request->unpacked;
	bool asks = in->method == METHOD_GET || in->method == METHOD_HEAD;
	slice subject = { NULL, 0 };
	if (!pointer.n || (empty && asks))
		return NEXT;
	if (empty)
		return refuse(request, SUBJECT_MISSING, subject);
	const struct value *value = meaning(request, media);
	if (!value)
		return REPLY;
	enum subject_answer answer = subject_find(&request->arena, value, pointer, &subject);
	if (answer != SUBJECT_FOUND || !self_is(request->who, subject))
		return refuse(request, answer, subject);
	if (!slice_equal(subject, request->who->id))
		request->on_behalf_of = subject;
	else
		request->on_behalf_of = (slice){ NULL, 0 };
	return NEXT;
}
