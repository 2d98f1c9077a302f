/* Both ways through one table. Left out of the registry are the entries with a content coding (deflate), for a
 * media type alone would not say so; multipart-core, whose parts nothing here reads; those that belong to the
 * machinery of one other protocol (DOTS, EDHOC, OSCORE, voucher); and what was registered for a time only. A body in
 * one of these is refused with 4.15 rather than handed on under a wrong name. */
#include "codec/content_format.h"

#include "base/media.h"

static const struct {
	uint16_t number;
	slice media;
} table[] = {
	{ 0, SLICE_INIT("text/plain;charset=utf-8") },
	{ 16, SLICE_INIT("application/cose;cose-type=\"cose-encrypt0\"") },
	{ 17, SLICE_INIT("application/cose;cose-type=\"cose-mac0\"") },
	{ 18, SLICE_INIT("application/cose;cose-type=\"cose-sign1\"") },
	{ 19, SLICE_INIT("application/ace+cbor") },
	{ 21, SLICE_INIT("image/gif") },
	{ 22, SLICE_INIT("image/jpeg") },
	{ 23, SLICE_INIT("image/png") },
	{ 40, SLICE_INIT("application/link-format") },
	{ 41, SLICE_INIT("application/xml") },
	{ 42, SLICE_INIT("application/octet-stream") },
	{ 47, SLICE_INIT("application/exi") },
	{ 50, SLICE_INIT("application/json") },
	{ 51, SLICE_INIT("application/json-patch+json") },
	{ 52, SLICE_INIT("application/merge-patch+json") },
	{ 60, SLICE_INIT("application/cbor") },
	{ 61, SLICE_INIT("application/cwt") },
	{ 63, SLICE_INIT("application/cbor-seq") },
	{ 96, SLICE_INIT("application/cose;cose-type=\"cose-encrypt\"") },
	{ 97, SLICE_INIT("application/cose;cose-type=\"cose-mac\"") },
	{ 98, SLICE_INIT("application/cose;cose-type=\"cose-sign\"") },
	{ 101, SLICE_INIT("application/cose-key") },
	{ 102, SLICE_INIT("application/cose-key-set") },
	{ 110, SLICE_INIT("application/senml+json") },
	{ 111, SLICE_INIT("application/sensml+json") },
	{ 112, SLICE_INIT("application/senml+cbor") },
	{ 113, SLICE_INIT("application/sensml+cbor") },
	{ 114, SLICE_INIT("application/senml-exi") },
	{ 115, SLICE_INIT("application/sensml-exi") },
	{ 140, SLICE_INIT("application/yang-data+cbor;id=sid") },
	{ 256, SLICE_INIT("application/coap-group+json") },
	{ 257, SLICE_INIT("application/concise-problem-details+cbor") },
	{ 258, SLICE_INIT("application/swid+cbor") },
	{ 259, SLICE_INIT("application/pkixcmp") },
	{ 260, SLICE_INIT("application/yang-sid+json") },
	{ 261, SLICE_INIT("application/ace-groupcomm+cbor") },
	{ 280, SLICE_INIT("application/pkcs7-mime;smime-type=server-generated-key") },
	{ 281, SLICE_INIT("application/pkcs7-mime;smime-type=certs-only") },
	{ 284, SLICE_INIT("application/pkcs8") },
	{ 285, SLICE_INIT("application/csrattrs") },
	{ 286, SLICE_INIT("application/pkcs10") },
	{ 287, SLICE_INIT("application/pkix-cert") },
	{ 290, SLICE_INIT("application/aif+cbor") },
	{ 291, SLICE_INIT("application/aif+json") },
	{ 310, SLICE_INIT("application/senml+xml") },
	{ 311, SLICE_INIT("application/sensml+xml") },
	{ 320, SLICE_INIT("application/senml-etch+json") },
	{ 322, SLICE_INIT("application/senml-etch+cbor") },
	{ 340, SLICE_INIT("application/yang-data+cbor") },
	{ 341, SLICE_INIT("application/yang-data+cbor;id=name") },
	{ 432, SLICE_INIT("application/td+json") },
	{ 433, SLICE_INIT("application/tm+json") },
	{ 10000, SLICE_INIT("application/vnd.ocf+cbor") },
	{ 10002, SLICE_INIT("application/javascript") },
	{ 11542, SLICE_INIT("application/vnd.oma.lwm2m+tlv") },
	{ 11543, SLICE_INIT("application/vnd.oma.lwm2m+json") },
	{ 11544, SLICE_INIT("application/vnd.oma.lwm2m+cbor") },
	{ 20000, SLICE_INIT("text/css") },
	{ 30000, SLICE_INIT("image/svg+xml") },
};

enum { TABLE_ROWS = sizeof table / sizeof *table };

slice content_format_media(uint32_t number)
{
	for (unsigned i = 0; i < TABLE_ROWS; i++) {
		if (table[i].number == number)
			return table[i].media;
	}
	return (slice){ NULL, 0 };
}

/* Equal but for white space and the case of letters: "a/b; c=d" is "A/B;c=d". */
static bool same_media(slice a, slice b)
{
	slice rest_a = a, rest_b = b;
	while (rest_a.p && rest_b.p) {
		slice part_a = slice_trim(slice_cut(&rest_a, ';'));
		slice part_b = slice_trim(slice_cut(&rest_b, ';'));
		if (!slice_equal_nocase(part_a, part_b))
			return false;
	}
	return !rest_a.p && !rest_b.p;
}

int content_format_number(slice media)
{
	for (unsigned i = 0; i < TABLE_ROWS; i++) {
		if (same_media(table[i].media, media))
			return table[i].number;
	}
	/* "application/json; charset=utf-8" is application/json. */
	slice type = media_type(media);
	if (slice_equal_nocase(type, SLICE("text/plain")))
		return media_is_utf8(media) ? 0 : -1;
	for (unsigned i = 0; i < TABLE_ROWS; i++) {
		if (slice_equal_nocase(table[i].media, type))
			return table[i].number;
	}
	return -1;
}

static bool ends(slice media, slice suffix)
{
	return media.n > suffix.n &&
	       slice_equal_nocase(slice_from(media, media.n - suffix.n), suffix);
}

int content_format_loose(slice media)
{
	enum { TEXT = 0, XML = 41, JSON = 50, CBOR = 60 };
	int number = content_format_number(media);
	slice type = media_type(media);
	if (number >= 0)
		return number;
	if (ends(type, SLICE("+json")))
		return JSON;
	if (ends(type, SLICE("+cbor")))
		return CBOR;
	if (ends(type, SLICE("+xml")) || slice_equal_nocase(type, SLICE("text/xml")))
		return XML;
	return media_matches(SLICE("text/*"), type) && media_is_utf8(media) ? TEXT : -1;
}
