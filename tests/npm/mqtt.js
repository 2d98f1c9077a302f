// An MQTT.js client that does what it is told. Argument: { url, options }. Instructions, one JSON text a line:
//   { "publish": TOPIC, "payload": TEXT, "options": {…} }   { "subscribe": FILTER, "options": {…} }
//   { "unsubscribe": FILTER }   { "end": true }   { "drop": true } (the connection goes without DISCONNECT)
// A message whose topic is in `answers` (argument) is answered on its response topic, or on reply/TOPIC.
"use strict";
const mqtt = require("mqtt");
const readline = require("readline");

const given = JSON.parse(process.argv[2]);
const say = (event, more) => console.log(JSON.stringify({ event, ...more }));
if (given.options && given.options.ca) given.options.ca = require("fs").readFileSync(given.options.ca);
const client = mqtt.connect(given.url, { reconnectPeriod: 0, connectTimeout: 20000, ...given.options });

client.on("connect", (connack) => say("connect", { connack }));
client.on("close", () => say("close"));
client.on("error", (error) => say("error", { message: error.message, code: error.code }));
client.on("disconnect", (packet) => say("disconnect", { reasonCode: packet.reasonCode, properties: packet.properties }));
client.on("message", (topic, payload, packet) => {
	const properties = packet.properties || {};
	say("message", { topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain,
		userProperties: properties.userProperties, contentType: properties.contentType,
		correlation: properties.correlationData && properties.correlationData.toString("hex") });
	const answer = given.answers && given.answers[topic];
	if (answer === undefined) return;
	client.publish(properties.responseTopic || "reply/" + topic, answer, { qos: 1,
		properties: properties.correlationData ? { correlationData: properties.correlationData } : undefined });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
	const told = JSON.parse(line);
	if (told.publish)
		client.publish(told.publish, told.payload, told.options || {}, (error, packet) =>
			say("published", { topic: told.publish, error: error && error.message, code: error && error.code,
				reasonCode: packet && packet.reasonCode }));
	else if (told.subscribe)
		client.subscribe(told.subscribe, told.options || { qos: 1 }, (error, granted) =>
			say("subscribed", { filter: told.subscribe, error: error && error.message, granted }));
	else if (told.unsubscribe)
		client.unsubscribe(told.unsubscribe, (error) => say("unsubscribed", { error: error && error.message }));
	else if (told.drop)
		client.stream.destroy();
	else if (told.end)
		client.end(false, () => process.exit(0));
});
