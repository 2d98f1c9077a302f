/* MQTT's packets: what is taken, what is refused and with which reason, for both versions. */
#include "support.h"

#include "adapters/mqtt/writer.h"

#include <stdio.h>
#include <string.h>

/* Bytes of "10 | 0004 …": "|" stands for the length of what follows it. */
static slice packet_of(struct arena *arena, const char *hex)
{
	const char *bar = strchr(hex, '|');
	if (!bar)
		return from_hex(arena, hex);
	char first[3] = { hex[0], hex[1], '\0' };
	slice body = from_hex(arena, bar + 1);
	assert_true(body.n < 128);
	char *bytes = arena_alloc(arena, body.n + 2);
	bytes[0] = from_hex(arena, first).p[0];
	bytes[1] = (char)body.n;
	memcpy(bytes + 2, body.p, body.n);
	return (slice){ bytes, body.n + 2 };
}

/* The fault that the whole packet in `hex` gives, parsed as `version`. */
static struct mqtt_fault parse(struct arena *arena, enum mqtt_version version, const char *hex)
{
	static const struct mqtt_fault incomplete = { MQTT_REASON_UNSPECIFIED, "incomplete" };
	slice bytes = packet_of(arena, hex);
	struct mqtt_frame frame;
	const char *why = NULL;
	switch (mqtt_cut(bytes, version, 1 << 20, &frame, &why)) {
	case MQTT_CUT_MORE:
		return incomplete;
	case MQTT_CUT_MALFORMED:
		return (struct mqtt_fault){ MQTT_REASON_MALFORMED_PACKET, why };
	case MQTT_CUT_TOO_LARGE:
		return (struct mqtt_fault){ MQTT_REASON_PACKET_TOO_LARGE, "too large" };
	case MQTT_CUT_WHOLE:
		break;
	}
	assert_int_equal(frame.bytes, bytes.n);
	struct mqtt_connect connect;
	struct mqtt_publish publish;
	struct mqtt_subscribe subscribe;
	struct mqtt_ack ack;
	struct mqtt_notice notice;
	unsigned level;
	if (frame.type == MQTT_TYPE_CONNECT)
		return mqtt_connect_parse(&frame, &connect, &level);
	if (frame.type == MQTT_TYPE_PUBLISH)
		return mqtt_publish_parse(&frame, version, &publish);
	if (frame.type == MQTT_TYPE_SUBSCRIBE || frame.type == MQTT_TYPE_UNSUBSCRIBE)
		return mqtt_subscribe_parse(&frame, version, &subscribe);
	if (frame.type == MQTT_TYPE_PINGREQ)
		return mqtt_ping_parse(&frame);
	if (frame.type == MQTT_TYPE_DISCONNECT || frame.type == MQTT_TYPE_AUTH)
		return mqtt_notice_parse(&frame, version, &notice);
	return mqtt_ack_parse(&frame, version, &ack);
}

struct row {
	unsigned version;
	const char *hex;
	unsigned reason; /* 0: taken */
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct mqtt_fault fault =
		        parse(&arena, (enum mqtt_version)rows[i].version, rows[i].hex);
		if (fault.reason != rows[i].reason || !fault.why != !rows[i].reason)
			fail_msg("version %u, %s: 0x%02x (%s), not 0x%02x", rows[i].version,
			        rows[i].hex, (unsigned)fault.reason,
			        fault.why ? fault.why : "taken", rows[i].reason);
		arena_finish(&arena);
	}
}

#define CHECK(rows) check((rows), sizeof(rows) / sizeof *(rows))

#define MQTT4 "0004 4d515454 04"
#define MQTT5 "0004 4d515454 05"

