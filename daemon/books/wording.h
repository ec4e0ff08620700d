/* The words of an indicator as the plan had them: label and definition in all languages, method, unit. Kept with
 * each definition (daemon/books/definitions.h), so that a closed period can be read by the words of its time, also
 * when the plan has others by now or the indicator no more. */
#ifndef SUIVI_DAEMON_BOOKS_WORDING_H
#define SUIVI_DAEMON_BOOKS_WORDING_H

#include "config/framework.h"
#include "proto/wire.h"

/* Of 32 languages: a definition of 4096 bytes and a label of 256 each. */
#define WORDING_BYTES_MAX (256u << 10)

struct wording {
    struct str kind, code, unit, method;
    uint32_t label_count, definition_count;
    struct wire_reader labels, definitions; /* checked, at their first element */
};

/* MessagePack: [kind, code, unit, method, labels, definitions], these two arrays of [language, text]. */
void wording_write(struct wire_writer *writer, const struct framework *framework, size_t indicator);

/* -EBADMSG; borrows from `bytes`. */
int wording_read(struct wording *out, struct str bytes);

/* In that language, else in English, else as the framework does. */
struct str wording_label(const struct wording *wording, struct str language, struct str id);
struct str wording_definition(const struct wording *wording, struct str language);

#endif
