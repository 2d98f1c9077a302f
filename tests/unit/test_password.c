#include "support.h"

#include "crypto/password.h"

static bool matches(const char *text, slice password)
{
	struct password_hash hash;
	const char *why = NULL;
	bool failed = true;
	if (!password_parse(slice_of(text), &hash, &why))
		fail_msg("%s: %s", text, why);
	bool right = password_verify(&hash, password, &failed);
	assert_false(failed);
	return right;
}

static void published_and_foreign_hashes_match(void **state)
{
	(void)state;
	/* RFC 7914 section 12, the third vector. */
	static const char rfc[] = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
	                          "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LU"
	                          "lwUkKpr55h6F3A1lHkDfzwF7RVdYhw";
	assert_true(matches(rfc, SLICE("pleaseletmein")));
	assert_false(matches(rfc, SLICE("pleaseletmeim")));
	/* Made by Python's hashlib. */
	slice password = SLICE("pass w\xc3\xb6rd");
	assert_true(matches("$pbkdf2-sha256$i=1000$8PHy8/T19vf4+fr7/P3+/w$"
	                    "bjwomEKtCJN9VLYqJTKyDTKE5z3fZeunRdyTkF0BcYQ",
	        password));
	/* passlib's alphabet and its bare number. */
	static const char passlib[] = "$pbkdf2-sha256$29000$8PHy8/T19vf4.fr7/P3./w$"
	                              "VOQLlcUr396Z6ASIgpIimKcj6twXlJQogtZIGuQGzRc";
	assert_true(matches(passlib, password));
	assert_false(matches(passlib, SLICE("pass")));
	/* To HMAC these would be the same. */
	assert_false(matches(passlib, SLICE("pass w\xc3\xb6rd\0")));
	assert_false(matches(rfc, SLICE("pleaseletmein\0")));
}

static void what_was_made_matches(void **state)
{
	(void)state;
	const struct password_cost costs[] = {
		{ .scheme = PASSWORD_SCRYPT, .log2_n = 10, .r = 8, .p = 2 },
		{ .scheme = PASSWORD_PBKDF2_SHA256, .iterations = 1000 },
	};
	for (unsigned i = 0; i < sizeof costs / sizeof *costs; i++) {
		char text[PASSWORD_TEXT_MAX_BYTES + 1], again[PASSWORD_TEXT_MAX_BYTES];
		size_t n = password_make(&costs[i], SLICE("s3cret \xff\xfe"), text);
		assert_true(n > 40 && n < PASSWORD_TEXT_MAX_BYTES);
		text[n] = '\0';
		assert_true(password_is_hash(slice_of(text)));
		assert_true(matches(text, SLICE("s3cret \xff\xfe")));
		assert_false(matches(text, SLICE("s3cret \xff")));
		assert_int_equal(password_make(&costs[i], SLICE("s3cret \xff\xfe"), again), n);
		assert_memory_not_equal(text, again, n); /* each has a salt of its own */
	}
}

static void the_longest_password_is_taken_and_no_longer_one(void **state)
{
	(void)state;
	static char longest[PASSWORD_MAX_BYTES + 1];
	memset(longest, 'x', sizeof longest);
	const struct password_cost cost = {
		.scheme = PASSWORD_SCRYPT, .log2_n = 10, .r = 1, .p = 1
	};
	char text[PASSWORD_TEXT_MAX_BYTES + 1];
	size_t n = password_make(&cost, (slice){ longest, PASSWORD_MAX_BYTES }, text);
	assert_true(n > 0);
	text[n] = '\0';
	assert_true(matches(text, (slice){ longest, PASSWORD_MAX_BYTES }));
	assert_false(matches(text, (slice){ longest, PASSWORD_MAX_BYTES + 1 }));
	assert_int_equal(password_make(&cost, (slice){ longest, sizeof longest }, text), 0);
	assert_int_equal(password_make(&cost, (slice){ NULL, 0 }, text), 0);
}

