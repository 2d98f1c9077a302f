/* A duplicate of an identity, in one piece: first what needs alignment, then the bytes of the texts. */
#include "api/identity.h"

#include <stdlib.h>

#include "core/role.h"

static unsigned count_rules(const struct role *own)
{
	return own ? own->nallow + own->ndeny : 0;
}

static size_t structs_size(const struct identity *who)
{
	return sizeof *who + (who->own ? sizeof *who->own : 0) +
	       count_rules(who->own) * sizeof(struct role_rule) +
	       who->nacts_for * sizeof *who->acts_for +
	       ((size_t)who->nroles + who->ndenying) * sizeof *who->roles;
}

static size_t rules_texts_size(const struct role_rule *rules, unsigned n)
{
	size_t size = 0;
	for (unsigned i = 0; i < n; i++)
		size += rules[i].text.n;
	return size;
}

static size_t texts_size(const struct identity *who)
{
	size_t size = who->id.n + who->plan.n + who->key.n;
	for (unsigned i = 0; i < who->nacts_for; i++)
		size += who->acts_for[i].n;
	if (who->own)
		size += rules_texts_size(who->own->allow, who->own->nallow) +
		        rules_texts_size(who->own->deny, who->own->ndeny);
	return size;
}

/* Where the next thing goes. None of the structs needs a wider alignment than the one before it. */
struct copying {
	char *structs, *bytes;
};

static slice copy(struct copying *to, slice from)
{
	return slice_put(&to->bytes, from);
}

static void *room(struct copying *to, size_t bytes)
{
	void *at = to->structs;
	to->structs += bytes;
	return at;
}

static const struct role *const *copy_roles(
        struct copying *to, const struct role *const *from, unsigned n)
{
	const struct role **roles = room(to, n * sizeof *roles);
	if (n)
		memcpy(roles, from, n * sizeof *roles);
	return roles;
}

static const slice *copy_texts(struct copying *to, const slice *from, unsigned n)
{
	slice *texts = room(to, n * sizeof *texts);
	for (unsigned i = 0; i < n; i++)
		texts[i] = copy(to, from[i]);
	return texts;
}

/* A pattern is part of its rule's text. */
static const struct role_rule *copy_rules(
        struct copying *to, const struct role_rule *from, unsigned n)
{
	struct role_rule *rules = room(to, n * sizeof *rules);
	for (unsigned i = 0; i < n; i++) {
		rules[i] = from[i];
		rules[i].text = copy(to, from[i].text);
		rules[i].pattern.p = rules[i].text.p + (from[i].pattern.p - from[i].text.p);
	}
	return rules;
}

static const struct role *copy_own(struct copying *to, const struct role *from)
{
	if (!from)
		return NULL;
	struct role *own = room(to, sizeof *own);
	*own = *from;
	own->allow = copy_rules(to, from->allow, from->nallow);
	own->deny = copy_rules(to, from->deny, from->ndeny);
	return own;
}

struct identity *identity_duplicate(const struct identity *from)
{
	size_t structs = structs_size(from);
	struct identity *who = malloc(structs + texts_size(from));
	if (!who)
		return NULL;
	struct copying to = { (char *)(who + 1), (char *)who + structs };
	*who = *from;
	who->own = copy_own(&to, from->own);
	who->acts_for = copy_texts(&to, from->acts_for, from->nacts_for);
	who->roles = copy_roles(&to, from->roles, from->nroles);
	who->denying = copy_roles(&to, from->denying, from->ndenying);
	who->id = copy(&to, from->id);
	who->plan = copy(&to, from->plan);
	who->key = copy(&to, from->key);
	return who;
}