static void test_connect(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ 0, "10 | " MQTT4 " 02 003c 0001 61", 0 },
		{ 0, "10 | " MQTT5 " 02 003c 00 0001 61", 0 },
		{ 0, "10 | " MQTT4 " 00 003c 0000", 0 }, /* the session refuses it, with a code */
		{ 0, "10 | " MQTT4 " f6 003c 0001 61 0001 74 0000 0001 75 0001 70", 0 },
		{ 0, "10 | " MQTT4 " c2 003c 0001 61 0001 75 0007 00ff01020304 05",
		        0 }, /* a password is bytes */
		/* protocol name and level */
		{ 0, "10 | 0006 4d5149736470 03 02 003c 0001 61", 0x84 },
		{ 0, "10 | 0004 4d515454 03 02 003c 0001 61", 0x84 },
		{ 0, "10 | 0004 4d515454 06 02 003c 0001 61", 0x84 },
		{ 0, "10 | 0004 4d515455 04 02 003c 0001 61", 0x81 },
		{ 0, "10 | 0004 6d717474 04 02 003c 0001 61", 0x81 },
		/* flags */
		{ 0, "11 | " MQTT4 " 02 003c 0001 61", 0x81 },
		{ 0, "10 | " MQTT4 " 03 003c 0001 61", 0x81 },
		{ 0, "10 | " MQTT4 " 0a 003c 0001 61", 0x81 }, /* will QoS, no will */
		{ 0, "10 | " MQTT4 " 22 003c 0001 61", 0x81 }, /* will retain, no will */
		{ 0, "10 | " MQTT4 " 1e 003c 0001 61 0001 74 0001 6d", 0x81 },
		{ 0, "10 | " MQTT4 " 42 003c 0001 61 0001 70", 0x81 }, /* password alone, 3.1.1 */
		{ 0, "10 | " MQTT5 " 42 003c 00 0001 61 0001 70", 0 }, /* and 5 */
		/* lengths */
		{ 0, "10 00", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0001 61 00", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0001", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c", 0x81 },
		{ 0, "10 | " MQTT4 " 06 003c 0001 61 0001 23 0001 6d", 0x81 }, /* will topic "#" */
		{ 0, "10 | " MQTT4 " 06 003c 0001 61 0000 0001 6d", 0x81 },
		/* properties */
		{ 0, "10 | " MQTT5 " 02 003c 05 11 0000003c 0001 61", 0 },
		{ 0, "10 | " MQTT5 " 02 003c 0a 11 0000003c 11 0000003c 0001 61", 0x82 },
		{ 0, "10 | " MQTT5 " 02 003c 03 21 0000 0001 61", 0x82 },
		{ 0, "10 | " MQTT5 " 02 003c 03 21 0001 0001 61", 0 },
		{ 0, "10 | " MQTT5 " 02 003c 05 27 00000000 0001 61", 0x82 },
		{ 0, "10 | " MQTT5 " 02 003c 02 17 02 0001 61", 0x82 },
		{ 0, "10 | " MQTT5 " 02 003c 02 01 01 0001 61", 0x81 }, /* a PUBLISH's */
		{ 0, "10 | " MQTT5 " 02 003c 02 24 01 0001 61", 0x81 }, /* a server's */
		{ 0, "10 | " MQTT5 " 02 003c 02 7f 01 0001 61", 0x81 },
		{ 0, "10 | " MQTT5 " 02 003c 04 16 0001 61 0001 61", 0x82 }, /* data, no method */
		{ 0, "10 | " MQTT5 " 02 003c 04 15 0001 61 0001 61", 0 },
		{ 0, "10 | " MQTT5 " 02 003c 0e 26 0001 61 0001 62 26 0001 61 0001 62 0001 61", 0 },
		{ 0, "10 | " MQTT5 " 02 003c 04 26 0001 61 0001 61", 0x81 }, /* half a pair */
		{ 0, "10 | " MQTT5 " 02 003c 05 0001 61", 0x81 }, /* longer than the packet */
		/* the will's own */
		{ 0, "10 | " MQTT5 " 06 003c 00 0001 61 05 18 0000000a 0001 74 0001 6d", 0 },
		{ 0, "10 | " MQTT5 " 06 003c 00 0001 61 05 11 0000000a 0001 74 0001 6d", 0x81 },
		{ 0, "10 | " MQTT5 " 06 003c 00 0001 61 02 01 02 0001 74 0001 6d", 0x82 },
		{ 0, "10 | " MQTT5 " 06 003c 00 0001 61 04 08 0001 2b 0001 74 0001 6d", 0x82 },
	};
	CHECK(rows);
}

