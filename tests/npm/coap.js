// A node-coap client. Argument: { host, port, requests: [{ method, path, query, payload, options, confirmable, observe,
// block }] }; `block` (0 to 6, for 16 to 1024 bytes) has the payload sent in blocks. Sends the requests one after the other and
// prints what comes: { event: "response", index, code, format, payload, … }. An observed resource goes on printing
// { event: "notification", … } until the process is ended.
"use strict";
const coap = require("coap");

const given = JSON.parse(process.argv[2]);
const say = (event, more) => console.log(JSON.stringify({ event, ...more }));

// Later: the client's agent closes its socket after the answer, and opens one for the next request.
const next = (index) => setImmediate(() => send(index));

function send(index) {
	const one = given.requests[index];
	if (!one) {
		if (!given.requests.some((request) => request.observe)) process.exit(0);
		return;
	}
	const request = coap.request({ host: given.host, port: given.port, method: one.method || "GET", pathname: one.path,
		query: one.query, observe: one.observe || false, confirmable: one.confirmable !== false, options: one.options });
	if (one.block !== undefined) request.setOption("Block1", Buffer.from([one.block]));
	const tell = (event, response, payload) => say(event, { index, code: response.code, payload: payload.toString(),
		hex: payload.toString("hex"), format: response.headers["Content-Format"], observe: response.headers.Observe });
	request.on("response", (response) => {
		if (!one.observe) {
			tell("response", response, response.payload);
			next(index + 1);
			return;
		}
		let first = true;
		response.on("data", (payload) => {
			tell(first ? "response" : "notification", response, payload);
			if (first) next(index + 1);
			first = false;
		});
	});
	request.on("error", (error) => {
		say("error", { index, message: error.message });
		next(index + 1);
	});
	request.end(one.payload);
}

send(0);
