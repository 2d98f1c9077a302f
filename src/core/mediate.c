/* mediate: makes the backend's call out of the request, and the caller's answer out of the backend's.
 *
 * A body stays the bytes it is where the backend takes the same notation; it is then only checked to be
 * well-formed, so that malformed input is refused here, in the caller's words, and never reaches a backend. Where
 * notations differ it is decoded to the value tree and encoded anew. */
#include "core/internal.h"

#include "api/codec.h"

#include "base/media.h"
#include "base/text.h"

#include "codec/value.h"
#include "core/compose.h"
#include "core/pack.h"
#include "core/router.h"
#include "core/subject.h"
#include "core/unpack.h"

static const slice json = SLICE_INIT("application/json");

static enum verdict refuse_body(struct request *request, slice media, const struct error *error)
{
	if (error->line)
		request_refuse(request, STATUS_MALFORMED, "no %.*s: line %u, column %u: %s",
		        SLICE_ARG(media), error->line, error->column, error->text);
	else
		request_refuse(
		        request, STATUS_MALFORMED, "no %.*s: %s", SLICE_ARG(media), error->text);
	return REPLY;
}

static bool media_taken(const struct endpoint_setup *endpoint, slice media)
{
	/* Bytes that a description reads are of no media type, or of any. */
	bool any = endpoint->unpacking && !endpoint->unpacking->inside;
	if (!endpoint->naccepts)
		return any || codec_for(media) != NULL;
	for (unsigned i = 0; i < endpoint->naccepts; i++) {
		if (media_matches(endpoint->accepts[i], media))
			return true;
	}
	return false;
}

static enum verdict set_target(struct request *request, const struct call_template *template)
{
	struct message *call = &request->call;
	call->method = template->has_method ? template->method : request->in.method;
	call->query = request->in.query;
	call->fields = request->in.fields;
	call->nfields = request->in.nfields;
	slice missing = { NULL, 0 };
	call->path = template->path.n ? router_expand(&request->arena, template->path,
	                                        request->variables, request->nvariables, &missing)
	                              : request->resource;
	if (call->path.p)
		return NEXT;
	request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}

/* call.value: what the message means. */
static enum verdict set_value(struct request *request, slice media)
{
	struct message *call = &request->call;
	call->value = request->content ? request->content : request->in.value;
	if (call->value)
		return NEXT;
	const struct codec *codec = codec_for(media);
	if (!codec) {
		request_refuse(request, STATUS_UNSUPPORTED_MEDIA,
		        "%.*s cannot be translated for this endpoint's backend", SLICE_ARG(media));
		return REPLY;
	}
	struct error error = { 0 };
	call->value = codec->decode(&request->arena, request->in.body, &error);
	return call->value ? NEXT : refuse_body(request, media, &error);
}

/* call.value as bytes. */
static enum verdict write_body(struct request *request, slice media)
{
	struct message *call = &request->call;
	struct error error = { 0 };
	const struct codec *codec = codec_for(media);
	call->media = media;
	call->body =
	        codec ? codec->encode(&request->arena, call->value, &error) : (slice){ NULL, 0 };
	if (call->body.p)
		return NEXT;
	request_refuse(request, STATUS_INVALID, "cannot be written as %.*s: %s", SLICE_ARG(media),
	        codec ? error.text : "unknown media type");
	return REPLY;
}

/* call.body: the bytes for a backend that wants `wanted` (empty: what comes). */
static enum verdict set_body(struct request *request, slice media, slice wanted)
{
	struct message *call = &request->call;
	struct error error = { 0 };
	bool has_bytes = request->in.body.n && !request->unpacked;
	if (!wanted.n)
		wanted = has_bytes ? media : json;
	if (has_bytes && media_same(media, wanted)) {
		/* What was decoded on the way here is well-formed. */
		const struct codec *codec = request->content ? NULL : codec_for(media);
		if (codec && !codec->check(request->in.body, &error))
			return refuse_body(request, media, &error);
		call->media = media;
		call->body = request->in.body;
		return NEXT;
	}
	enum verdict verdict = set_value(request, media);
	if (verdict != NEXT)
		return verdict;
	return write_body(request, wanted);
}

static bool takes_value(const struct endpoint_setup *endpoint)
{
	return endpoint->to && endpoint->to->backend->ops->takes == BACKEND_TAKES_VALUE;
}

