/* xml_value: what elements mean. The rules stand in codec/xml/xml.h.
 *
 * Siblings of one name become a list, so each child is looked up among the names seen before it: by looking
 * through them while there are few, in a table under the process's keyed hash when there may be many. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/random.h"
#include "codec/xml/xml.h"

enum { FEW = 16 };

struct mapping {
	struct arena *arena;
	struct error *error;
};

static struct value *element_value(
        const struct mapping *, const struct xml_element *, unsigned depth);

/* Makes NULL (a constructor that was over budget) an error with words. */
static struct value *made(const struct mapping *mapping, struct value *value)
{
	if (!value)
		(void)error_set(mapping->error, "XML: needs more memory than a message may take");
	return value;
}

/* An integer in JSON's grammar, "-0" excepted. false: none, or beyond 64 bits. */
static bool parse_integer(slice text, bool *negative, uint64_t *magnitude)
{
	*negative = text.n && text.p[0] == '-';
	slice digits = *negative ? slice_from(text, 1) : text;
	uint64_t sum = 0;
	if (!digits.n || digits.n > 20 || (digits.p[0] == '0' && (digits.n > 1 || *negative)))
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		unsigned digit = (unsigned)(unsigned char)digits.p[i] - '0';
		if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*magnitude = sum;
	return !*negative || sum <= UINT64_C(1) << 63;
}

static struct value *integer_value(struct arena *arena, bool negative, uint64_t magnitude)
{
	if (!negative)
		return value_uint(arena, magnitude);
	return value_int(arena, -(int64_t)(magnitude - 1) - 1);
}

static struct value *double_value(struct arena *arena, double number, slice literal)
{
	struct value *value = value_double(arena, number);
	if (value)
		value->literal = literal;
	return value;
}

static bool has_fraction_or_exponent(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.' || text.p[i] == 'e' || text.p[i] == 'E')
			return true;
	}
	return false;
}

enum reading { READS_AS_TEXT, READS_AS_BOOL, READS_AS_INTEGER, READS_AS_DOUBLE };

struct lexical {
	enum reading reading;
	bool boolean, negative;
	uint64_t magnitude;
	double number;
};

/* Rules 3 to 5 on text without white space around it. */
static struct lexical read_lexical(slice text)
{
	struct lexical found = { .reading = READS_AS_TEXT };
	char first = text.n ? text.p[0] : '\0';
	if (first == '-' || (first >= '0' && first <= '9')) {
		if (parse_integer(text, &found.negative, &found.magnitude))
			found.reading = READS_AS_INTEGER;
		else if ((has_fraction_or_exponent(text) || slice_is(text, "-0")) &&
		         number_parse(text, &found.number))
			found.reading = READS_AS_DOUBLE;
	} else if (slice_is(text, "true") || slice_is(text, "false")) {
		found.reading = READS_AS_BOOL;
		found.boolean = first == 't';
	}
	return found;
}

bool xml_stays_text(slice text)
{
	return read_lexical(slice_trim(text)).reading == READS_AS_TEXT;
}

static struct value *untyped_value(const struct mapping *mapping, slice text)
{
	slice trimmed = slice_trim(text);
	struct lexical found = read_lexical(trimmed);
	struct value *value = NULL;
	switch (found.reading) {
	case READS_AS_TEXT:
		value = value_text(mapping->arena, text);
		break;
	case READS_AS_BOOL:
		value = value_bool(mapping->arena, found.boolean);
		break;
	case READS_AS_INTEGER:
		value = integer_value(mapping->arena, found.negative, found.magnitude);
		break;
	case READS_AS_DOUBLE:
		value = double_value(mapping->arena, found.number, trimmed);
		break;
	}
	return made(mapping, value);
}

static slice skip_digits(slice *rest)
{
	slice digits = { rest->p, 0 };
	while (digits.n < rest->n && rest->p[digits.n] >= '0' && rest->p[digits.n] <= '9')
		digits.n++;
	*rest = slice_from(*rest, digits.n);
	return digits;
}

/* XML Schema's notation of a number ("+5", "007", ".5", "5.") in JSON's. { NULL, 0 }: over budget; what is no
 * number stays none. */
static slice json_literal(struct arena *arena, slice rest)
{
	struct text literal;
	text_init(&literal, arena, rest.n + 2);
	if (rest.n && rest.p[0] == '-')
		text_char(&literal, '-');
	if (rest.n && (rest.p[0] == '-' || rest.p[0] == '+'))
		rest = slice_from(rest, 1);
	slice whole = skip_digits(&rest), fraction = { NULL, 0 };
	if (rest.n && rest.p[0] == '.') {
		rest = slice_from(rest, 1);
		fraction = skip_digits(&rest);
	}
	if (!whole.n && !fraction.n)
		return SLICE("");
	while (whole.n > 1 && whole.p[0] == '0')
		whole = slice_from(whole, 1);
	text_slice_add(&literal, whole.n ? whole : SLICE("0"));
	if (fraction.n)
		text_char(&literal, '.');
	text_slice_add(&literal, fraction);
	text_slice_add(&literal, rest);
	return text_slice(&literal);
}

