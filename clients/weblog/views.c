#include "clients/weblog/views.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define VIEWS_MAGIC 0x76696577u

#define HELD       16 /* a power of two */
#define STEP       5  /* views between two hints; VISITORS_HINTS of them fit into HELD */
#define TEXT_BYTES 512

struct view {
    struct client client; /* its texts lie in `text` */
    int64_t at;
    int32_t day, month;
    unsigned language;
    char text[TEXT_BYTES];
};

struct views {
    unsigned magic;
    struct visitors *visitors;
    size_t first, count;
    struct view view[HELD];
};

_Static_assert(STEP *VISITORS_HINTS <= HELD, "every hint is given while a view is held");

void views_new(struct views **out, struct visitors *visitors) {
    struct views *views = mem_zeroed(1, sizeof *views);
    views->magic = VIEWS_MAGIC;
    views->visitors = visitors;
    *out = views;
}

void views_destroy(struct views **views) {
    if (*views == NULL)
        return;
    OBJ_CHECK(*views, VIEWS_MAGIC);
    (*views)->magic = 0;
    free(*views);
    *views = NULL;
}

static struct view *view_at(struct views *views, size_t place) {
    return &views->view[(views->first + place) % HELD];
}

static int hand_over(struct views *views, struct fault *why) {
    const struct view *view = view_at(views, 0);
    int rc =
        visitors_view(views->visitors, &view->client, view->at, view->day, view->month, view->language, why);
    if (rc == 0) {
        views->first = (views->first + 1) % HELD;
        views->count--;
    }
    return rc;
}

int views_settle(struct views *views, struct fault *why) {
    OBJ_CHECK(views, VIEWS_MAGIC);
    int rc = 0;
    while (views->count > 0 && rc == 0)
        rc = hand_over(views, why);
    return rc;
}

void views_forget(struct views *views) {
    OBJ_CHECK(views, VIEWS_MAGIC);
    views->count = 0;
}

static struct str keep(char *at, struct str text) {
    if (text.len)
        memcpy(at, text.at, text.len);
    return (struct str){at, text.len};
}

int views_add(struct views *views, const struct client *client, int64_t at, int32_t day, int32_t month,
              unsigned language, struct fault *why) {
    OBJ_CHECK(views, VIEWS_MAGIC);
    if (client->address.len + client->agent.len > TEXT_BYTES) {
        int rc = views_settle(views, why);
        return rc ? rc : visitors_view(views->visitors, client, at, day, month, language, why);
    }
    int rc = views->count == HELD ? hand_over(views, why) : 0;
    if (rc)
        return rc;
    struct view *view = view_at(views, views->count++);
    view->client = *client;
    view->client.address = keep(view->text, client->address);
    view->client.agent = keep(view->text + client->address.len, client->agent);
    view->at = at;
    view->day = day;
    view->month = month;
    view->language = language;
    for (unsigned hint = 0; hint < VISITORS_HINTS && views->count > hint * STEP; hint++)
        visitors_hint(views->visitors, &view_at(views, views->count - 1 - hint * STEP)->client, hint);
    return 0;
}