/* call.value for the backend: as it is, as the bytes that a description makes of it, or in the notation of `as`. */
static enum verdict write_value(struct request *request, const struct endpoint_setup *endpoint)
{
	static const slice bytes = SLICE_INIT("application/octet-stream");
	const struct call_template *template = &endpoint->endpoint.call;
	const struct packing *packing = template->pack;
	if (packing) {
		enum verdict verdict =
		        pack(packing, request, template->media.n ? template->media : bytes);
		if (verdict != NEXT || !packing->inside)
			return verdict;
	}
	if (takes_value(endpoint))
		return NEXT;
	return write_body(request, template->media.n ? template->media : json);
}

/* The call's own value, of what the request brings. */
static enum verdict compose(
        struct request *request, const struct endpoint_setup *endpoint, slice media)
{
	struct message *call = &request->call;
	const struct call_template *template = &endpoint->endpoint.call;
	bool has_body = request->in.body.n || request->in.value || request->content;
	if (has_body && composition_reads_body(template->with)) {
		enum verdict verdict = set_value(request, media);
		if (verdict != NEXT)
			return verdict;
	}
	call->value = composition_fill(template->with, request, call->value);
	if (!call->value)
		return REPLY;
	return write_value(request, endpoint);
}

/* Has the message what the endpoint's description reads? No bytes at all are a body of none, where a body is due. */
static bool is_packed(const struct endpoint_setup *endpoint, const struct message *in)
{
	bool has_body =
	        in->method == METHOD_POST || in->method == METHOD_PUT || in->method == METHOD_PATCH;
	return endpoint->unpacking &&
	       (in->body.n || in->value || (has_body && !endpoint->unpacking->inside));
}

/* A body of no bytes that is said to be JSON is none: its sender lost it. Other methods have no body to lose. */
static enum verdict check_absent_body(struct request *request)
{
	const struct message *in = &request->in;
	bool has_body =
	        in->method == METHOD_POST || in->method == METHOD_PUT || in->method == METHOD_PATCH;
	const struct codec *codec = has_body && in->media.n ? codec_for(in->media) : NULL;
	struct error error = { 0 };
	if (!codec || codec->check(SLICE(""), &error))
		return NEXT;
	return refuse_body(request, in->media, &error);
}

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	const struct endpoint_setup *endpoint = endpoint_setup(request->endpoint);
	const struct message *in = &request->in;
	enum verdict verdict = set_target(request, &endpoint->endpoint.call);
	if (verdict != NEXT)
		return verdict;
	slice media = in->media.n ? in->media : endpoint->endpoint.media;
	bool packed = is_packed(endpoint, in);
	if (!packed && !in->body.n && !in->value) {
		verdict = check_absent_body(request);
		if (verdict == NEXT)
			verdict = subject_check(request, media);
		return verdict == NEXT && endpoint->endpoint.call.with
		               ? compose(request, endpoint, media)
		               : verdict;
	}
	if (in->body.n && !media_taken(endpoint, media)) {
		request_refuse(request, STATUS_UNSUPPORTED_MEDIA, "%.*s is not taken here",
		        SLICE_ARG(media));
		return REPLY;
	}
	if (packed)
		verdict = unpack(endpoint->unpacking, request, media);
	if (verdict == NEXT)
		verdict = subject_check(request, media);
	if (verdict != NEXT)
		return verdict;
	if (endpoint->endpoint.call.with)
		return compose(request, endpoint, media);
	if (endpoint->endpoint.call.pack) {
		verdict = set_value(request, media);
		return verdict == NEXT ? write_value(request, endpoint) : verdict;
	}
	if (takes_value(endpoint))
		return set_value(request, media);
	return set_body(request, media, endpoint->endpoint.call.media);
}

/* ---- The answer
 *
 * Who accepts what came gets it as it came, unless a notation that can be written is liked better. Who does not gets
 * the one that is liked best of those that can be written. If there is none, who only asked is told so (RFC 9110 section
 * 15.5.7, RFC 7252 section 5.10.4), and what there is. After a method with an effect the answer goes out as it came:
 * the effect has happened, and the answer is the backend's. A caller that accepts nothing in particular is answered in
 * the notation that it speaks. Bytes of a kind that the backend did not say go out as they came: nobody can tell. */

static bool answer_value(struct request *request)
{
	struct message *out = &request->out;
	if (out->value)
		return true;
	const struct codec *codec = out->body.n ? codec_for(out->media) : NULL;
	struct error error;
	if (codec)
		out->value = codec->decode(&request->arena, out->body, &error);
	return out->value != NULL;
}

