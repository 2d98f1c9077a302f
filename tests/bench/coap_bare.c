/* coap_bare: the yardstick for CoAP: libcoap alone, a POST handler that answers 2.04 and does nothing else.
 *
 *   coap_bare HOST PORT */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

static void post(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
        const coap_string_t *query, coap_pdu_t *response)
{
	(void)resource;
	(void)session;
	(void)request;
	(void)query;
	coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

int main(int argc, char **argv)
{
	coap_address_t address;
	coap_startup();
	coap_address_init(&address);
	address.size = sizeof address.addr.sin;
	address.addr.sin.sin_family = AF_INET;
	if (argc != 3 || inet_pton(AF_INET, argv[1], &address.addr.sin.sin_addr) != 1)
		return 2;
	address.addr.sin.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	coap_context_t *context = coap_new_context(NULL);
	if (!context || !coap_new_endpoint(context, &address, COAP_PROTO_UDP))
		return 1;
	coap_resource_t *resource = coap_resource_unknown_init(post);
	coap_register_handler(resource, COAP_REQUEST_POST, post);
	coap_add_resource(context, resource);
	for (;;)
		(void)coap_io_process(context, COAP_IO_WAIT);
}
