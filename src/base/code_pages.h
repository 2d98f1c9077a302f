/* code_pages: pages of programs and libraries that were needed once, as by a start, and are not in use any more. */
#ifndef BASE_CODE_PAGES_H
#define BASE_CODE_PAGES_H

#include <stddef.h>

/* Lets go of all of this process's code and constants: the kernel may use their memory for something else at once, and
 * whatever is used again comes back, by a page fault without I/O as long as the memory was not wanted. How many bytes were
 * let go. Any thread; takes a millisecond or two. */
size_t code_pages_release(void);

#endif
