/* address: where a caller is says who it is. For devices that can prove nothing, on a network that the operator answers for.
 *
 * `allow` says from which addresses at all; who it is says the client that names the address among its `addresses`,
 * the narrowest range first, or else `as`. An address is that of the connection's other end and nothing else: what a
 * message says of it (X-Forwarded-For, Forwarded) anybody can write, and is never looked at.
 *
 * An address is as good as the network. Over TCP, TLS and DTLS the other end has answered from there; a datagram of plain
 * CoAP may bear any address, so that adapter offers one only of a peer that has sent back an Echo option. */
#include "api/authenticator.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { ADDRESS_BYTES = 16, ADDRESS_BITS = 128, RANGES_MAX = 65536, V4_BITS = 96 };

/* IPv4 as IPv6 maps it. */
struct range {
	unsigned char address[ADDRESS_BYTES];
	unsigned bits;
	char *client; /* NULL: it is only allowed */
};

struct address_authenticator {
	struct authenticator base;
	struct range *allowed, *clients; /* the latter by length, the narrowest first */
	unsigned nallowed, nclients;
	char *as; /* NULL: nobody */
};

static void free_ranges(struct range *ranges, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(ranges[i].client);
	free(ranges);
}

static void address_close(struct authenticator *base)
{
	struct address_authenticator *self = (struct address_authenticator *)base;
	if (!self)
		return;
	free_ranges(self->allowed, self->nallowed);
	free_ranges(self->clients, self->nclients);
	free(self->as);
	free(self);
}

/* ---- Addresses */

/* false: no address. *four: it is one of IPv4, or of IPv6's for it. */
static bool parse_address(slice text, unsigned char bytes[ADDRESS_BYTES], bool *four)
{
	static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	char copy[INET6_ADDRSTRLEN];
	if (!text.n || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	memcpy(bytes, mapped, sizeof mapped);
	*four = inet_pton(AF_INET, copy, bytes + sizeof mapped) == 1;
	return *four || inet_pton(AF_INET6, copy, bytes) == 1;
}

static bool bit(const unsigned char *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool parse_bits(slice text, unsigned most, unsigned *bits)
{
	*bits = 0;
	if (!text.n || text.n > 3 || (text.p[0] == '0' && text.n > 1))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned)(text.p[i] - '0');
	}
	return *bits <= most;
}

/* "10.20.0.0/16", "fd00::/8", "10.0.0.7" */
static bool parse_range(const struct config *place, struct range *range, struct error *error)
{
	slice bits = place->text;
	slice address = slice_cut(&bits, '/');
	bool four;
	if (!parse_address(address, range->address, &four))
		return config_error(place, error,
		        "%s is no address and no range of addresses (10.20.0.0/16, fd00::/8)",
		        place->text.p);
	unsigned most = four ? ADDRESS_BITS - V4_BITS : ADDRESS_BITS;
	range->bits = most;
	if (bits.p && !parse_bits(bits, most, &range->bits))
		return config_error(place, error, "after the / stands a number up to %u", most);
	range->bits += ADDRESS_BITS - most;
	for (unsigned i = range->bits; i < ADDRESS_BITS; i++) {
		if (bit(range->address, i))
			return config_error(place, error,
			        "%s has bits beyond its length: is it one address, or a range?",
			        place->text.p);
	}
	return true;
}

static bool contains(const struct range *range, const unsigned char address[ADDRESS_BYTES])
{
	unsigned bytes = range->bits / 8, rest = range->bits % 8;
	if (memcmp(range->address, address, bytes) != 0)
		return false;
	unsigned mask = rest ? 0xff00u >> rest & 0xff : 0;
	return !mask || (range->address[bytes] & mask) == (address[bytes] & mask);
}

static const struct range *find(
        const struct range *ranges, unsigned n, const unsigned char address[ADDRESS_BYTES])
{
	for (unsigned i = 0; i < n; i++) {
		if (contains(&ranges[i], address))
			return &ranges[i];
	}
	return NULL;
}