#define SALT "U29kaXVtQ2hsb3JpZGU"
#define HASH "cCO9yzr9c0hGHAbNgf046w"

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"secret",
		"$",
		"$scrypt",
		"$scrypt$",
		"$scrypt$ln=14,r=8,p=1$" SALT,
		"$scrypt$ln=14,r=8$" SALT "$" HASH,
		"$scrypt$r=8,ln=14,p=1$" SALT "$" HASH,
		"$scrypt$ln=14,r=8,p=1,q=1$" SALT "$" HASH,
		"$scrypt$ln=14,r=8,p=1,$" SALT "$" HASH,
		"$scrypt$ln=014,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=-1,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=14,r=0,p=1$" SALT "$" HASH,
		"$scrypt$ln=14,r=8,p=0$" SALT "$" HASH,
		/* Too cheap, and too dear by each parameter and by all of them. */
		"$scrypt$ln=9,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=21,r=1,p=1$" SALT "$" HASH,
		"$scrypt$ln=63,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=4294967295,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=18,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=15,r=8,p=5$" SALT "$" HASH,
		"$scrypt$ln=10,r=1073741824,p=1$" SALT "$" HASH,
		"$scrypt$ln=10,r=1,p=1073741823$" SALT "$" HASH,
		"$pbkdf2-sha256$i=999$" SALT "$" HASH,
		"$pbkdf2-sha256$i=2000001$" SALT "$" HASH,
		"$pbkdf2-sha256$i=99999999999999999999$" SALT "$" HASH,
		"$pbkdf2-sha256$29000,1$" SALT "$" HASH,
		"$pbkdf2-sha256$$" SALT "$" HASH,
		/* Salt and hash. */
		"$pbkdf2-sha256$29000$U29kaXV$" HASH,
		"$pbkdf2-sha256$29000$$" HASH,
		"$pbkdf2-sha256$29000$" SALT "$cCO9yzr9c0hGHAbNgf0",
		"$pbkdf2-sha256$29000$" SALT "$",
		"$pbkdf2-sha256$29000$" SALT "$" HASH "==",
		"$pbkdf2-sha256$29000$" SALT "$" HASH "$",
		"$pbkdf2-sha256$29000$" SALT "=$" HASH,
		"$pbkdf2-sha256$29000$U29kaXVt-2hsb3JpZGU$" HASH,
		/* Others' notations. */
		"$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
		"$6$saltsalt$hash",
		"$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
		"$pbkdf2-sha512$29000$" SALT "$" HASH,
	};
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct password_hash hash;
		const char *why = NULL;
		if (password_parse(slice_of(wrong[i]), &hash, &why))
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(why);
	}
}

static void a_limit_is_the_last_that_is_taken(void **state)
{
	(void)state;
	static const char *const right[] = {
		"$scrypt$ln=17,r=8,p=1$" SALT "$" HASH,
		"$scrypt$ln=15,r=8,p=4$" SALT "$" HASH,
		"$scrypt$ln=10,r=1,p=1$" SALT "$" HASH,
		"$pbkdf2-sha256$i=1000$" SALT "$" HASH,
		"$pbkdf2-sha256$2000000$" SALT "$" HASH,
	};
	for (unsigned i = 0; i < sizeof right / sizeof *right; i++) {
		struct password_hash hash;
		const char *why = NULL;
		if (!password_parse(slice_of(right[i]), &hash, &why))
			fail_msg("%s: %s", right[i], why);
	}
}

static void a_password_with_a_dollar_is_no_hash(void **state)
{
	(void)state;
	static const char *const passwords[] = { "", "$", "$$", "$ecret", "$Ecret$x", "pa$$word",
		"$5.00$", "x$scrypt$" };
	for (unsigned i = 0; i < sizeof passwords / sizeof *passwords; i++)
		assert_false(password_is_hash(slice_of(passwords[i])));
	assert_true(password_is_hash(SLICE("$2b$12$…")));
	assert_true(password_is_hash(SLICE("$scrypt$")));
}

static void nothing_matches_a_dummy(void **state)
{
	(void)state;
	const struct password_cost cost = {
		.scheme = PASSWORD_SCRYPT, .log2_n = 10, .r = 1, .p = 1
	};
	struct password_hash dummy;
	bool failed = true;
	password_make_dummy(&cost, &dummy);
	assert_false(password_verify(&dummy, (slice){ NULL, 0 }, &failed));
	assert_false(failed);
	assert_false(password_verify(&dummy, SLICE("password"), &failed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_and_foreign_hashes_match),
		cmocka_unit_test(what_was_made_matches),
		cmocka_unit_test(the_longest_password_is_taken_and_no_longer_one),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_limit_is_the_last_that_is_taken),
		cmocka_unit_test(a_password_with_a_dollar_is_no_hash),
		cmocka_unit_test(nothing_matches_a_dummy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
