/* Three levels, since each alone is unsound:
 *
 *   name and address   strict: some wrong attempts in a row, then a delay that doubles up to a minute. It keeps nobody
 *                      else waiting, and what it hurts is who guesses, or a device with a wrong password.
 *   address            loose: many different names and secrets from one address, as who has a list of clients tries
 *                      them. Behind one address there may be a whole fleet, so a device that repeats the one wrong
 *                      secret that it has counts once, and names that were right from there lately are let through.
 *   name               loose: one name from many addresses. It would lock out the name's owner; so where that name was
 *                      right lately it is let through, and elsewhere the delays are short ones.
 *
 * A connection over which a name and a secret were right lately is let through with that secret, whatever others try, be
 * they behind the same address: while somebody guesses at a device, the device goes on. Being right does not make wrong ones undone: else who sits
 * beside a client that is right each second could guess between.
 *
 * What carries no name (a bearer token, an API key) is counted by its own value in place of the name. These are too long
 * to be guessed, which the configuration looks after, so "let through what was right lately" gives nothing away.
 *
 * An attempt counts from when it begins: verifying a password takes a while, and a hundred at the same time are a
 * hundred guesses. While a delay lasts nothing is looked at, the right secret neither: else trying would go on at full
 * speed, only with a slower answer. An attempt that is refused prolongs nothing, so the delay ends for whoever comes next.
 *
 * The tables are of fixed size, in sets of few places found by a keyed hash: nobody can aim at the place of somebody
 * else, and when all are taken the one gives way that would be forgotten first. */
#include "core/throttle.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/random.h"

enum {
	PAIR_SETS = 2048,
	OTHER_SETS = 1024,
	WAYS = 4,
	/* Attempts under way at the same time from one address, of names that were not right lately. */
	UNDER_WAY_MAX = 64,
	UNDER_WAY_WAIT_MS = 1000,
	RIGHT_LATELY_MS = 3600 * 1000,
	CONNECTION_RIGHT_MS = 600 * 1000,
	NAME_DELAY_MAX_MS = 10 * 1000,
	DOUBLINGS_MAX = 20
};

struct record {
	uint64_t key;
	uint64_t secret, wrong_secret; /* the last that was tried, the last that was wrong */
	uint64_t closed_until_ms, forget_ms, right_until_ms;
	unsigned wrong, under_way;
	bool told;
};

struct table {
	struct record *at;
	unsigned sets;
};

struct throttle {
	struct table pairs, addresses, names, connections;
};

static bool table_init(struct table *table, unsigned sets)
{
	table->sets = sets;
	table->at = calloc((size_t)sets * WAYS, sizeof *table->at);
	return table->at != NULL;
}

struct throttle *throttle_create(void)
{
	struct throttle *throttle = calloc(1, sizeof *throttle);
	if (throttle && table_init(&throttle->pairs, PAIR_SETS) &&
	        table_init(&throttle->addresses, OTHER_SETS) &&
	        table_init(&throttle->names, OTHER_SETS) &&
	        table_init(&throttle->connections, PAIR_SETS))
		return throttle;
	throttle_destroy(throttle);
	return NULL;
}

void throttle_destroy(struct throttle *throttle)
{
	if (!throttle)
		return;
	free(throttle->pairs.at);
	free(throttle->addresses.at);
	free(throttle->names.at);
	free(throttle->connections.at);
	free(throttle);
}

/* ---- What is counted */

/* 0: this machine itself, which stands for many if it is a proxy. Of IPv6 the network, since who has one address there
 * has 2^64. */
