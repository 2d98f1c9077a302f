/* The password itself does not travel: its hash with a nonce and the time of the message does,
 *
 *     Base64(SHA-1(nonce + Created + password))
 *
 * so the gateway must have it in plain text. For a client whose password is kept as a hash a digest is refused, in the
 * same words as a wrong one. It protects the password of a message that is overheard as well as the password is hard to
 * guess, and nothing else of the message: it is here for partners whose tools know nothing better.
 *
 * REPLAY. A message is good for `window` from its Created on, and once: that it came is remembered until it would be too
 * old anyway. When so many are remembered that there is no room, further ones are refused: none that could come again is
 * forgotten. Only right ones are remembered, so a stranger fills nothing. Messages from before the start of this process
 * are refused, since whether they came then nobody knows any more. */
#include "auth/password/digest.h"

#include "auth/password/created.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/password.h"

enum { RETRY_AFTER_MS = 5000 };

static enum verdict refuse(struct request *request, const char *why)
{
	request_refuse(request, STATUS_UNAUTHENTICATED, "%s", why);
	return REPLY;
}

/* false: too old, or from the future; *left_ms: for how long it is good. */
static bool is_timely(const struct digest_rules *rules, const struct request *request,
        uint64_t created_ms, uint64_t *left_ms)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	if (created_ms > now_ms + rules->skew_ms || created_ms + rules->window_ms <= now_ms)
		return false;
	*left_ms = created_ms + rules->window_ms - now_ms;
	return created_ms >= auth_once_since_ms(request);
}

static bool is_right(const struct credential *credential, const struct client_key *key)
{
	unsigned char wanted[PASSWORD_DIGEST_BYTES];
	char dummy[16];
	random_bytes(dummy, sizeof dummy);
	bool plain = key && !password_is_hash(key->secret);
	slice password = plain ? key->secret : (slice){ dummy, sizeof dummy };
	password_digest(credential->nonce, credential->created, password, wanted);
	bool equal = slice_equal_secret(
	        credential->secret, (slice){ (const char *)wanted, sizeof wanted });
	explicit_bzero(wanted, sizeof wanted);
	return equal && plain;
}

enum verdict password_digest_check(const struct digest_rules *rules, struct request *request,
        const struct credential *credential, const struct client_key *key)
{
	uint64_t created_ms, left_ms;
	if (!created_parse(credential->created, &created_ms))
		return refuse(request, "the UsernameToken's Created is no time");
	if (!is_timely(rules, request, created_ms, &left_ms)) {
		request->expired = true;
		return refuse(request, "the message was created too long ago, or by a clock that "
		                       "goes wrong");
	}
	if (!is_right(credential, key))
		return refuse(request, "this user and this digest are not accepted (a digest can "
		                       "be checked only where the password is kept in plain text)");
	const slice parts[] = { SLICE("digest"), credential->name, credential->nonce,
		credential->created };
	switch (auth_once(request, parts, sizeof parts / sizeof *parts, left_ms, rules->nonces)) {
	case AUTH_ONCE_FIRST:
		return auth_grant_key(request, key);
	case AUTH_ONCE_AGAIN:
		return refuse(request, "a message with this nonce has come already");
	case AUTH_ONCE_FULL:
		break;
	}
	request_refuse(request, STATUS_UNAVAILABLE,
	        "too many messages with a password digest in a short time");
	request->retry_after_ms = RETRY_AFTER_MS;
	return REPLY;
}
