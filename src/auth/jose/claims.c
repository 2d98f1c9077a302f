#include "auth/jose/claims.h"

#include "codec/json.h"

/* A year in which nothing here runs any more; seconds beyond it are as good as it, and milliseconds still fit. */
#define FAR_SECONDS INT64_C(1000000000000)

const struct value *claims_read(struct arena *arena, slice payload, struct error *error)
{
	const struct value *claims = json_decode_unique(arena, payload, error);
	if (claims && claims->kind == VALUE_MAP)
		return claims;
	error_set(error, "the token's claims are no JSON object, or name a claim twice");
	return NULL;
}

/* One step of a JSON Pointer: the key with "~1" for "/" and "~0" for "~". */
static bool key_matches(slice key, slice step)
{
	size_t i = 0;
	for (size_t at = 0; at < step.n; at++) {
		char c = step.p[at];
		if (c == '~' && at + 1 < step.n) {
			at++;
			c = step.p[at] == '1' ? '/' : '~';
		}
		if (i == key.n || key.p[i++] != c)
			return false;
	}
	return i == key.n;
}

static const struct value *find_by_pointer(const struct value *at, slice pointer)
{
	slice rest = slice_from(pointer, 1);
	if (!rest.p)
		rest = SLICE("");
	while (at && rest.p) {
		slice step = slice_cut(&rest, '/');
		if (at->kind != VALUE_MAP)
			return NULL;
		at = at->as.members.first;
		while (at && !key_matches(at->key, step))
			at = at->next;
	}
	return at;
}

const struct value *claims_find(const struct value *claims, slice path)
{
	if (slice_starts(path, SLICE("/")))
		return find_by_pointer(claims, path);
	/* A name may have dots of its own: "https://id.example/roles". */
	const struct value *at = value_get(claims, path);
	if (at || slice_find(path, '.') == path.n)
		return at;
	at = claims;
	for (slice rest = path; at && rest.p;)
		at = value_get(at, slice_cut(&rest, '.'));
	return at;
}

/* RFC 7519 section 2, NumericDate: seconds since 1970, with a fraction if it likes. */
static bool read_date(const struct value *value, int64_t *ms)
{
	double seconds;
	if (value->kind == VALUE_INT && value->as.integer > -FAR_SECONDS &&
	        value->as.integer < FAR_SECONDS) {
		*ms = value->as.integer * 1000;
		return true;
	}
	if (value->kind == VALUE_INT)
		seconds = (double)value->as.integer;
	else if (value->kind == VALUE_UINT)
		seconds = (double)value->as.natural;
	else if (value->kind == VALUE_DOUBLE)
		seconds = value->as.real;
	else
		return false;
	double far = (double)FAR_SECONDS;
	if (seconds > far)
		seconds = far;
	if (seconds < -far)
		seconds = -far;
	*ms = (int64_t)(seconds * 1000);
	return true;
}

/* A date that may be absent; false: it is there and no date. */
static bool get_date(
        const struct value *claims, slice name, bool *there, int64_t *ms, struct error *error)
{
	const struct value *value = value_get(claims, name);
	*there = value != NULL;
	if (!value || read_date(value, ms))
		return true;
	return error_set(error, "the token's %.*s is no date", SLICE_ARG(name));
}

bool claims_timely(const struct claim_times *times, int64_t now_ms, struct error *error)
{
	if (now_ms >= times->until_ms)
		return error_set(error, "the token has expired");
	if (now_ms < times->from_ms)
		return error_set(error, "the token is not valid yet");
	return true;
}

static bool read_times(const struct claim_rules *rules, const struct value *claims, int64_t now_ms,
        struct claim_times *times, struct error *error)
{
	int64_t skew = (int64_t)rules->skew_ms, expires, begins, issued;
	bool has_expiry, has_begin, has_issue;
	if (!get_date(claims, SLICE("exp"), &has_expiry, &expires, error) ||
	        !get_date(claims, SLICE("nbf"), &has_begin, &begins, error) ||
	        !get_date(claims, SLICE("iat"), &has_issue, &issued, error))
		return false;
	if (!has_expiry && !rules->may_be_endless)
		return error_set(error, "the token says not when it expires (exp)");
	times->until_ms = has_expiry ? expires + skew : INT64_MAX;
	times->from_ms = has_begin ? begins - skew : INT64_MIN;
	if (has_issue && issued - skew > now_ms)
		return error_set(error, "the token was issued in the future (iat)");
	if (!rules->max_age_ms)
		return true;
	if (!has_issue)
		return error_set(error, "the token says not when it was issued (iat)");
	int64_t too_old = issued + (int64_t)rules->max_age_ms + skew;
	if (now_ms >= too_old)
		return error_set(error, "the token was issued too long ago (iat)");
	if (too_old < times->until_ms)
		times->until_ms = too_old;
	return true;
}

static bool check_issuer(
        const struct claim_rules *rules, const struct value *claims, struct error *error)
{
	const struct value *issuer = value_get(claims, SLICE("iss"));
	if (issuer && issuer->kind != VALUE_TEXT)
		return error_set(error, "the token's issuer (iss) is no text");
	if (rules->issuer.p && (!issuer || !slice_equal(issuer->as.text, rules->issuer)))
		return error_set(error, "the token is not from the issuer that is trusted here");
	return true;
}

static bool is_ours(const struct claim_rules *rules, slice audience)
{
	for (unsigned i = 0; i < rules->naudiences; i++) {
		if (slice_equal(rules->audiences[i], audience))
			return true;
	}
	return false;
}

/* RFC 7519 section 4.1.3: a text or a list of texts; whoever is not among them must refuse the token. */
static bool check_audience(
        const struct claim_rules *rules, const struct value *claims, struct error *error)
{
	const struct value *audience = value_get(claims, SLICE("aud"));
	if (rules->any_audience && !rules->naudiences)
		return true;
	if (!audience)
		return !rules->naudiences || error_set(error, "the token names no audience (aud)");
	const struct value *at = audience;
	bool found = false;
	if (audience->kind == VALUE_LIST)
		at = audience->as.members.first;
	for (; at; at = audience->kind == VALUE_LIST ? at->next : NULL) {
		if (at->kind != VALUE_TEXT)
			return error_set(error, "the token's audience (aud) is no text");
		found = found || is_ours(rules, at->as.text);
	}
	return found || error_set(error, "the token is for another audience (aud)");
}

bool claims_check(const struct claim_rules *rules, const struct value *claims, int64_t now_ms,
        struct claim_times *times, struct error *error)
{
	if (!check_issuer(rules, claims, error) || !check_audience(rules, claims, error) ||
	        !read_times(rules, claims, now_ms, times, error) ||
	        !claims_timely(times, now_ms, error))
		return false;
	for (unsigned i = 0; i < rules->nrequired; i++) {
		const struct value *claim = claims_find(claims, rules->required[i]);
		if (!claim || claim->kind == VALUE_NULL)
			return error_set(error, "the token lacks the claim %.*s",
			        SLICE_ARG(rules->required[i]));
	}
	return true;
}