static struct value *disagrees(const struct mapping *mapping, const struct xml_element *element)
{
	(void)error_set(mapping->error,
	        "XML: the content of <%.*s> is not of the type that its xsi:type says",
	        SLICE_ARG(element->name));
	return NULL;
}

static struct value *number_value(
        const struct mapping *mapping, const struct xml_element *element, bool whole)
{
	slice text = slice_trim(element->text);
	if (!whole && (slice_is(text, "INF") || slice_is(text, "-INF") || slice_is(text, "NaN")))
		return made(mapping, value_text(mapping->arena, text));
	slice literal = json_literal(mapping->arena, text);
	if (!literal.p)
		return made(mapping, NULL);
	bool negative;
	uint64_t magnitude;
	if (whole && slice_is(literal, "-0"))
		literal = SLICE("0");
	if (whole && parse_integer(literal, &negative, &magnitude))
		return made(mapping, integer_value(mapping->arena, negative, magnitude));
	double number;
	if ((whole && has_fraction_or_exponent(literal)) || !number_parse(literal, &number))
		return disagrees(mapping, element);
	return made(mapping, double_value(mapping->arena, number, literal));
}

static struct value *boolean_value(const struct mapping *mapping, const struct xml_element *element)
{
	slice text = slice_trim(element->text);
	bool yes = slice_is(text, "true") || slice_is(text, "1");
	if (!yes && !slice_is(text, "false") && !slice_is(text, "0"))
		return disagrees(mapping, element);
	return made(mapping, value_bool(mapping->arena, yes));
}

static slice without_spaces(struct arena *arena, slice text)
{
	char *to = arena_alloc_raw(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; to && i < text.n; i++) {
		if (!memchr(" \t\r\n", text.p[i], 4))
			to[n++] = text.p[i];
	}
	return (slice){ to, n };
}

static struct value *bytes_value(const struct mapping *mapping, const struct xml_element *element)
{
	slice bytes, text = without_spaces(mapping->arena, element->text);
	if (!text.p)
		return made(mapping, NULL);
	if (element->type == XML_TYPE_BASE64) {
		if (!base64_decode(mapping->arena, text, &bytes))
			return disagrees(mapping, element);
	} else {
		char *to = arena_alloc_raw(mapping->arena, text.n / 2 + 1);
		if (!to)
			return made(mapping, NULL);
		if (!hex_decode(text, to))
			return disagrees(mapping, element);
		bytes = (slice){ to, text.n / 2 };
	}
	return made(mapping, value_bytes(mapping->arena, bytes));
}

/* An element without child elements, by its declared type. */
static struct value *text_value(const struct mapping *mapping, const struct xml_element *element)
{
	switch (element->type) {
	case XML_TYPE_TEXT:
		return made(mapping, value_text(mapping->arena, element->text));
	case XML_TYPE_INTEGER:
		return number_value(mapping, element, true);
	case XML_TYPE_NUMBER:
		return number_value(mapping, element, false);
	case XML_TYPE_BOOLEAN:
		return boolean_value(mapping, element);
	case XML_TYPE_BASE64:
	case XML_TYPE_HEX:
		return bytes_value(mapping, element);
	case XML_TYPE_NONE:
	case XML_TYPE_LIST:
		break;
	}
	return untyped_value(mapping, element->text);
}

/* Marks of the envelope and the encoding, not of what is said. */
static bool is_dropped(const struct xml_attribute *attribute)
{
	return slice_is(attribute->namespace, XML_SOAP_11) ||
	       slice_is(attribute->namespace, XML_SOAP_12) ||
	       slice_is(attribute->namespace, XML_SOAP_11_ENCODING) ||
	       slice_is(attribute->namespace, XML_SOAP_12_ENCODING);
}

/* The members that have one name. */
struct group {
	struct value *member;
	bool repeated; /* `member` is the list that we made of them */
};

struct names {
	struct group *groups;
	size_t mask; /* of a hash table; 0: `n` groups in a row */
	size_t n;
};

static bool names_init(struct names *names, struct arena *arena, unsigned nmembers)
{
	size_t size = FEW;
	*names = (struct names){ NULL, 0, 0 };
	if (nmembers > FEW) {
		while (size < 2 * (size_t)nmembers)
			size *= 2;
		names->mask = size - 1;
	}
	names->groups = arena_alloc(arena, size * sizeof *names->groups);
	return names->groups;
}

