#include "board/identity.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "board/sysfs.h"

enum { SHORTEST = 4, MAC_BYTES = 6 };

/* Compared without regard to case, and to what is no letter or digit. */
static const char *const placeholders[] = { "tobefilledbyoem", "tobefilled", "defaultstring",
	"systemserialnumber", "serialnumber", "notspecified", "notapplicable", "notavailable",
	"none", "null", "unknown", "invalid", "empty", "oem", "test", "default", "0123456789",
	"123456789", "1234567890", "12345678", "1234567", "123456", "12345", "1234",
	"0123456789abcdef", "123456789abcdef", "deadbeef", "baseboardserialnumber",
	"chassisserialnumber", "fillbyoem", "filledbyoem" };

static bool is_word(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* One character over and over, and nothing else but marks between: 0000-0000, ffffffff. */
static bool is_one_character(slice text)
{
	char first = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = ascii_lower(text.p[i]);
		if (!is_word(c))
			continue;
		if (first && c != first)
			return false;
		first = c;
	}
	return true;
}

static bool is_placeholder(slice text)
{
	char bare[IDENTITY_MAX_BYTES];
	size_t n = 0;
	for (size_t i = 0; i < text.n && n < sizeof bare; i++) {
		if (is_word(text.p[i]))
			bare[n++] = ascii_lower(text.p[i]);
	}
	for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
		if (slice_is((slice){ bare, n }, placeholders[i]))
			return true;
	}
	return n < SHORTEST;
}

slice identity_take(struct arena *arena, slice text)
{
	while (text.n && !is_word(text.p[text.n - 1]))
		text.n--;
	while (text.n && !is_word(*text.p))
		text = slice_from(text, 1);
	if (!text.n || text.n > IDENTITY_MAX_BYTES || is_one_character(text) ||
	        is_placeholder(text))
		return (slice){ NULL, 0 };
	slice name = arena_copy_slice(arena, text);
	char *bytes = (char *)(uintptr_t)name.p;
	for (size_t i = 0; i < name.n; i++) {
		if (!is_word(bytes[i]) && bytes[i] != '.' && bytes[i] != '_')
			bytes[i] = '-';
	}
	return name;
}

static slice by_device_tree(struct arena *arena, slice root)
{
	return sysfs_word(arena, root, "/sys/firmware/devicetree/base/serial-number");
}

static slice by_soc(struct arena *arena, slice root)
{
	return sysfs_word(arena, root, "/sys/devices/soc0/serial_number");
}

static slice by_dmi(struct arena *arena, slice root)
{
	char path[PATH_MAX];
	struct stat about;
	int n = snprintf(
	        path, sizeof path, "%.*s/sys/class/dmi/id/product_serial", SLICE_ARG(root));
	if (n < 0 || n >= PATH_MAX || stat(path, &about) != 0 ||
	        !(about.st_mode & (S_IRGRP | S_IROTH)))
		return (slice){ NULL, 0 };
	return sysfs_word(arena, root, "/sys/class/dmi/id/product_serial");
}

static int hex_digit(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "dc:a6:32:01:02:03" becomes "dca632010203". p NULL: not like that, or one that nobody was given: of a group, made up here
 * (the "locally administered" bit), or zero. */
static slice take_mac(struct arena *arena, slice text)
{
	char digits[2 * MAC_BYTES];
	if (text.n != 3 * MAC_BYTES - 1)
		return (slice){ NULL, 0 };
	for (unsigned i = 0; i < MAC_BYTES; i++) {
		const char *at = text.p + 3 * (size_t)i;
		if (hex_digit(at[0]) < 0 || hex_digit(at[1]) < 0 || (i && at[-1] != ':'))
			return (slice){ NULL, 0 };
		digits[2 * i] = ascii_lower(at[0]);
		digits[2 * i + 1] = ascii_lower(at[1]);
	}
	if (hex_digit(digits[1]) & 3)
		return (slice){ NULL, 0 };
	return arena_copy(arena, digits, sizeof digits);
}

struct interface {
	slice mac, bus;
	bool wireless;
	uint64_t port;
};

static bool comes_first(const struct interface *a, const struct interface *b)
{
	if (a->wireless != b->wireless)
		return b->wireless;
	size_t n = a->bus.n < b->bus.n ? a->bus.n : b->bus.n;
	int order = n ? memcmp(a->bus.p, b->bus.p, n) : 0;
	if (order || a->bus.n != b->bus.n)
		return order ? order < 0 : a->bus.n < b->bus.n;
	return a->port < b->port;
}

/* Where on the machine's buses it sits, of ../../devices/pci0000:00/0000:00:1f.6/net/eth0. p NULL: on none that is built in. */
static slice built_in(slice link)
{
	slice rest = link;
	while (rest.n) {
		slice part = slice_cut(&rest, '/');
		if (slice_is(part, "virtual") || slice_starts(part, SLICE("usb")))
			return (slice){ NULL, 0 };
		if (slice_is(part, "net"))
			return (slice){ link.p, (size_t)(part.p - link.p) };
	}
	return (slice){ NULL, 0 };
}

static bool take_interface(struct arena *arena, slice root, const char *name, struct interface *it)
{
	slice kind = sysfs_word(arena, root, "/sys/class/net/%s/type", name);
	slice given = sysfs_word(arena, root, "/sys/class/net/%s/addr_assign_type", name);
	/* One that belongs to a bond shows the bond's. */
	slice own = sysfs_word(arena, root, "/sys/class/net/%s/bonding_slave/perm_hwaddr", name);
	slice shown = sysfs_word(arena, root, "/sys/class/net/%s/address", name);
	slice port = sysfs_word(arena, root, "/sys/class/net/%s/dev_port", name);
	*it = (struct interface){ .bus = built_in(
		                          sysfs_link(arena, root, "/sys/class/net/%s", name)),
		.wireless = sysfs_has(root, "/sys/class/net/%s/phy80211", name) };
	(void)sysfs_number(port, &it->port);
	if (!it->bus.p || !slice_is(kind, "1") || (!own.p && !slice_is(given, "0")))
		return false;
	it->mac = take_mac(arena, own.p ? own : shown);
	return it->mac.p != NULL;
}

static slice by_mac(struct arena *arena, slice root)
{
	slice *names;
	struct interface first = { .mac = { NULL, 0 } };
	unsigned n = sysfs_list(arena, root, "/sys/class/net", &names);
	for (unsigned i = 0; i < n; i++) {
		struct interface it;
		if (take_interface(arena, root, names[i].p, &it) &&
		        (!first.mac.p || comes_first(&it, &first)))
			first = it;
	}
	return first.mac;
}

static const struct {
	const char *name;
	slice (*read)(struct arena *, slice root);
} ways[] = { { "device-tree-serial", by_device_tree }, { "soc-serial", by_soc },
	{ "dmi-serial", by_dmi }, { "mac", by_mac } };

enum { WAYS = sizeof ways / sizeof *ways };

const char *identity_way(unsigned i)
{
	return i < WAYS ? ways[i].name : NULL;
}

slice identity_find(struct arena *arena, slice root, slice way)
{
	for (unsigned i = 0; i < WAYS; i++) {
		if (slice_is(way, ways[i].name))
			return identity_take(arena, ways[i].read(arena, root));
	}
	return (slice){ NULL, 0 };
}