static void test_strings(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ 0, "10 | " MQTT4 " 02 003c 0005 41f0aa9b94", 0 }, /* U+2A6D4 */
		{ 0, "10 | " MQTT4 " 02 003c 0003 efbbbf", 0 },     /* U+FEFF [MQTT-1.5.4-3] */
		{ 0, "10 | " MQTT4 " 02 003c 0001 00", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0001 1f", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0001 7f", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0002 c280", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0002 c2a0", 0 },
		{ 0, "10 | " MQTT4 " 02 003c 0003 eda080", 0x81 },   /* a surrogate */
		{ 0, "10 | " MQTT4 " 02 003c 0003 efbfbf", 0x81 },   /* U+FFFF */
		{ 0, "10 | " MQTT4 " 02 003c 0003 efb790", 0x81 },   /* U+FDD0 */
		{ 0, "10 | " MQTT4 " 02 003c 0003 efb7b0", 0 },      /* U+FDF0 */
		{ 0, "10 | " MQTT4 " 02 003c 0004 f09fbfbe", 0x81 }, /* U+1FFFE */
		{ 0, "10 | " MQTT4 " 02 003c 0004 f09f9880", 0 },    /* U+1F600 */
		{ 0, "10 | " MQTT4 " 02 003c 0002 c0af", 0x81 },
		{ 0, "10 | " MQTT4 " 02 003c 0001 c3", 0x81 },
	};
	CHECK(rows);
}

static void test_publish(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ 4, "30 04 0001 74 6d", 0 },
		{ 4, "30 03 0001 74", 0 },
		{ 4, "32 05 0001 74 0001", 0 },
		{ 4, "3a 05 0001 74 0001", 0 },
		{ 4, "34 05 0001 74 0001", 0 }, /* the session refuses QoS 2, with a reason */
		{ 4, "31 04 0001 74 6d", 0 },
		{ 4, "36 05 0001 74 0001", 0x81 },
		{ 4, "38 04 0001 74 6d", 0x81 },
		{ 4, "32 05 0001 74 0000", 0x82 },
		{ 4, "32 04 0001 74 00", 0x81 },
		{ 4, "30 03 0000 6d", 0x81 },
		{ 4, "30 04 0001 23 6d", 0x81 },
		{ 4, "30 04 0001 2b 6d", 0x81 },
		{ 4, "30 01 00", 0x81 },
		{ 4, "30 00", 0x81 },
		{ 5, "30 05 0001 74 00 6d", 0 },
		{ 5, "30 03 0001 74", 0x81 }, /* no property length */
		{ 5, "30 04 0000 00 6d", 0x82 },
		{ 5, "30 07 0000 03 23 0001 6d", 0 },
		{ 5, "30 08 0001 74 03 23 0000 6d", 0x94 },
		{ 5, "30 08 0001 74 03 23 0001 6d", 0 },
		{ 5, "30 0b 0001 74 06 23 0001 23 0002 6d", 0x82 },
		{ 5, "30 07 0001 74 02 01 01 6d", 0 },
		{ 5, "30 07 0001 74 02 01 02 6d", 0x82 },
		{ 5, "30 09 0001 74 04 08 0001 72 6d", 0 },
		{ 5, "30 08 0001 74 03 08 0000 6d", 0x82 },
		{ 5, "30 09 0001 74 04 08 0001 2b 6d", 0x82 },
		{ 5, "30 07 0001 74 02 0b 01 6d", 0x81 }, /* a server's, here */
		{ 5, "30 09 0001 74 04 03 0001 78 6d", 0 },
		{ 5, "30 09 0001 74 04 1f 0001 78 6d", 0x81 },
		{ 5, "30 06 0001 74 01 01 6d", 0x81 },
	};
	CHECK(rows);
}

