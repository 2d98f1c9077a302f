/* Keys and certificates for a test, made by openssl(1) when it begins: an authority, a stranger, and what they
 * signed, as PEM files (NAME.crt, NAME.key) of a folder that is removed at the end. */
#ifndef UNIT_PKI_H
#define UNIT_PKI_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char pki_folder[64];

/* In the folder. */
static void pki_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void pki_run(const char *format, ...)
{
	char what[768], command[900];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	(void)snprintf(command, sizeof command, "cd %s && %s 2>/dev/null", pki_folder, what);
	assert_int_equal(system(command), 0);
}

static void pki_authority(const char *name)
{
	pki_run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
	        "-subj /CN=%s -addext keyUsage=critical,keyCertSign,cRLSign -keyout %s.key -out "
	        "%s.crt",
	        name, name, name);
}

static void pki_signed(const char *name, const char *by)
{
	pki_run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s "
	        "-addext subjectAltName=DNS:localhost -keyout %s.key -out %s.csr",
	        name, name, name);
	pki_run("openssl x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -days 2 "
	        "-copy_extensions copy -out %s.crt",
	        name, by, by, name);
}

/* NAME.crl, the authority's list: `revoked` ("" for nobody) is on it from now on. */
static inline void pki_list(const char *authority, const char *revoked)
{
	pki_run("touch %s.db && printf "
	        "'[ca]\\ndefault_ca=me\\n[me]\\ndatabase=%s.db\\ndefault_md=sha256\\n' "
	        ">%s.cnf",
	        authority, authority, authority);
	if (*revoked)
		pki_run("openssl ca -config %s.cnf -cert %s.crt -keyfile %s.key -revoke %s.crt",
		        authority, authority, authority, revoked);
	pki_run("openssl ca -config %s.cnf -cert %s.crt -keyfile %s.key -gencrl -crldays 2 -out "
	        "%s.crl",
	        authority, authority, authority, authority);
}

/* "FOLDER/NAME": of eight at a time. */
static const char *pki_path(const char *name)
{
	static char paths[8][128];
	static unsigned at;
	char *path = paths[at++ % 8];
	(void)snprintf(path, sizeof *paths, "%s/%s", pki_folder, name);
	return path;
}

static int pki_make(void **state)
{
	(void)state;
	(void)snprintf(pki_folder, sizeof pki_folder, "/tmp/fairlead-pki-%d", (int)getpid());
	assert_int_equal(mkdir(pki_folder, 0700), 0);
	pki_authority("ca");
	pki_authority("stranger");
	pki_signed("server", "ca");
	pki_signed("engine-7", "ca");
	pki_signed("impostor", "stranger");
	pki_list("ca", "");
	return 0;
}

static int pki_remove(void **state)
{
	(void)state;
	pki_run("rm -r %s", pki_folder);
	return 0;
}

#endif