static uint64_t hash_address(slice text)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[16] = { 0 };
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const unsigned char loopback[16] = { [15] = 1 };
	size_t n = slice_find(text, '%');
	if (!n)
		return 0;
	if (n >= sizeof copy)
		return random_keyed_hash(text.p, text.n);
	memcpy(copy, text.p, n);
	copy[n] = '\0';
	if (inet_pton(AF_INET, copy, bytes + 12) == 1)
		memcpy(bytes, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, copy, bytes) != 1)
		return random_keyed_hash(text.p, text.n);
	if (memcmp(bytes, mapped, sizeof mapped) == 0)
		return bytes[12] == 127 ? 0 : random_keyed_hash(bytes, sizeof bytes);
	return memcmp(bytes, loopback, sizeof bytes) == 0 ? 0 : random_keyed_hash(bytes, 8);
}

static uint64_t join(uint64_t a, uint64_t b, bool named)
{
	const uint64_t both[] = { a, b, named };
	return random_keyed_hash(both, sizeof both);
}

void attempt_init(struct attempt *attempt, slice address, slice peer, slice name, slice secret)
{
	attempt->address = hash_address(address);
	attempt->secret = random_keyed_hash(secret.p, secret.n);
	attempt->name = name.n ? random_keyed_hash(name.p, name.n) : 0;
	uint64_t whose = name.n ? attempt->name : attempt->secret;
	uint64_t from =
	        attempt->address ? attempt->address : random_keyed_hash(address.p, address.n);
	attempt->pair = join(from, whose, name.n != 0);
	attempt->connection = join(random_keyed_hash(peer.p, peer.n), whose, name.n != 0);
}

/* ---- The tables */

