/* What an import would record, as a table: a line for each indicator, set of dimensions and day. */
#ifndef SUIVI_CLI_IMPORT_TABLE_H
#define SUIVI_CLI_IMPORT_TABLE_H

#include <stdio.h>

#include "clients/cli/import_rows.h"

void import_table_print(FILE *stream, const struct import_rows *rows);

#endif
