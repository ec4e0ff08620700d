/* Questions to the REST interface of Mailman 3, each for as little as can be asked. */
#ifndef SUIVI_LISTSERV_REST_H
#define SUIVI_LISTSERV_REST_H

#include <jansson.h>

#include "proto/fault.h"

struct rest;

/* `password_file`: a plain file that only its owner can read; its first line. Its answers are bounded in bytes and
 * time, TLS is verified, no redirect is followed. */
int rest_open(struct rest **out, const char *server, const char *user, const char *password_file,
              struct fault *why);
void rest_close(struct rest **rest); /* wipes the password */

/* GET server/path; *answer is a JSON object, the caller's. -EACCES: user or password are wrong; -EIO, -EBADMSG ... */
int rest_get(struct rest *rest, json_t **answer, struct fault *why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
