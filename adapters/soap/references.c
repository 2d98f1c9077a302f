/* Multi-reference values (SOAP 1.1 section 5.2.1, SOAP 1.2 part 2 section 3.1.5): <a href="#id0"/> in the
 * operation stands for what <multiRef id="id0">…</multiRef>, an independent element of the Body, holds.
 *
 * What is referred to is hung below the element that refers to it, so that xml_members() sees a tree. Simple
 * values may be shared by many references. A compound one is taken once and gone then: else a document of a few
 * lines could stand for a tree of any size, or for one without an end.
 *
 * Without independent elements an href is an attribute like any other. */
#include "adapters/soap/call.h"

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

/* The link to the independent element of this id, or to the end of the chain. */
static struct xml_element **find_target(struct xml_element *operation, slice id)
{
	struct xml_element **link = &operation->next;
	while (*link && !slice_equal(id_of(*link), id))
		link = &(*link)->next;
	return link;
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

static bool follow(struct xml_element *operation, struct xml_element *element, struct error *error)
{
	slice id = reference_of(element);
	if (!id.p)
		return true;
	struct xml_element **link = find_target(operation, id);
	struct xml_element *target = *link;
	if (!target)
		return error_set(error,
		        "<%.*s> refers to \"%.*s\", which is not there or has its place already",
		        SLICE_ARG(element->name), SLICE_ARG(id));
	if (reference_of(target).p)
		return error_set(error, "\"%.*s\" is a reference to a reference", SLICE_ARG(id));
	graft(element, target);
	if (target->children)
		*link = target->next;
	return true;
}

static bool resolve(struct xml_element *operation, struct xml_element *parent, unsigned depth,
        struct error *error)
{
	if (depth == XML_DEPTH_MAX)
		return error_set(error, "the references nest too deep");
	for (struct xml_element *at = parent->children; at; at = at->next) {
		if (!follow(operation, at, error) || !resolve(operation, at, depth + 1, error))
			return false;
	}
	return true;
}

bool soap_references_resolve(struct xml_element *operation, struct error *error)
{
	return !operation->next || resolve(operation, operation, 0, error);
}
