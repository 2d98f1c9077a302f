/* Names, numbers, texts and signs of the expression language. */
#include "codec/frame/load/token.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_MAX = 64 };

void *parser_fail_at(struct parser *parser, size_t at, const char *what, slice shown)
{
	if (parser->failed)
		return NULL;
	parser->failed = true;
	struct error *error = parser->loader->error;
	error->line = parser->line;
	error->column = parser->column + (unsigned)at;
	(void)error_set(error, "%s%s%.*s%s in the expression \"%.*s\"", what, shown.n ? " \"" : "",
	        (int)(shown.n > 40 ? 40 : shown.n), shown.p ? shown.p : "", shown.n ? "\"" : "",
	        (int)(parser->text.n > 80 ? 80 : parser->text.n), parser->text.p);
	return NULL;
}

void *parser_fail(struct parser *parser, const char *what, slice shown)
{
	return parser_fail_at(parser, parser->token.at, what, shown);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static char parser_peek(const struct parser *parser, size_t ahead)
{
	return parser->at + ahead < parser->text.n ? parser->text.p[parser->at + ahead] : '\0';
}

static void take_integer(struct parser *parser, unsigned base)
{
	uint64_t number = 0;
	size_t digits = 0;
	for (; parser->at < parser->text.n; parser->at++) {
		char c = parser->text.p[parser->at];
		if (c == '_')
			continue;
		int digit = digit_value(c);
		if (digit >= (int)base)
			break;
		if (number > (UINT64_MAX - (unsigned)digit) / base) {
			parser_fail(parser, "a number above 64 bits", (slice){ NULL, 0 });
			return;
		}
		number = number * base + (unsigned)digit;
		digits++;
	}
	if (!digits)
		parser_fail(parser, "a number without digits", (slice){ NULL, 0 });
	parser->token.kind = TOKEN_INTEGER;
	parser->token.natural = number > INT64_MAX;
	parser->token.integer = (int64_t)number;
}

static void take_real(struct parser *parser, size_t end)
{
	char buffer[NUMBER_MAX];
	size_t n = 0;
	for (size_t i = parser->at; i < end; i++) {
		if (parser->text.p[i] == '_')
			continue;
		if (n + 1 == sizeof buffer) {
			parser_fail(parser, "a number of too many digits", (slice){ NULL, 0 });
			return;
		}
		buffer[n++] = parser->text.p[i];
	}
	buffer[n] = '\0';
	parser->token.kind = TOKEN_REAL;
	parser->token.real = strtod(buffer, NULL);
	parser->at = end;
}

static void take_number(struct parser *parser)
{
	char second = parser_peek(parser, 1);
	unsigned base = 10;
	if (parser_peek(parser, 0) == '0' && (second == 'x' || second == 'X'))
		base = 16;
	else if (parser_peek(parser, 0) == '0' && (second == 'b' || second == 'B'))
		base = 2;
	else if (parser_peek(parser, 0) == '0' && (second == 'o' || second == 'O'))
		base = 8;
	if (base != 10) {
		parser->at += 2;
		take_integer(parser, base);
		return;
	}
	size_t end = parser->at;
	bool real = false;
	slice text = parser->text;
	while (end < text.n && (is_digit(text.p[end]) || text.p[end] == '_'))
		end++;
	/* "1." is a number, "1.to_s" is one with a method. */
	if (end < text.n && text.p[end] == '.' &&
	        !(end + 1 < text.n && is_letter(text.p[end + 1]))) {
		real = true;
		end++;
		while (end < text.n && (is_digit(text.p[end]) || text.p[end] == '_'))
			end++;
	}
	if (end < text.n && (text.p[end] == 'e' || text.p[end] == 'E')) {
		size_t digits = end + 1;
		if (digits < text.n && (text.p[digits] == '+' || text.p[digits] == '-'))
			digits++;
		if (digits < text.n && is_digit(text.p[digits])) {
			real = true;
			for (end = digits;
			        end < text.n && (is_digit(text.p[end]) || text.p[end] == '_');)
				end++;
		}
	}
	if (real)
		take_real(parser, end);
	else
		take_integer(parser, 10);
}

/* One escape, with parser->at behind the backslash. */
void parser_escape(struct parser *parser, struct text *text)
{
	static const char letters[] = "abtnvfre\"'\\";
	static const char meaning[] = "\a\b\t\n\v\f\r\033\"'\\";
	char c = parser_peek(parser, 0);
	const char *letter = c ? strchr(letters, c) : NULL;
	uint32_t code = 0;
	char bytes[4];
	if (letter) {
		text_char(text, meaning[letter - letters]);
		parser->at++;
		return;
	}
	if (c == 'u') {
		parser->at++;
		for (unsigned i = 0; i < 4; i++, parser->at++) {
			int digit = digit_value(parser_peek(parser, 0));
			if (digit > 15) {
				parser_fail(parser, "\\u without four hexadecimal digits",
				        (slice){ NULL, 0 });
				return;
			}
			code = code << 4 | (uint32_t)digit;
		}
	} else if (c >= '0' && c <= '7') {
		for (unsigned i = 0; i < 3 && digit_value(parser_peek(parser, 0)) < 8;
		        i++, parser->at++)
			code = code << 3 | (uint32_t)digit_value(parser_peek(parser, 0));
	} else {
		parser_fail(parser, "an unknown escape in a text", (slice){ NULL, 0 });
		return;
	}
	if (code >= 0xD800 && code <= 0xDFFF)
		parser_fail(parser, "half a surrogate pair in a text", (slice){ NULL, 0 });
	else
		text_bytes(text, bytes, utf8_put(code, bytes));
}

/* A text in quotes; in single quotes nothing is an escape. */
static void take_text(struct parser *parser)
{
	char quote = parser_peek(parser, 0);
	struct text text;
	text_init(&text, parser->loader->arena, 0);
	parser->at++;
	while (!parser->failed && parser->at < parser->text.n && parser_peek(parser, 0) != quote) {
		char c = parser->text.p[parser->at++];
		if (c == '\\' && quote == '"')
			parser_escape(parser, &text);
		else
			text_char(&text, c);
	}
	if (parser->at >= parser->text.n)
		parser_fail(parser, "a text without its closing quote", (slice){ NULL, 0 });
	parser->at++;
	parser->token.kind = TOKEN_TEXT;
	parser->token.text = text_slice(&text);
}

/* f"…": raw, up to the closing quote; quotes inside {} belong to the expression there. */
static void take_format(struct parser *parser)
{
	unsigned braces = 0;
	parser->at += 2;
	size_t start = parser->at;
	for (; parser->at < parser->text.n; parser->at++) {
		char c = parser->text.p[parser->at];
		if (c == '\\' && !braces)
			parser->at++;
		else if (c == '{')
			braces++;
		else if (c == '}' && braces)
			braces--;
		else if (c == '"' && !braces)
			break;
	}
	if (parser->at >= parser->text.n) {
		parser_fail(parser, "a text without its closing quote", (slice){ NULL, 0 });
		return;
	}
	parser->token.kind = TOKEN_FORMAT;
	parser->token.text = (slice){ parser->text.p + start, parser->at - start };
	parser->token.at = start;
	parser->at++;
}

static void take_sign(struct parser *parser)
{
	static const char *const pairs[] = { "::", "<<", ">>", "<=", ">=", "==", "!=" };
	size_t n = 1;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (parser_peek(parser, 0) == pairs[i][0] && parser_peek(parser, 1) == pairs[i][1])
			n = 2;
	}
	if (n == 1 && !strchr("()[]{}.,?:+-*/%<>|&^~", parser_peek(parser, 0))) {
		parser_fail(parser, "unexpected", (slice){ parser->text.p + parser->at, 1 });
		return;
	}
	parser->token.kind = TOKEN_SIGN;
	parser->token.text = (slice){ parser->text.p + parser->at, n };
	parser->at += n;
}

