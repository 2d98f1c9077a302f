/* fairlead password hash: what to keep in place of a password. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/password.h"

static const char help[] =
        "Usage: fairlead password hash [--pbkdf2]\n"
        "\n"
        "Reads a password from standard input, up to the end of the line, and prints its hash, "
        "which "
        "stands\n"
        "in place of the password wherever one is asked for (clients[].password). On a terminal "
        "what is typed\n"
        "is not shown.\n"
        "  --pbkdf2   PBKDF2 with HMAC-SHA-256 in place of scrypt: needs no memory, and protects "
        "less\n"
        "Exit code: 0 done, 1 no password, 2 wrong usage.\n";

enum { PBKDF2_ITERATIONS = 600 * 1000 };

/* Without its line ending; true when the line is whole and not too long. */
static bool read_line(char *line, size_t size, size_t *n)
{
	*n = fread(line, 1, size, stdin);
	char *end = memchr(line, '\n', *n);
	bool whole = end || (*n < size && !ferror(stdin));
	if (end)
		*n = (size_t)(end - line);
	if (*n && line[*n - 1] == '\r')
		(*n)--;
	return whole && *n && *n <= PASSWORD_MAX_BYTES;
}

/* One line, as the terminal gives it. */
static bool ask(char *line, size_t size, size_t *n)
{
	struct termios before, silent;
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return read_line(line, size, n);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)fputs("Password: ", stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	bool read = fgets(line, (int)size, stdin) != NULL;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	*n = read ? strcspn(line, "\r\n") : 0;
	return *n && *n <= PASSWORD_MAX_BYTES;
}

static int hash(bool pbkdf2)
{
	char line[PASSWORD_MAX_BYTES + 3], text[PASSWORD_TEXT_MAX_BYTES];
	struct password_cost cost = password_default_cost();
	size_t n, made = 0;
	if (pbkdf2)
		cost = (struct password_cost){ .scheme = PASSWORD_PBKDF2_SHA256,
			.iterations = PBKDF2_ITERATIONS };
	bool read = ask(line, sizeof line, &n);
	if (!read)
		(void)fprintf(stderr, "fairlead password: a password has 1 to %d bytes\n",
		        PASSWORD_MAX_BYTES);
	else
		made = password_make(&cost, (slice){ line, n }, text);
	bool nul = read && memchr(line, 0, n);
	explicit_bzero(line, sizeof line);
	if (read && !made)
		(void)fprintf(stderr, "fairlead password: %s\n",
		        nul ? "a password has no NUL" : "no memory for it");
	if (made)
		(void)printf("%.*s\n", (int)made, text);
	return made ? CLI_OK : CLI_FAILED;
}

int cli_password(int argc, char **argv)
{
	bool pbkdf2 = argc == 3 && strcmp(argv[2], "--pbkdf2") == 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(help, stdout);
			return CLI_OK;
		}
	}
	if (argc < 2 || strcmp(argv[1], "hash") != 0 || (argc != 2 && !pbkdf2)) {
		(void)fputs(help, stderr);
		return CLI_WRONG;
	}
	return hash(pbkdf2);
}
