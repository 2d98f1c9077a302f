/* Devices behind backends: which one a request is for, and what may come to it.
 *
 * A backend that calls devices has a template of their names ("{device}", "valve-{number}"), which the variables of
 * the endpoint's path fill; names are plain text, paths are percent-encoded. */
#include "base/text.h"
#include "base/uri.h"

#include "core/internal.h"
#include "core/router.h"

bool device_find(struct request *request)
{
	slice template = request->endpoint->device;
	if (!template.n || request->device.n)
		return true;
	slice missing;
	slice encoded = router_expand(
	        &request->arena, template, request->variables, request->nvariables, &missing);
	request->device = encoded.p ? uri_decode(&request->arena, encoded) : encoded;
	return request->device.p != NULL;
}

/* Takes the device's name apart by a template of one variable; `encoded` is made in `arena`. false: this template gives
 * no such name. Of several variables none is known: they stay empty. */
static bool known_variable(
        struct arena *arena, slice template, slice device, struct variable *known)
{
	*known = (struct variable){ 0 };
	size_t open = slice_find(template, '{');
	slice before = { template.p, open };
	if (!slice_starts(device, before))
		return false;
	if (open == template.n)
		return slice_equal(device, template);
	slice after = slice_from(template, open + 1), value = slice_from(device, open);
	slice name = slice_cut(&after, '}');
	if (slice_find(after, '{') < after.n)
		return true;
	if (value.n <= after.n || !slice_equal(slice_from(value, value.n - after.n), after))
		return false;
	value.n -= after.n;
	struct text segment;
	text_init(&segment, arena, value.n + 8);
	uri_segment_add(&segment, value);
	known->value = slice_from(text_slice(&segment), 1);
	known->name = known->value.n ? name : known->value;
	return true;
}

/* May a segment of a template be this one? All that stands after an unknown variable may be anything. */
static bool segment_may_be(slice template, slice segment, const struct variable *known)
{
	for (;;) {
		size_t open = slice_find(template, '{');
		if (!slice_starts(segment, (slice){ template.p, open }))
			return false;
		segment = slice_from(segment, open);
		if (open == template.n)
			return segment.n == 0;
		template = slice_from(template, open + 1);
		slice name = slice_cut(&template, '}');
		if (!known->name.n || !slice_equal(name, known->name))
			return segment.n > 0;
		if (!slice_starts(segment, known->value))
			return false;
		segment = slice_from(segment, known->value.n);
	}
}

static bool may_overlap(slice template, slice pattern, const struct variable *known)
{
	template = slice_from(template, 1);
	pattern = slice_from(pattern, 1);
	while (pattern.p) {
		slice wanted = slice_cut(&pattern, '/');
		if (slice_is(wanted, "#"))
			return true;
		if (!template.p)
			return false;
		slice part = slice_cut(&template, '/');
		/* The * of a path, and {*} in a call's, are any number of segments. */
		if (slice_is(part, "*") || memmem(part.p, part.n, "{*}", 3))
			return true;
		if (!slice_is(wanted, "+") && !segment_may_be(part, wanted, known))
			return false;
	}
	return !template.p;
}

bool command_may_come(const struct adapter *adapter, slice pattern, slice device)
{
	enum { SCRATCH_BYTES = 256 * 1024 };
	const struct configuration *configuration = adapter->core->current;
	struct arena scratch;
	arena_init(&scratch, SCRATCH_BYTES);
	bool may = false;
	for (unsigned i = 0; i < configuration->nendpoints && !may; i++) {
		const struct endpoint_setup *setup = &configuration->endpoints[i];
		const struct endpoint *endpoint = &setup->endpoint;
		struct variable known;
		may = setup->to && slice_is(setup->to->listener, adapter->label) &&
		      known_variable(&scratch, endpoint->device, device, &known) &&
		      may_overlap(endpoint->call.path.n ? endpoint->call.path : endpoint->path,
		              pattern, &known);
	}
	arena_finish(&scratch);
	return may;
}