/* The group of this name, or the empty place for it. */
static struct group *find_group(struct names *names, slice name)
{
	size_t at = 0;
	if (names->mask)
		at = (size_t)random_keyed_hash(name.p, name.n) & names->mask;
	while (names->groups[at].member && !slice_equal(names->groups[at].member->key, name)) {
		at++;
		if (names->mask)
			at &= names->mask;
	}
	return &names->groups[at];
}

/* Turns the one member into a list of it: in its place, under its key. */
static bool make_list(struct arena *arena, struct group *group)
{
	struct value *first = ARENA_NEW(arena, struct value);
	if (!first)
		return false;
	struct value *member = group->member;
	*first = *member;
	first->next = NULL;
	member->kind = VALUE_LIST;
	member->count = 0;
	member->literal = (slice){ NULL, 0 };
	member->as.members.first = member->as.members.last = NULL;
	group->repeated = true;
	return value_append(member, first);
}

static bool put_member(const struct mapping *mapping, struct names *names, struct value *map,
        slice name, struct value *member)
{
	if (!member)
		return false;
	struct group *group = find_group(names, name);
	if (!group->member) {
		group->member = member;
		return value_set_new(map, name, member);
	}
	if (!group->repeated && !make_list(mapping->arena, group))
		return made(mapping, NULL);
	return value_append(group->member, member);
}

static bool add_attributes(const struct mapping *mapping, struct names *names, struct value *map,
        const struct xml_element *element)
{
	for (const struct xml_attribute *at = element->attributes; at; at = at->next) {
		if (is_dropped(at))
			continue;
		char *key = arena_alloc_raw(mapping->arena, at->name.n + 1);
		if (!key)
			return made(mapping, NULL);
		key[0] = '@';
		memcpy(key + 1, at->name.p, at->name.n);
		if (!put_member(mapping, names, map, (slice){ key, at->name.n + 1 },
		            untyped_value(mapping, at->value)))
			return false;
	}
	return true;
}

static unsigned count_attributes(const struct xml_element *element)
{
	unsigned n = 0;
	for (const struct xml_attribute *at = element->attributes; at; at = at->next)
		n += !is_dropped(at);
	return n;
}

static struct value *record_value(
        const struct mapping *mapping, const struct xml_element *element, unsigned depth)
{
	struct value *map = made(mapping, value_map(mapping->arena));
	unsigned nmembers = element->nchildren + count_attributes(element);
	struct names names;
	if (!map || !nmembers)
		return map;
	if (!names_init(&names, mapping->arena, nmembers))
		return made(mapping, NULL);
	if (!add_attributes(mapping, &names, map, element))
		return NULL;
	for (const struct xml_element *at = element->children; at; at = at->next) {
		if (!put_member(mapping, &names, map, at->name, element_value(mapping, at, depth)))
			return NULL;
	}
	return map;
}

/* Text beside members. Between child elements it is text and nothing else. */
static struct value *add_text(
        const struct mapping *mapping, struct value *map, const struct xml_element *element)
{
	if (!map || !slice_trim(element->text).n)
		return map;
	struct value *text = element->children
	                             ? made(mapping, value_text(mapping->arena, element->text))
	                             : text_value(mapping, element);
	return value_set_new(map, SLICE("#text"), text) ? map : NULL;
}

static struct value *array_value(
        const struct mapping *mapping, const struct xml_element *element, unsigned depth)
{
	struct value *list = made(mapping, value_list(mapping->arena));
	for (const struct xml_element *at = element->children; list && at; at = at->next) {
		if (!value_append(list, element_value(mapping, at, depth)))
			return NULL;
	}
	return list;
}

static struct value *element_value(
        const struct mapping *mapping, const struct xml_element *element, unsigned depth)
{
	if (depth == VALUE_DEPTH_MAX) {
		(void)error_set(mapping->error, "XML: nested too deep");
		return NULL;
	}
	if (element->nil)
		return made(mapping, value_null(mapping->arena));
	if (element->type == XML_TYPE_LIST)
		return array_value(mapping, element, depth + 1);
	if (!element->children && !count_attributes(element))
		return text_value(mapping, element);
	return add_text(mapping, record_value(mapping, element, depth + 1), element);
}

struct value *xml_value(struct arena *arena, const struct xml_element *element, struct error *error)
{
	struct mapping mapping = { arena, error };
	return element_value(&mapping, element, 0);
}

struct value *xml_members(
        struct arena *arena, const struct xml_element *element, struct error *error)
{
	struct mapping mapping = { arena, error };
	return add_text(&mapping, record_value(&mapping, element, 1), element);
}
