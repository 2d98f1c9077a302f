/* Replays files, or all files of folders, through a fuzz target: what runs where libFuzzer does not. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	struct stat about;
	size_t size = fstat(fileno(file), &about) == 0 ? (size_t)about.st_size : 0;
	/* Exactly as large as the input, so that a read past its end is seen. */
	uint8_t *bytes = malloc(size ? size : 1);
	int failed = !bytes || fread(bytes, 1, size, file) != size;
	(void)fclose(file);
	if (failed)
		(void)fprintf(stderr, "%s: cannot be read\n", path);
	else
		(void)LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0, replayed = 0;
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (!folder) {
			failed |= replay_file(argv[i]);
			replayed++;
			continue;
		}
		for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
			if (entry->d_name[0] == '.')
				continue;
			char path[4096];
			(void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			failed |= replay_file(path);
			replayed++;
		}
		(void)closedir(folder);
	}
	(void)printf("%d inputs replayed\n", replayed);
	return failed || !replayed;
}