static void test_subscribe(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ 4, "82 06 0001 0001 70 00", 0 },
		{ 4, "82 06 0001 0001 70 02", 0 },
		{ 4, "82 06 0001 0001 70 03", 0x81 },
		{ 4, "82 06 0001 0001 70 04", 0x81 }, /* an option of MQTT 5 */
		{ 4, "82 0a 0001 0001 70 00 0001 71 01", 0 },
		{ 4, "80 06 0001 0001 70 00", 0x81 },
		{ 4, "83 06 0001 0001 70 00", 0x81 },
		{ 4, "82 06 0000 0001 70 00", 0x82 },
		{ 4, "82 02 0001", 0x82 },
		{ 4, "82 05 0001 0001 70", 0x81 },
		{ 4, "82 05 0001 0000 00", 0x81 },
		{ 4, "82 07 0001 0001 70 00 00", 0x81 },
		{ 4, "82 0a 0001 0005 61622f2b65 00", 0x81 }, /* ab/+e */
		{ 4, "82 08 0001 0003 232f61 00", 0x81 },     /* #/a */
		{ 4, "82 08 0001 0003 612f23 00", 0 },
		{ 5, "82 07 0001 00 0001 70 2e", 0 },
		{ 5, "82 07 0001 00 0001 70 30", 0x82 },
		{ 5, "82 07 0001 00 0001 70 40", 0x81 },
		{ 5, "82 09 0001 02 0b 01 0001 70 00", 0 },
		{ 5, "82 09 0001 02 0b 00 0001 70 00", 0x82 },
		{ 5, "82 0a 0001 03 0b 8000 0001 70 00", 0x81 }, /* not in its shortest form */
		{ 5, "82 0a 0001 03 0b 8001 0001 70 00", 0 },
		{ 5, "82 0d 0001 06 0b 8080808001 0001 70 00", 0x81 },
		{ 5, "82 10 0001 00 000a 2473686172652f702f70 04",
		        0x82 }, /* $share/p/p, No Local */
		{ 4, "a2 05 0001 0001 70", 0 },
		{ 4, "a2 02 0001", 0x82 },
		{ 4, "a0 05 0001 0001 70", 0x81 },
		{ 5, "a2 06 0001 00 0001 70", 0 },
		{ 5, "a2 08 0001 02 0b 01 0001 70", 0x81 },
	};
	CHECK(rows);
}

static void test_the_rest(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ 4, "40 02 0001", 0 },
		{ 4, "40 02 0000", 0x82 },
		{ 4, "40 03 0001 00", 0x81 },
		{ 4, "40 01 00", 0x81 },
		{ 4, "42 02 0001", 0x81 },
		{ 4, "62 02 0001", 0 },
		{ 4, "60 02 0001", 0x81 },
		{ 4, "70 02 0001", 0 },
		{ 5, "40 03 0001 10", 0 },
		{ 5, "40 03 0001 92", 0x82 },
		{ 5, "62 03 0001 92", 0 },
		{ 5, "62 03 0001 10", 0x82 },
		{ 5, "50 04 0001 00 00", 0 },
		{ 5, "50 05 0001 00 00 00", 0x81 },
		{ 5, "70 08 0001 00 04 1f 0001 70", 0 },
		{ 5, "70 08 0001 00 04 03 0001 70", 0x81 },
		{ 4, "c0 00", 0 },
		{ 4, "c0 01 00", 0x81 },
		{ 4, "c1 00", 0x81 },
		{ 4, "e0 00", 0 },
		{ 4, "e0 01 00", 0x81 },
		{ 5, "e0 00", 0 },
		{ 5, "e0 01 04", 0 },
		{ 5, "e0 01 8b", 0x82 }, /* a server's */
		{ 5, "e0 07 00 05 11 0000000a", 0 },
		{ 5, "f0 00", 0 },
		{ 5, "f0 02 18 00", 0 },
		{ 5, "f0 02 00 00", 0x82 },
		{ 4, "f0 00", 0x81 },
		/* what no client sends */
		{ 5, "00 00", 0x81 },
		{ 5, "20 02 0000", 0x81 },
		{ 5, "90 03 0001 00", 0x81 },
		{ 5, "b0 02 0001", 0x81 },
		{ 5, "d0 00", 0x81 },
		/* the fixed header's length */
		{ 5, "c0 8000", 0x81 },
		{ 4, "c0 8000", 0 },
		{ 4, "c0 80808000", 0 },
		{ 4, "c0 8080808000", 0x81 },
		{ 4, "c0 ffffffff", 0x81 },
		{ 4, "30 ffffff7f", 0x95 },
		{ 4, "30 80", 0x80 },
		{ 4, "30", 0x80 },
		{ 4, "30 02 00", 0x80 },
	};
	CHECK(rows);
}

