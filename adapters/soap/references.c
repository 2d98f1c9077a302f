/* Multi-reference values (SOAP 1.1 section 5.2.1, SOAP 1.2 part 2 section 3.1.5): <a href="#id0"/> in the
 * operation stands for what <multiRef id="id0">…</multiRef>, an independent element of the Body, holds.
 *
 * What is referred to is hung below the element that refers to it, so that xml_members() sees a tree. Simple
 * values may be shared by many references. A compound one is taken once and gone then: else a document of a few
 * lines could stand for a tree of any size, or for one without an end.
 *
 * Without independent elements an href is an attribute like any other. */
#include "adapters/soap/call.h"

#include <stdlib.h>

/* The id referred to; { NULL, 0 }: the element refers to nothing. */
static slice reference_of(const struct xml_element *element)
{
	slice reference = xml_attribute_get(element, "", "href");
	if (slice_starts(reference, SLICE("#")))
		return slice_from(reference, 1);
	return xml_attribute_get(element, XML_SOAP_12_ENCODING, "ref");
}

static slice id_of(const struct xml_element *element)
{
	slice id = xml_attribute_get(element, "", "id");
	return id.p ? id : xml_attribute_get(element, XML_SOAP_12_ENCODING, "id");
}

/* An independent element. */
struct target {
	slice id;
	const struct xml_element *element;
	size_t place; /* in the Body */
	bool taken;
};

/* In the order of their ids, so that a message of thousands of references costs no more than its length. */
struct targets {
	struct target *at;
	size_t n;
};

static int compare_ids(slice a, slice b)
{
	int order = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_id(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = compare_ids(x->id, y->id);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static bool collect(struct arena *arena, const struct xml_element *first, struct targets *targets)
{
	targets->n = 0;
	for (const struct xml_element *at = first; at; at = at->next)
		targets->n++;
	targets->at = arena_alloc(arena, targets->n * sizeof *targets->at);
	if (!targets->at)
		return false;
	size_t place = 0;
	for (const struct xml_element *at = first; at; at = at->next, place++)
		targets->at[place] = (struct target){ id_of(at), at, place, false };
	qsort(targets->at, targets->n, sizeof *targets->at, by_id);
	return true;
}

/* The first of this id, or NULL. */
static struct target *find(const struct targets *targets, slice id)
{
	size_t low = 0, high = targets->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_ids(targets->at[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < targets->n && slice_equal(targets->at[low].id, id);
	return found ? &targets->at[low] : NULL;
}

/* `element` becomes what `target` is, but for its name and its place. */
static void graft(struct xml_element *element, const struct xml_element *target)
{
	element->text = target->text;
	element->type = target->type;
	element->nil = target->nil;
	element->attributes = NULL;
	element->children = target->children;
	element->nchildren = target->nchildren;
}

static bool follow(const struct targets *targets, struct xml_element *element, struct error *error)
{
	slice id = reference_of(element);
	if (!id.p)
		return true;
	struct target *target = find(targets, id);
	if (!target || target->taken)
		return error_set(error,
		        "<%.*s> refers to \"%.*s\", which is not there or has its place already",
		        SLICE_ARG(element->name), SLICE_ARG(id));
	if (reference_of(target->element).p)
		return error_set(error, "\"%.*s\" is a reference to a reference", SLICE_ARG(id));
	graft(element, target->element);
	target->taken = target->element->children != NULL;
	return true;
}

static bool resolve(const struct targets *targets, struct xml_element *parent, unsigned depth,
        struct error *error)
{
	if (depth == XML_DEPTH_MAX)
		return error_set(error, "the references nest too deep");
	for (struct xml_element *at = parent->children; at; at = at->next) {
		if (!follow(targets, at, error) || !resolve(targets, at, depth + 1, error))
			return false;
	}
	return true;
}

bool soap_references_resolve(
        struct arena *arena, struct xml_element *operation, struct error *error)
{
	struct targets targets;
	if (!operation->next)
		return true;
	if (!collect(arena, operation->next, &targets))
		return error_set(error, "no memory left for this message");
	return resolve(&targets, operation, 0, error);
}
