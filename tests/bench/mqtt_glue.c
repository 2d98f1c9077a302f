/* mqtt_glue: the yardstick for MQTT -> REST: what a user would write beside a Mosquitto broker: subscribe with libmosquitto,
 * POST each message to a REST backend over one kept-alive connection.
 *
 *   mqtt_glue BROKER_HOST BROKER_PORT SINK_HOST SINK_PORT */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int sink;

static void forward(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	(void)client;
	(void)arg;
	char request[4096], answer[4096];
	int n = snprintf(request, sizeof request,
	        "POST /%s HTTP/1.1\r\nHost: sink\r\nContent-Type: "
	        "application/json\r\nContent-Length: %d\r\n\r\n%.*s",
	        message->topic, message->payloadlen, message->payloadlen,
	        (const char *)message->payload);
	if (write(sink, request, (size_t)n) != n || read(sink, answer, sizeof answer) <= 0)
		exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in where = { .sin_family = AF_INET };
	if (argc != 5 || inet_pton(AF_INET, argv[3], &where.sin_addr) != 1)
		return 2;
	where.sin_port = htons((uint16_t)strtoul(argv[4], NULL, 10));
	sink = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;
	(void)setsockopt(sink, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(sink, (struct sockaddr *)&where, sizeof where) != 0)
		return 1;
	(void)mosquitto_lib_init();
	struct mosquitto *client = mosquitto_new("glue", true, NULL);
	mosquitto_message_callback_set(client, forward);
	if (mosquitto_connect(client, argv[1], (int)strtol(argv[2], NULL, 10), 60) !=
	        MOSQ_ERR_SUCCESS)
		return 1;
	(void)mosquitto_subscribe(client, NULL, "ships/#", 1);
	return mosquitto_loop_forever(client, -1, 1);
}