static void test_fields_are_read(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 16);
	slice bytes = packet_of(&arena, "10 | " MQTT5 " c6 000a 05 11 00000001 0002 6964 "
	                                "09 03 0001 78 18 00000009 "
	                                "0001 74 0002 6d6d 0001 75 0002 7077");
	struct mqtt_frame frame;
	const char *why;
	assert_int_equal(mqtt_cut(bytes, MQTT_VERSION_UNKNOWN, 100, &frame, &why), MQTT_CUT_WHOLE);
	struct mqtt_connect connect;
	unsigned level;
	assert_null(mqtt_connect_parse(&frame, &connect, &level).why);
	assert_int_equal(connect.version, MQTT_VERSION_5);
	assert_int_equal(connect.keep_alive_s, 10);
	assert_true(connect.clean_start && connect.has_will);
	assert_slice(connect.client_id, "id");
	assert_int_equal(connect.properties.session_expiry, 1);
	assert_int_equal(connect.properties.request_problem, 1); /* the default */
	assert_slice(connect.will.topic, "t");
	assert_slice(connect.will.payload, "mm");
	assert_slice(connect.will.properties.content_type, "x");
	assert_int_equal(connect.will.properties.will_delay, 9);
	assert_slice(connect.user, "u");
	assert_slice(connect.password, "pw");
	arena_finish(&arena);
}

static void test_user_properties_are_walked(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 16);
	slice bytes = from_hex(&arena, "30 18 0001 74 13 26 0001 61 0001 62 03 0001 78 "
	                               "26 0001 63 0000 01 01 6d");
	struct mqtt_frame frame;
	const char *why;
	assert_int_equal(mqtt_cut(bytes, MQTT_VERSION_5, 100, &frame, &why), MQTT_CUT_WHOLE);
	struct mqtt_publish publish;
	assert_null(mqtt_publish_parse(&frame, MQTT_VERSION_5, &publish).why);
	assert_int_equal(publish.properties.nusers, 2);
	assert_slice(publish.payload, "m");
	slice all = publish.properties.all, name, value;
	assert_true(mqtt_user_property_next(&all, &name, &value));
	assert_slice(name, "a");
	assert_slice(value, "b");
	assert_true(mqtt_user_property_next(&all, &name, &value));
	assert_slice(name, "c");
	assert_slice(value, "");
	assert_false(mqtt_user_property_next(&all, &name, &value));
	arena_finish(&arena);
}

static void test_filters_match(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *topic;
		bool matches;
	} rows[] = {
		{ "reply/#", "reply/a/b", true },
		{ "reply/#", "reply", true }, /* the parent level too */
		{ "reply/#", "replies", false },
		{ "reply/+", "reply/a", true },
		{ "reply/+", "reply/a/b", false },
		{ "reply/+/b", "reply/a/b", true },
		{ "reply/+/b", "reply//b", true },
		{ "reply/a", "reply/a/", false },
		{ "reply/a", "reply/A", false },
		{ "+/+", "/a", true },
		{ "/+", "/a", true },
		{ "+", "/a", false },
		{ "#", "$SYS/x", false },
		{ "+/x", "$SYS/x", false },
		{ "$SYS/#", "$SYS/x", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (mqtt_filter_matches(slice_of(rows[i].filter), slice_of(rows[i].topic)) !=
		        rows[i].matches)
			fail_msg("%s, %s", rows[i].filter, rows[i].topic);
	}
}

static void assert_packet(slice packet, const char *hex)
{
	struct arena arena;
	arena_init(&arena, 1 << 16);
	assert_slice_equal(packet, from_hex(&arena, hex), __FILE__, __LINE__);
	arena_finish(&arena);
}