/* Who is there; p == NULL: nobody. */
static slice client_at(const struct address_authenticator *self, slice text)
{
	unsigned char address[ADDRESS_BYTES];
	bool four;
	if (!parse_address(text, address, &four) || !find(self->allowed, self->nallowed, address))
		return (slice){ NULL, 0 };
	const struct range *range = find(self->clients, self->nclients, address);
	return slice_of(range ? range->client : self->as);
}

/* ---- The configuration */

static const struct config *root_of(const struct config *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

static bool read_allowed(
        struct address_authenticator *self, const struct config *list, struct error *error)
{
	if (!list->count)
		return config_error(list, error, "from which addresses?");
	self->allowed = calloc(list->count, sizeof *self->allowed);
	if (!self->allowed)
		return error_set(error, "out of memory");
	CONFIG_EACH (list, place) {
		if (!parse_range(place, &self->allowed[self->nallowed], error))
			return false;
		self->nallowed++;
	}
	return true;
}

static const struct config *addresses_of(const struct config *client)
{
	const struct config *addresses = config_get(client, "addresses");
	return addresses && addresses->kind == CONFIG_LIST ? addresses : NULL;
}

static bool add_client(struct address_authenticator *self, const struct config *client,
        const struct config *place, struct error *error)
{
	struct range range = { .client = NULL };
	if (!parse_range(place, &range, error))
		return false;
	for (unsigned i = 0; i < self->nclients; i++) {
		const struct range *other = &self->clients[i];
		if (other->bits == range.bits && contains(other, range.address))
			return config_error(place, error, "%s is an address of %s already",
			        place->text.p, other->client);
	}
	slice id = config_text(client, "id");
	range.client = strndup(id.p, id.n);
	if (!range.client)
		return error_set(error, "out of memory");
	self->clients[self->nclients++] = range;
	return true;
}

static int narrowest_first(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->bits < y->bits) - (x->bits > y->bits);
}

static bool read_clients(
        struct address_authenticator *self, const struct config *clients, struct error *error)
{
	size_t n = 0;
	CONFIG_EACH (clients, client) {
		const struct config *addresses = addresses_of(client);
		n += addresses ? addresses->count : 0;
	}
	if (n > RANGES_MAX)
		return error_set(error, "clients have more than %d addresses", RANGES_MAX);
	self->clients = calloc(n ? n : 1, sizeof *self->clients);
	if (!self->clients)
		return error_set(error, "out of memory");
	CONFIG_EACH (clients, client) {
		CONFIG_EACH (addresses_of(client), place) {
			if (place->kind == CONFIG_SCALAR && !add_client(self, client, place, error))
				return false;
		}
	}
	qsort(self->clients, self->nclients, sizeof *self->clients, narrowest_first);
	return true;
}

static bool read_as(
        struct address_authenticator *self, const struct config *config, struct error *error)
{
	slice as = config_text(config, "as");
	if (!as.n && !self->nclients)
		return config_error(config, error,
		        "who is that? Name a client (`as`), or give clients their `addresses`");
	if (as.n)
		self->as = strndup(as.p, as.n);
	return !as.n || self->as || error_set(error, "out of memory");
}

static struct authenticator *address_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)directory;
	struct address_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (read_allowed(self, config_get(config, "allow"), error) &&
	        read_clients(self, config_get(root_of(config), "clients"), error) &&
	        read_as(self, config, error))
		return &self->base;
	address_close(&self->base);
	return NULL;
}

/* ---- The plug */

static bool address_offers(const struct authenticator *base, const struct credential *credential)
{
	const struct address_authenticator *self =
	        (const struct address_authenticator *)(const void *)base;
	return credential->kind == CREDENTIAL_ADDRESS && client_at(self, credential->name).n;
}

static enum verdict address_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct address_authenticator *self = (struct address_authenticator *)base;
	const struct grant grant = { .client = client_at(self, credential->name) };
	return auth_grant(request, &grant);
}

static const struct setting settings[] = {
	{ .key = "allow",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "addresses and ranges, such as 10.20.0.0/16 and fd00::/8" },
	{ .key = "as",
	        .type = SETTING_TEXT,
	        .help = "the client that a caller from there is, if no client names its address" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_address = {
	.name = "address",
	.settings = settings,
	.keys = 1u << KEY_ADDRESSES,
	.open = address_open,
	.offers = address_offers,
	.check = address_check,
	.close = address_close,
};
