#include "daemon/books/wording.h"

#include <errno.h>

#include "proto/check.h"
#include "proto/message.h"

#define FIELDS        6
#define LANGUAGES_MAX 32

/* ---- writing ---- */

static void write_text(struct wire_writer *writer, struct framework_text text) {
    wire_write_array(writer, 2);
    wire_write_str(writer, text.language);
    wire_write_str(writer, text.text);
}

void wording_write(struct wire_writer *writer, const struct framework *framework, size_t indicator) {
    const struct framework_indicator *from = framework_indicator_at(framework, indicator);
    size_t labels = framework_label_count(framework, indicator);
    size_t definitions = framework_definition_count(framework, indicator);
    wire_write_array(writer, FIELDS);
    wire_write_str(writer, str_of(kind_name(from->kind)));
    wire_write_str(writer, from->code);
    wire_write_str(writer, from->unit);
    wire_write_str(writer, from->method);
    wire_write_array(writer, labels);
    for (size_t i = 0; i < labels; i++)
        write_text(writer, framework_label_at(framework, indicator, i));
    wire_write_array(writer, definitions);
    for (size_t i = 0; i < definitions; i++)
        write_text(writer, framework_definition_at(framework, indicator, i));
    ASSERT(!wire_writer_failed(writer));
}

/* ---- reading ---- */

static int read_text(struct wire_reader *reader, struct framework_text *out) {
    uint32_t fields;
    if (wire_read_array(reader, &fields, 2) != 0 || fields != 2 ||
        wire_read_str(reader, &out->language, MESSAGE_LANGUAGE_MAX) != 0 ||
        wire_read_str(reader, &out->text, MESSAGE_LONG_MAX) != 0)
        return -EBADMSG;
    return 0;
}

static int read_texts(struct wire_reader *reader, struct wire_reader *first, uint32_t *count) {
    struct framework_text text;
    if (wire_read_array(reader, count, LANGUAGES_MAX) != 0)
        return -EBADMSG;
    *first = *reader;
    for (uint32_t i = 0; i < *count; i++)
        if (read_text(reader, &text) != 0)
            return -EBADMSG;
    return 0;
}

int wording_read(struct wording *out, struct str bytes) {
    struct wire_reader reader;
    uint32_t fields;
    wire_reader_init(&reader, bytes.at, bytes.len);
    if (wire_read_array(&reader, &fields, FIELDS) != 0 || fields != FIELDS ||
        wire_read_str(&reader, &out->kind, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_str(&reader, &out->code, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_str(&reader, &out->unit, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_str(&reader, &out->method, MESSAGE_LONG_MAX) != 0 ||
        read_texts(&reader, &out->labels, &out->label_count) != 0 ||
        read_texts(&reader, &out->definitions, &out->definition_count) != 0 || !wire_at_end(&reader))
        return -EBADMSG;
    return 0;
}

static struct str choose(struct wire_reader reader, uint32_t count, struct str language,
                         struct str otherwise) {
    for (uint32_t i = 0; i < count; i++) {
        struct framework_text text;
        int err = read_text(&reader, &text);
        ASSERT(err == 0);
        if (str_equal(text.language, language))
            return text.text;
        if (str_equal(text.language, STR("en")))
            otherwise = text.text;
    }
    return otherwise;
}

struct str wording_label(const struct wording *wording, struct str language, struct str id) {
    return choose(wording->labels, wording->label_count, language, id);
}

struct str wording_definition(const struct wording *wording, struct str language) {
    struct wire_reader first = wording->definitions;
    struct framework_text text = {.text = STR("")};
    if (wording->definition_count > 0)
        (void)read_text(&first, &text);
    return choose(wording->definitions, wording->definition_count, language, text.text);
}