static void test_packets_are_written(void **state)
{
	(void)state;
	char buffer[300];
	struct mqtt_writer writer;
	slice none = { NULL, 0 };
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	assert_packet(mqtt_write_ack(&writer, MQTT_VERSION_5, MQTT_TYPE_PUBACK, 0x1234,
	                      MQTT_REASON_SUCCESS, none),
	        "40 02 1234");
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	assert_packet(mqtt_write_ack(&writer, MQTT_VERSION_5, MQTT_TYPE_PUBACK, 1,
	                      MQTT_REASON_NOT_AUTHORIZED, none),
	        "40 03 0001 87");
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	assert_packet(mqtt_write_ack(&writer, MQTT_VERSION_5, MQTT_TYPE_PUBACK, 1,
	                      MQTT_REASON_NOT_AUTHORIZED, SLICE("no")),
	        "40 09 0001 87 05 1f 0002 6e6f");
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	assert_packet(mqtt_write_ack(&writer, MQTT_VERSION_3_1_1, MQTT_TYPE_PUBCOMP, 1,
	                      MQTT_REASON_PACKET_ID_NOT_FOUND, SLICE("no")),
	        "70 02 0001");
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	assert_packet(mqtt_write_disconnect(&writer, MQTT_REASON_PROTOCOL_ERROR, none), "e0 01 82");
	/* A property length of two bytes, and a payload that stands elsewhere. */
	char text[128];
	memset(text, 'x', sizeof text);
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	mqtt_put_binary(&writer, SLICE("t"));
	mqtt_properties_begin(&writer);
	mqtt_property_binary(&writer, MQTT_PROPERTY_CONTENT_TYPE, (slice){ text, sizeof text });
	mqtt_properties_end(&writer);
	slice head = mqtt_writer_end(&writer, MQTT_TYPE_PUBLISH, 0, 1000);
	assert_int_equal(head.n, 3 + 3 + 2 + 3 + sizeof text);
	assert_memory_equal(head.p, "\x30\xf0\x08\x00\x01t\x83\x01\x03\x00\x80xxx", 14);
	/* Exactly enough room, and one byte less. */
	mqtt_writer_init(&writer, buffer, 5 + 2);
	mqtt_put_two(&writer, 1);
	assert_int_equal(mqtt_writer_end(&writer, MQTT_TYPE_PUBACK, 0, 0).n, 4);
	mqtt_writer_init(&writer, buffer, 5 + 1);
	mqtt_put_two(&writer, 1);
	assert_null(mqtt_writer_end(&writer, MQTT_TYPE_PUBACK, 0, 0).p);
}

/* A packet in pieces: MORE at every length but the last, whatever was there before. */
static void test_cut_waits_for_the_rest(void **state)
{
	(void)state;
	static const char packet[] = "\x30\x83\x01\x00\x01t";
	char bytes[3 + 131] = { 0 };
	memcpy(bytes, packet, sizeof packet - 1);
	struct mqtt_frame frame;
	const char *why;
	for (size_t n = 0; n < sizeof bytes; n++)
		assert_int_equal(mqtt_cut((slice){ bytes, n }, MQTT_VERSION_5, 200, &frame, &why),
		        MQTT_CUT_MORE);
	assert_int_equal(mqtt_cut((slice){ bytes, sizeof bytes }, MQTT_VERSION_5, sizeof bytes,
	                         &frame, &why),
	        MQTT_CUT_WHOLE);
	/* At the limit it is whole; one past it, it is refused by its header alone. */
	assert_int_equal(
	        mqtt_cut((slice){ bytes, 3 }, MQTT_VERSION_5, sizeof bytes - 1, &frame, &why),
	        MQTT_CUT_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_subscribe),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_fields_are_read),
		cmocka_unit_test(test_user_properties_are_walked),
		cmocka_unit_test(test_filters_match),
		cmocka_unit_test(test_packets_are_written),
		cmocka_unit_test(test_cut_waits_for_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
