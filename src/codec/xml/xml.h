/* XML 1.0 with namespaces: a document as a tree of elements, and elements as values (codec/value.h).
 *
 * TYPES. XML has none, values do. What an element means is decided in this order:
 *   1. xsi:nil="true"         null
 *   2. xsi:type               what a type of XML Schema (or its twin in the SOAP encoding) says: the integer
 *                             types, decimal, float and double, boolean, base64Binary and hexBinary; every
 *                             other simple type (string, dateTime, anyURI …) is text. Content that its type
 *                             does not allow is an error. Types of other vocabularies say nothing here.
 *   3. a number as JSON writes it (white space around it aside): an integer that fits 64 bits, else with a
 *      fraction or exponent a double that keeps its literal ("81.40"). "0012", "+5", ".5" and longer
 *      integers stay text.
 *   4. "true", "false"        boolean
 *   5. anything else          text, white space and all
 * So a text that looks like a number ("12345") becomes one unless xsi:type="xsd:string" says otherwise.
 * Attributes and text beside attributes follow rules 3 to 5.
 *
 * STRUCTURE. Child elements become members by local name, siblings of one name a list; attributes become
 * members "@name"; text beside attributes or child elements is the member "#text". An element without any is
 * its text: `<a/>` is "". The root element's name says what kind of message this is, as a SOAP operation or a
 * path does, and is no part of the value: <reading><value>81.4</value></reading> is {"value":81.4}, what
 * every other notation gives. Attributes of xmlns, xsi and the SOAP vocabularies are dropped. A SOAP-encoded
 * array is a list.
 *
 * LIMITS. A DOCTYPE is refused before anything in it is read, so there are no entities but the five of XML
 * and character references, and nothing is ever fetched. */
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "api/plugin.h"
#include "base/text.h"
#include "codec/value.h"

enum {
	XML_DEPTH_MAX = VALUE_DEPTH_MAX,
	XML_ELEMENTS_MAX = 65536,
	XML_ATTRIBUTES_MAX = 128, /* of one element */
	XML_NAMESPACES_MAX = 128, /* declared at any one place */
	XML_NAMESPACE_BYTES_MAX = 256
};

#define XML_SOAP_11          "http://schemas.xmlsoap.org/soap/envelope/"
#define XML_SOAP_12          "http://www.w3.org/2003/05/soap-envelope"
#define XML_SOAP_11_ENCODING "http://schemas.xmlsoap.org/soap/encoding/"
#define XML_SOAP_12_ENCODING "http://www.w3.org/2003/05/soap-encoding"

/* What xsi:type says, as far as it matters to a value. */
enum xml_type {
	XML_TYPE_NONE,
	XML_TYPE_TEXT,
	XML_TYPE_INTEGER,
	XML_TYPE_NUMBER,
	XML_TYPE_BOOLEAN,
	XML_TYPE_BASE64,
	XML_TYPE_HEX,
	XML_TYPE_LIST
};

struct xml_attribute {
	slice namespace, name, value;
	struct xml_attribute *next;
};

struct xml_element {
	slice namespace, name; /* the namespace's URI, or empty; the local name */
	slice text;            /* of all its text nodes; trimmed when there are child elements */
	enum xml_type type;
	bool nil;
	struct xml_attribute *attributes; /* without those of xmlns and xsi */
	struct xml_element *children, *next;
	unsigned nchildren;
};

/* The document's root. `charset` is what the protocol says of the encoding (a charset parameter), or empty; a
 * byte order mark beats it and it beats the XML declaration (RFC 7303 section 3). All in the arena, nothing
 * points into `body`. NULL: not well-formed, refused or over budget; error says which and where. */
struct xml_element *xml_parse(struct arena *, slice body, slice charset, struct error *);
/* The same without building anything. */
bool xml_check(slice body, slice charset, struct error *);

/* The child of this namespace and name, or NULL. */
const struct xml_element *xml_child_get(
        const struct xml_element *, const char *namespace, const char *name);
/* The attribute's value, or { NULL, 0 }. Namespace "": none. */
slice xml_attribute_get(const struct xml_element *, const char *namespace, const char *name);

/* What the element means; texts point into what xml_parse() made. NULL: content and type disagree, nested
 * too deep, or over budget; error says which. */
struct value *xml_value(struct arena *, const struct xml_element *, struct error *);
/* The same for an element that stands for a record: always a map, without members for an empty element. */
struct value *xml_members(struct arena *, const struct xml_element *, struct error *);
/* Rules 3 to 5 leave this text as it is. */
bool xml_stays_text(slice);

/* Writes <name>value</name>, or <name/> for NULL. `name` is valid as it is; `attributes` stands in the start
 * tag as it is (" xmlns=\"urn:x\""), or is empty. Members' names are made valid: a character that no name may
 * hold becomes _xHHHH_. `hints` adds xsi:type where a reader could take the value for another kind. false:
 * over budget (then to->failed) or not expressible; error says which. */
bool xml_write_element(struct text *to, slice name, slice attributes, const struct value *,
        bool hints, struct error *);
/* Writes text for between tags or quotes. false: it holds characters that XML cannot. */
bool xml_write_text(struct text *to, slice);

#endif
