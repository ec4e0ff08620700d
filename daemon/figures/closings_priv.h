/* What closings.c (rows, and what was kept) and closings_make.c (the figures that are to be kept) share: the form of a
 * closing's figures.
 *
 * They are [name of the framework, period, elements], so that their SHA-256 stands for all that was closed. There is an
 * element for each indicator, by id: [id, decimals, method_version, index, records].
 * A record is [breakdown, state, value, heard, days], the breakdown a bin: a series key (proto/dims.h) without its
 * indicator; of a milestone [..., days, on_time, note], which closings of older daemons do not have. Records stand one after the other in a bin, the total first, then by rising breakdown; the index is a
 * bin of 4 bytes for each, big-endian: where it begins. So one figure is found without reading the others. */
#ifndef SUIVI_DAEMON_FIGURES_CLOSINGS_PRIV_H
#define SUIVI_DAEMON_FIGURES_CLOSINGS_PRIV_H

#include "daemon/figures/closings.h"

#define CLOSING_HEAD_FIELDS    3
#define CLOSING_ELEMENT_FIELDS 5
#define CLOSING_RECORD_FIELDS  5
#define CLOSING_DUE_FIELDS     7 /* of a record with what was on time */
#define CLOSING_INDEX_BYTES    4

/* Of a series key what stands after its indicator; in `text`. */
struct str closing_breakdown_key(const struct dims *dims, char text[static SERIES_KEY_MAX]);

#endif
