/* What a request asked for: a page, a download or neither; and in which language. */
#ifndef SUIVI_WEBLOG_REQUEST_H
#define SUIVI_WEBLOG_REQUEST_H

#include <stddef.h>

#include "proto/str.h"

enum request_class {
    REQUEST_OTHER, /* not GET, not 200 or 304, a static file, or rubbish */
    REQUEST_PAGE,
    REQUEST_DOWNLOAD,
};

/* `path` is the request's second word without query and fragment, percent-encoding as it is; not set unless the method is
 * GET and the status 200 or 304. */
enum request_class request_classify(struct str request, int status, struct str *path);

/* Index of the language that is the path's first segment ("/fr/..." or "/fr"), else `otherwise`. */
size_t request_language(struct str path, const struct str *languages, size_t count, size_t otherwise);

#endif