static struct record *find(const struct table *table, uint64_t key)
{
	struct record *set = &table->at[key % table->sets * WAYS];
	for (unsigned i = 0; key && i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

static uint64_t worth(const struct record *record)
{
	uint64_t until = record->forget_ms > record->right_until_ms ? record->forget_ms
	                                                            : record->right_until_ms;
	return record->under_way ? UINT64_MAX : until;
}

static struct record *find_or_add(const struct table *table, uint64_t key)
{
	struct record *found = find(table, key);
	if (found || !key)
		return found;
	struct record *set = &table->at[key % table->sets * WAYS];
	found = set;
	for (unsigned i = 1; i < WAYS; i++) {
		if (worth(&set[i]) < worth(found))
			found = &set[i];
	}
	*found = (struct record){ .key = key };
	return found;
}

static bool is_closed(struct record *record, uint64_t now_ms, uint64_t *wait_ms, bool *news)
{
	if (!record || record->closed_until_ms <= now_ms)
		return false;
	*wait_ms = record->closed_until_ms - now_ms;
	*news = !record->told;
	record->told = true;
	return true;
}

/* As many attempts as there may still be wrong ones; when all were, one at a time. The same secret again is no other
 * guess: a device may well send ten requests at once. */
static bool is_crowded(
        const struct record *pair, unsigned attempts, uint64_t secret, uint64_t now_ms)
{
	unsigned wrong = pair->forget_ms > now_ms ? pair->wrong : 0;
	unsigned left = wrong < attempts ? attempts - wrong : 1;
	return pair->under_way >= left && pair->secret != secret;
}

static bool is_open_to_strangers(const struct throttle *throttle, const struct attempt *attempt,
        uint64_t now_ms, uint64_t *wait_ms, bool *news)
{
	struct record *address = find(&throttle->addresses, attempt->address);
	if (is_closed(address, now_ms, wait_ms, news) ||
	        is_closed(find(&throttle->names, attempt->name), now_ms, wait_ms, news))
		return false;
	if (address && address->under_way >= UNDER_WAY_MAX) {
		*wait_ms = UNDER_WAY_WAIT_MS;
		return false;
	}
	return true;
}

static bool right_lately(const struct record *record, uint64_t now_ms)
{
	return record && record->right_until_ms > now_ms;
}

static bool is_open(const struct throttle *throttle, const struct throttle_rules *rules,
        const struct attempt *attempt, uint64_t now_ms, uint64_t *wait_ms, bool *news)
{
	struct record *pair = find(&throttle->pairs, attempt->pair);
	if (is_closed(pair, now_ms, wait_ms, news))
		return false;
	if (!right_lately(pair, now_ms) &&
	        !is_open_to_strangers(throttle, attempt, now_ms, wait_ms, news))
		return false;
	if (!pair || !is_crowded(pair, rules->attempts, attempt->secret, now_ms))
		return true;
	*wait_ms = UNDER_WAY_WAIT_MS;
	return false;
}

bool throttle_begin(struct throttle *throttle, const struct throttle_rules *rules,
        const struct attempt *attempt, uint64_t now_ms, uint64_t *wait_ms, bool *news)
{
	*news = false;
	if (!rules->attempts)
		return true;
	const struct record *connection = find(&throttle->connections, attempt->connection);
	bool goes_on = right_lately(connection, now_ms) && connection->secret == attempt->secret;
	if (!goes_on && !is_open(throttle, rules, attempt, now_ms, wait_ms, news))
		return false;
	struct record *pair, *address = find_or_add(&throttle->addresses, attempt->address);
	pair = find_or_add(&throttle->pairs, attempt->pair);
	pair->secret = attempt->secret;
	pair->under_way++;
	if (address)
		address->under_way++;
	return true;
}

static void go_down(struct record *record)
{
	if (record && record->under_way)
		record->under_way--;
}

/* true: it was beyond the limit already. */
static bool count_wrong(struct record *record, const struct throttle_rules *rules, unsigned limit,
        uint64_t longest_ms, uint64_t now_ms)
{
	if (!record)
		return false;
	if (record->forget_ms <= now_ms)
		record->wrong = 0;
	bool beyond = record->wrong >= limit;
	record->wrong += record->wrong < UINT32_MAX;
	record->forget_ms = now_ms + rules->window_ms;
	if (record->wrong < limit)
		return beyond;
	unsigned doublings = record->wrong - limit;
	uint64_t delay_ms = rules->delay_ms
	                    << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
	record->closed_until_ms = now_ms + (delay_ms < longest_ms ? delay_ms : longest_ms);
	record->told = false;
	return beyond;
}

static void end_wrong(struct throttle *throttle, const struct throttle_rules *rules,
        const struct attempt *attempt, uint64_t now_ms)
{
	struct record *pair = find_or_add(&throttle->pairs, attempt->pair);
	uint64_t longest_ms = rules->delay_max_ms;
	bool again =
	        pair->wrong && pair->forget_ms > now_ms && pair->wrong_secret == attempt->secret;
	pair->wrong_secret = attempt->secret;
	bool restrained = count_wrong(pair, rules, rules->attempts, longest_ms, now_ms);
	/* The same guess is no other one, and who waits already is no danger to the others. */
	if (again || restrained)
		return;
	(void)count_wrong(find_or_add(&throttle->addresses, attempt->address), rules,
	        rules->from_address, longest_ms, now_ms);
	if (longest_ms > NAME_DELAY_MAX_MS)
		longest_ms = NAME_DELAY_MAX_MS;
	(void)count_wrong(find_or_add(&throttle->names, attempt->name), rules, rules->at_client,
	        longest_ms, now_ms);
}

void throttle_end(struct throttle *throttle, const struct throttle_rules *rules,
        const struct attempt *attempt, enum attempt_end end, uint64_t now_ms)
{
	struct record *pair = find(&throttle->pairs, attempt->pair);
	go_down(pair);
	go_down(find(&throttle->addresses, attempt->address));
	if (!rules->attempts || end == ATTEMPT_UNDECIDED)
		return;
	if (end == ATTEMPT_WRONG) {
		end_wrong(throttle, rules, attempt, now_ms);
		return;
	}
	find_or_add(&throttle->pairs, attempt->pair)->right_until_ms = now_ms + RIGHT_LATELY_MS;
	struct record *connection = find_or_add(&throttle->connections, attempt->connection);
	connection->right_until_ms = now_ms + CONNECTION_RIGHT_MS;
	connection->secret = attempt->secret;
}
