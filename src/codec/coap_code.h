/* coap_code: CoAP's codes (RFC 7252 sections 5.8, 5.9, 12.1) and what they mean in the words of this gateway. Pure.
 *
 * This is the direction of a backend that is a CoAP server: a call becomes a request code, a response code
 * becomes a status. How a status becomes a code for a caller is in adapters/coap/answer.c. */
#ifndef CODEC_COAP_CODE_H
#define CODEC_COAP_CODE_H

#include "api/message.h"

/* "class.detail" in one byte: COAP_CODE(4, 4) is 4.04. */
#define COAP_CODE(class, detail) ((unsigned char)((class) << 5 | (detail)))

/* The request code for a method; 0: CoAP has none. HEAD becomes GET: CoAP cannot ask for the options alone, so the
 * caller of this leaves the payload out of the answer. */
unsigned char coap_code_method(enum method);

/* What a response code says about a request of this method, as RFC 8075 section 7 maps it, with the thoughts of a
 * gateway (backend/http_exchange.c has the same for HTTP's codes): a refusal that the caller can act on is passed on
 * as such; one that is about this gateway (4.01: its own credentials; 5.05: no proxy) or that only a fault of the two
 * can explain (4.02, 4.08, an unknown code) is STATUS_BAD_BACKEND. `code` is any byte: what is no response, an empty
 * message or a request, is STATUS_BAD_BACKEND too, as is 2.31, which belongs inside of a transfer of blocks. Codes
 * that are not assigned count as the x.00 of their class (RFC 7252 section 5.9). */
enum status coap_code_status(unsigned code, enum method);

#endif