void parser_advance(struct parser *parser)
{
	slice text = parser->text;
	while (parser->at < text.n && strchr(" \t\r\n", text.p[parser->at]) && text.p[parser->at])
		parser->at++;
	parser->token = (struct token){ .kind = TOKEN_END, .at = parser->at };
	if (parser->failed || parser->at >= text.n)
		return;
	char c = text.p[parser->at];
	if (is_digit(c) || (c == '.' && is_digit(parser_peek(parser, 1)))) {
		take_number(parser);
	} else if (c == 'f' && parser_peek(parser, 1) == '"') {
		take_format(parser);
	} else if (is_letter(c)) {
		size_t start = parser->at;
		while (parser->at < text.n &&
		        (is_letter(text.p[parser->at]) || is_digit(text.p[parser->at])))
			parser->at++;
		parser->token.kind = TOKEN_NAME;
		parser->token.text = (slice){ text.p + start, parser->at - start };
	} else if (c == '"' || c == '\'') {
		take_text(parser);
	} else {
		take_sign(parser);
	}
}

bool parser_at_sign(const struct parser *parser, const char *sign)
{
	return parser->token.kind == TOKEN_SIGN && slice_is(parser->token.text, sign);
}

bool parser_at_word(const struct parser *parser, const char *word)
{
	return parser->token.kind == TOKEN_NAME && slice_is(parser->token.text, word);
}

bool parser_skip_sign(struct parser *parser, const char *sign)
{
	if (!parser_at_sign(parser, sign))
		return false;
	parser_advance(parser);
	return true;
}

bool parser_expect_sign(struct parser *parser, const char *sign)
{
	if (parser_skip_sign(parser, sign))
		return true;
	char what[32];
	(void)snprintf(what, sizeof what, "\"%s\" expected, not", sign);
	parser_fail(parser, what,
	        parser->token.kind == TOKEN_END ? SLICE("the end") : parser->token.text);
	return false;
}
