/* What the state remembers between runs, as records of libsuivi: a letter for what it is, then, of what belongs to one
 * list, the list's name and a zero byte, then bytes of a hash. */
#ifndef SUIVI_LISTSERV_RECORDS_H
#define SUIVI_LISTSERV_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/str.h"

enum record_kind {
    RECORD_FILE = 'f',    /* list, path: how far a file was read */
    RECORD_KEY = 'k',     /* of the hashes */
    RECORD_NEWEST = 'n',  /* list: the newest day that was counted */
    RECORD_POSTS = 'p',   /* list, first bytes of an identity: posts that were counted */
    RECORD_MEMBERS = 'm', /* list: the server told how many members it has */
    RECORD_SERVER = 's',  /* language: the server told how many of its lists are moderated */
    RECORD_TIME = 't',    /* of what the server told last */
};

#define RECORD_TAIL_MAX 16
#define RECORD_KEY_MAX  (1 + DIM_VALUE_MAX + 1 + RECORD_TAIL_MAX)

struct record_key {
    size_t len;
    char bytes[RECORD_KEY_MAX];
};

struct record_key record_key_of(enum record_kind kind, struct str list, const void *tail, size_t tail_len);

/* Numbers of fixed width, big-endian, in keys and values. */
void record_put_number(unsigned char *out, unsigned bytes, uint64_t number);
uint64_t record_get_number(const unsigned char *in, unsigned bytes);

#endif
