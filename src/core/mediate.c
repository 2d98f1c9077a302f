/* mediate: makes the backend's call out of the request, and the caller's answer out of the backend's.
 *
 * A body stays the bytes it is where the backend takes the same notation; it is then only checked to be
 * well-formed, so that malformed input is refused here, in the caller's words, and never reaches a backend. Where
 * notations differ it is decoded to the value tree and encoded anew. */
#include "core/internal.h"

#include "api/codec.h"

#include "base/media.h"

#include "codec/value.h"
#include "core/router.h"

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
	if (!endpoint->naccepts)
		return codec_for(media) != NULL;
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

/* call.body: the bytes for a backend that wants `wanted` (empty: what comes). */
static enum verdict set_body(struct request *request, slice media, slice wanted)
{
	struct message *call = &request->call;
	struct error error = { 0 };
	if (!wanted.n)
		wanted = request->in.body.n ? media : json;
	if (request->in.body.n && media_same(media, wanted)) {
		const struct codec *codec = codec_for(media);
		if (codec && !codec->check(request->in.body, &error))
			return refuse_body(request, media, &error);
		call->media = media;
		call->body = request->in.body;
		return NEXT;
	}
	enum verdict verdict = set_value(request, media);
	if (verdict != NEXT)
		return verdict;
	const struct codec *codec = codec_for(wanted);
	call->media = wanted;
	call->body =
	        codec ? codec->encode(&request->arena, call->value, &error) : (slice){ NULL, 0 };
	if (call->body.p)
		return NEXT;
	request_refuse(request, STATUS_INVALID, "cannot be written as %.*s: %s", SLICE_ARG(wanted),
	        codec ? error.text : "unknown media type");
	return REPLY;
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
	if (!in->body.n && !in->value)
		return check_absent_body(request);
	slice media = in->media.n ? in->media : endpoint->endpoint.media;
	if (in->body.n && !media_taken(endpoint, media)) {
		request_refuse(request, STATUS_UNSUPPORTED_MEDIA, "%.*s is not taken here",
		        SLICE_ARG(media));
		return REPLY;
	}
	if (endpoint->to && endpoint->to->backend->ops->takes == BACKEND_TAKES_VALUE)
		return set_value(request, media);
	return set_body(request, media, endpoint->endpoint.call.media);
}

const struct codec *mediate_liked_codec(slice accept)
{
	const struct codec *best = NULL;
	unsigned best_quality = 0;
	for (unsigned i = 0; codec_all[i]; i++) {
		unsigned quality = media_quality(accept, slice_of(codec_all[i]->media));
		if (quality > best_quality || (quality == best_quality && quality &&
		                                      slice_is(json, codec_all[i]->media))) {
			best = codec_all[i];
			best_quality = quality;
		}
	}
	return best;
}

/* The notation that the caller likes best, among those that can be written; NULL: none. */
static const struct codec *liked_codec(const struct request *request)
{
	if (request->accept.n)
		return mediate_liked_codec(request->accept);
	if (!request->in.body.n)
		return codec_for(json);
	return codec_for(request->in.media.n ? request->in.media : request->endpoint->media);
}

static bool answer_is_liked(const struct request *request, const struct codec *codec)
{
	if (request->accept.n)
		return media_quality(request->accept, request->out.media) > 0;
	return !codec || !request->in.body.n || codec_for(request->out.media) == codec;
}

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

/* What cannot be translated goes out as it came: the effect has happened, and the answer is the backend's. */
static void leave(struct core *core, struct request *request)
{
	(void)core;
	struct message *out = &request->out;
	if (!status_is_success(request->status) || (!out->body.n && !out->value))
		return;
	if (request->reply_as_value) {
		(void)answer_value(request);
		return;
	}
	const struct codec *codec = liked_codec(request);
	if (out->body.n && answer_is_liked(request, codec))
		return;
	if (!codec)
		codec = codec_for(json);
	struct error error;
	slice body = codec && answer_value(request)
	                     ? codec->encode(&request->arena, out->value, &error)
	                     : (slice){ NULL, 0 };
	if (!body.p)
		return;
	out->body = body;
	out->media = slice_of(codec->media);
	out->value = NULL;
}

const struct stage stage_mediate = { .name = "mediate", .enter = enter, .leave = leave };