/* false: what the answer means cannot be written so; it is as it was. */
static bool write_answer(struct request *request, const struct codec *codec)
{
	struct message *out = &request->out;
	struct error error;
	if (!codec || !answer_value(request))
		return false;
	slice body = codec->encode(&request->arena, out->value, &error);
	if (!body.p)
		return false;
	out->body = body;
	out->media = slice_of(codec->media);
	out->value = NULL;
	return true;
}

static bool liked_more(const struct liking *a, const struct liking *b)
{
	if (a->reluctant != b->reluctant)
		return b->reluctant;
	if (a->quality != b->quality)
		return a->quality > b->quality;
	return a->place < b->place;
}

const struct codec *mediate_next_liked(slice accept, unsigned above, struct liking *last)
{
	const struct codec *best = NULL;
	struct liking best_liking = { .quality = 0 };
	for (unsigned i = 0; codec_all[i]; i++) {
		struct liking liking = {
			.quality = media_quality(accept, slice_of(codec_all[i]->media)),
			.reluctant = codec_all[i]->reluctant,
			.place = slice_is(json, codec_all[i]->media) ? 0 : i + 1,
		};
		if (liking.quality <= above || (liking.reluctant && above) ||
		        !liked_more(last, &liking) || (best && !liked_more(&liking, &best_liking)))
			continue;
		best = codec_all[i];
		best_liking = liking;
	}
	*last = best_liking;
	return best;
}

static bool is_safe(enum method method)
{
	return method == METHOD_GET || method == METHOD_HEAD;
}

static void refuse_answer(struct request *request)
{
	struct message *out = &request->out;
	struct text there;
	text_init(&there, &request->arena, 128);
	text_slice_add(&there, out->media);
	for (unsigned i = 0; codec_all[i]; i++) {
		struct error error;
		if (codec_for(out->media) == codec_all[i] || !answer_value(request) ||
		        !codec_all[i]->encode(&request->arena, out->value, &error).p)
			continue;
		text_printf(&there, "%s%s", there.n ? ", " : "", codec_all[i]->media);
	}
	slice list = text_slice(&there);
	*out = (struct message){ .method = out->method };
	request_refuse(request, STATUS_NOT_ACCEPTABLE, "there is %.*s", SLICE_ARG(list));
}

/* There is no body to try it with: what would be refused for any body is refused. */
static void negotiate_head(struct request *request)
{
	const struct message *out = &request->out;
	struct liking last = LIKING_MOST;
	if (out->media.n && !media_quality(request->accept, out->media) &&
	        (!codec_for(out->media) || !mediate_next_liked(request->accept, 0, &last)))
		refuse_answer(request);
}

static void negotiate(struct request *request)
{
	const struct message *out = &request->out;
	unsigned as_it_came = out->body.n ? media_quality(request->accept, out->media) : 0;
	struct liking last = LIKING_MOST;
	const struct codec *codec;
	do {
		codec = mediate_next_liked(request->accept, as_it_came, &last);
		if (codec && write_answer(request, codec))
			return;
	} while (codec);
	if (as_it_came)
		return;
	if (is_safe(request->in.method))
		refuse_answer(request);
	else if (!out->body.n)
		(void)write_answer(request, codec_for(json));
}

static void answer_alike(struct request *request)
{
	const struct message *in = &request->in, *out = &request->out;
	const struct codec *codec = NULL;
	if (in->body.n && !request->unpacked)
		codec = codec_for(in->media.n ? in->media : request->endpoint->media);
	if (out->body.n && (!codec || codec_for(out->media) == codec))
		return;
	if (!write_answer(request, codec) && !out->body.n)
		(void)write_answer(request, codec_for(json));
}

static void leave(struct core *core, struct request *request)
{
	(void)core;
	const struct message *out = &request->out;
	if (!status_is_success(request->status))
		return;
	if (!out->body.n && !out->value) {
		if (request->in.method == METHOD_HEAD && request->accept.n)
			negotiate_head(request);
	} else if (request->reply_as_value) {
		(void)answer_value(request);
	} else if (request->accept.n && (out->media.n || !out->body.n)) {
		negotiate(request);
	} else {
		answer_alike(request);
	}
}

const struct stage stage_mediate = { .name = "mediate", .enter = enter, .leave = leave };
