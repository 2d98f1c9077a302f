/* An expression's text as tokens. Inside codec/frame only. */
#ifndef FRAME_TOKEN_H
#define FRAME_TOKEN_H

#include "base/text.h"
#include "codec/frame/program.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_INTEGER,
	TOKEN_REAL,
	TOKEN_TEXT,
	TOKEN_FORMAT,
	TOKEN_SIGN
};

struct token {
	enum token_kind kind;
	slice text; /* TOKEN_TEXT: with its escapes resolved; TOKEN_FORMAT: raw */
	int64_t integer;
	bool natural;
	double real;
	size_t at;
};

/* Small, and copied to look ahead. */
struct parser {
	struct loader *loader;
	slice text;
	size_t at; /* behind the present token */
	struct token token;
	unsigned line, column, depth;
	struct source *source; /* that it stands in */
	bool failed;
};

/* Sets the error, once, with its place and the text `shown` in quotes if there is one. Always NULL. */
void *parser_fail(struct parser *, const char *what, slice shown);
void *parser_fail_at(struct parser *, size_t at, const char *what, slice shown);

/* To the next token; TOKEN_END after a failure. */
void parser_advance(struct parser *);
bool parser_at_sign(const struct parser *, const char *sign);
bool parser_at_word(const struct parser *, const char *word);
/* Over this sign if it is the present token. */
bool parser_skip_sign(struct parser *, const char *sign);
/* Fails where it is not. */
bool parser_expect_sign(struct parser *, const char *sign);
/* One escape of a text, with parser->at behind its backslash. */
void parser_escape(struct parser *, struct text *);

#endif
