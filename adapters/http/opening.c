#include "adapters/http/opening.h"

/* A handshake is some 1.3 ms of work, most of it where the peer has answered, and libwebsockets does all that has come in one turn of
 * the loop: SHAKING_MAX is how long the rest of the gateway may have to wait for its turn, in those. With 128, as streams have that
 * are worked on piece by piece, a POST took 600 ms while a thousand shook hands; with these it takes 160. STALLED_MS leaves a
 * satellite's link time for three answers. */
enum { SHAKING_MAX = 24, BEGIN_A_TURN = 8, STALLED_MS = 2000 };

static struct http_opening *opening_of(struct crowd_member *place)
{
	return LIST_OWNER(place, struct http_opening, place);
}

/* false: there is none yet. */
static bool make_room(struct http_openings *openings)
{
	struct http_opening *oldest = LIST_OWNER(openings->shaking.next, struct http_opening, link);
	uint64_t stale_ms = oldest->begun_ms + STALLED_MS;
	if (loop_now_ms(openings->loop) < stale_ms) {
		timer_set(&openings->stale, stale_ms);
		return false;
	}
	http_opening_over(openings, oldest);
	openings->evict(oldest);
	return true;
}

static void take_turns(struct task *task)
{
	struct http_openings *openings = LIST_OWNER(task, struct http_openings, turn);
	for (unsigned i = 0; i < BEGIN_A_TURN && openings->crowd.waiting; i++) {
		if (openings->nshaking >= SHAKING_MAX && !make_room(openings))
			return;
		struct http_opening *next = opening_of(crowd_next(&openings->crowd));
		next->begun_ms = loop_now_ms(openings->loop);
		list_append(&openings->shaking, &next->link);
		openings->nshaking++;
		openings->begin(next);
	}
	if (openings->crowd.waiting)
		loop_defer(openings->loop, &openings->turn);
}

static void grown_stale(struct timer *timer)
{
	take_turns(&LIST_OWNER(timer, struct http_openings, stale)->turn);
}

void http_openings_init(struct http_openings *openings, struct loop *loop,
        void (*begin)(struct http_opening *), void (*evict)(struct http_opening *))
{
	openings->loop = loop;
	openings->begin = begin;
	openings->evict = evict;
	crowd_init(&openings->crowd);
	list_init(&openings->shaking);
	task_init(&openings->turn, take_turns);
	timer_init(&openings->stale, loop, grown_stale);
}

void http_openings_finish(struct http_openings *openings)
{
	task_cancel(&openings->turn);
	timer_stop(&openings->stale);
}

bool http_opening_wait(struct http_openings *openings, struct http_opening *opening,
        const struct sockaddr *from, unsigned most)
{
	list_init(&opening->link);
	if (!crowd_join(&openings->crowd, &opening->place, from))
		return false;
	if (crowd_share(&opening->place) > most) {
		crowd_leave(&openings->crowd, &opening->place);
		return false;
	}
	crowd_wait(&openings->crowd, &opening->place);
	loop_defer(openings->loop, &openings->turn);
	return true;
}

void http_opening_over(struct http_openings *openings, struct http_opening *opening)
{
	if (!opening->place.address)
		return;
	crowd_leave(&openings->crowd, &opening->place);
	if (list_empty(&opening->link))
		return;
	list_remove(&opening->link);
	openings->nshaking--;
	if (openings->crowd.waiting)
		loop_defer(openings->loop, &openings->turn);
}
