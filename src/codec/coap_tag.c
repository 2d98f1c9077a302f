#include "codec/coap_tag.h"

#include "base/hex.h"

unsigned coap_tag_read(slice text, char tag[COAP_TAG_MAX])
{
	if (text.n < 4 || text.n > 2 + 2 * COAP_TAG_MAX || text.p[0] != '"' ||
	        text.p[text.n - 1] != '"')
		return 0;
	slice digits = { text.p + 1, text.n - 2 };
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] >= 'A' && digits.p[i] <= 'F')
			return 0; /* another text, so another tag */
	}
	return hex_decode(digits, tag) ? (unsigned)(digits.n / 2) : 0;
}

void coap_tag_write(struct text *text, slice tag)
{
	text_char(text, '"');
	text_hex(text, tag);
	text_char(text, '"');
}
