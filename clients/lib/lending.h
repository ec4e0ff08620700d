/* What the daemon told, as the structs of suivi.h: their strings lie in `texts`, which has room for those of the
 * message. */
#ifndef SUIVI_LIB_LENDING_H
#define SUIVI_LIB_LENDING_H

#include "clients/lib/suivi.h"
#include "clients/lib/texts.h"
#include "proto/message.h"

struct suivi_indicator lending_indicator(struct texts *texts, const struct message_indicator *from);

/* `dims` has room for DIMS_MAX texts; those from `split_count` on are empty. */
struct suivi_figure lending_figure(struct texts *texts, const struct message_figure *from, size_t split_count,
                                   const char **dims);
struct suivi_closing lending_closing(struct texts *texts, const struct message_closing_row *from);
void lending_dims(struct texts *texts, const struct dims *from, struct suivi_dim to[static DIMS_MAX]);

#endif
