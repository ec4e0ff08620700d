#include "clients/weblog/literals.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/check.h"

#define LITERALS_MAGIC 0x4c495453

/* A state is the index of its row in the table; the root is row 0. The top bit says that a literal ends
 * there. */
#define ENDS UINT32_C(0x80000000)

struct literal {
    struct str text; /* owned, folded */
    uint32_t id;
    uint32_t next; /* of those that end in the same state: index + 1, or 0 */
};

struct literals {
    unsigned magic;
    struct literal *list;
    size_t count, capacity, bytes;

    uint8_t class_of[256]; /* of a byte; 0: in no literal */
    uint32_t classes;
    uint32_t states;
    uint32_t *table;  /* states * classes: the state after a byte of that class */
    uint32_t *first;  /* of a state: a literal that ends there, index + 1, or 0 */
    uint32_t *suffix; /* of a state: the longest proper suffix of it in which a literal ends, or 0 */
};

static char fold(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void literals_new(struct literals **out) {
    struct literals *literals = mem_zeroed(1, sizeof(*literals));
    literals->magic = LITERALS_MAGIC;
    *out = literals;
}

void literals_destroy(struct literals **literals) {
    if (*literals == NULL)
        return;
    OBJ_CHECK(*literals, LITERALS_MAGIC);
    struct literals *self = *literals;
    for (size_t i = 0; i < self->count; i++)
        free((void *)(uintptr_t)self->list[i].text.at);
    free(self->list);
    free(self->table);
    free(self->first);
    free(self->suffix);
    self->magic = 0;
    free(self);
    *literals = NULL;
}

int literals_add(struct literals *literals, struct str text, uint32_t id) {
    OBJ_CHECK(literals, LITERALS_MAGIC);
    ASSERT(text.len > 0 && literals->table == NULL);
    if (text.len > LITERALS_BYTES_MAX - literals->bytes)
        return -E2BIG;
    if (literals->count == literals->capacity) {
        literals->capacity = literals->capacity ? literals->capacity * 2 : 64;
        literals->list = mem_resize(literals->list, literals->capacity, sizeof(*literals->list));
    }
    char *folded = mem_copy(text.at, text.len);
    for (size_t i = 0; i < text.len; i++)
        folded[i] = fold(folded[i]);
    literals->list[literals->count++] = (struct literal){.text = {folded, text.len}, .id = id};
    literals->bytes += text.len;
    return 0;
}

static void assign_classes(struct literals *literals) {
    literals->classes = 1;
    for (size_t i = 0; i < literals->count; i++) {
        struct str text = literals->list[i].text;
        for (size_t k = 0; k < text.len; k++) {
            uint8_t *class = &literals->class_of[(unsigned char)text.at[k]];
            if (*class == 0)
                *class = (uint8_t)literals->classes++;
        }
    }
    for (unsigned char c = 'A'; c <= 'Z'; c++)
        literals->class_of[c] = literals->class_of[(unsigned char)fold((char)c)];
}

static uint32_t *row(const struct literals *literals, uint32_t state) {
    return literals->table + (size_t)state * literals->classes;
}

/* The literals as a tree: in a row, 0 is "no such branch". */
static void grow_tree(struct literals *literals) {
    literals->states = 1;
    for (size_t i = 0; i < literals->count; i++) {
        struct literal *literal = &literals->list[i];
        uint32_t state = 0;
        for (size_t k = 0; k < literal->text.len; k++) {
            uint32_t *branch = &row(literals, state)[literals->class_of[(unsigned char)literal->text.at[k]]];
            if (*branch == 0)
                *branch = literals->states++;
            state = *branch;
        }
        literal->next = literals->first[state];
        literals->first[state] = (uint32_t)i + 1;
    }
}

/* Breadth first, so that the state to fall back to, which is nearer the root, is complete before its row is
 * copied. */
static void join_branches(struct literals *literals) {
    uint32_t *queue = mem_zeroed(literals->states, sizeof(*queue));
    uint32_t *fallback = mem_zeroed(literals->states, sizeof(*fallback));
    size_t head = 0, tail = 1;
    while (head < tail) {
        uint32_t state = queue[head++], back = fallback[state];
        literals->suffix[state] = literals->first[back] ? back : literals->suffix[back];
        for (uint32_t class = 0; class < literals->classes; class ++) {
            uint32_t *branch = &row(literals, state)[class];
            uint32_t other = state == 0 ? 0 : row(literals, back)[class];
            if (*branch == 0) {
                *branch = other;
            } else {
                fallback[*branch] = other;
                queue[tail++] = *branch;
            }
        }
    }
    free(queue);
    free(fallback);
}

void literals_build(struct literals *literals) {
    OBJ_CHECK(literals, LITERALS_MAGIC);
    ASSERT(literals->table == NULL);
    assign_classes(literals);
    size_t states = literals->bytes + 1; /* at most; then as many as there are */
    literals->table = mem_zeroed(states * literals->classes, sizeof(*literals->table));
    literals->first = mem_zeroed(states, sizeof(*literals->first));
    literals->suffix = mem_zeroed(states, sizeof(*literals->suffix));
    grow_tree(literals);
    join_branches(literals);
    literals->table =
        mem_resize(literals->table, (size_t)literals->states * literals->classes, sizeof(*literals->table));
    for (size_t i = 0; i < (size_t)literals->states * literals->classes; i++) {
        uint32_t state = literals->table[i];
        if (literals->first[state] || literals->suffix[state])
            literals->table[i] = state | ENDS;
    }
}

bool literals_find(const struct literals *literals, struct str text, literals_hit *hit, void *context) {
    OBJ_CHECK(literals, LITERALS_MAGIC);
    ASSERT(literals->table != NULL);
    uint32_t state = 0;
    for (size_t i = 0; i < text.len; i++) {
        state = row(literals, state)[literals->class_of[(unsigned char)text.at[i]]];
        if (!(state & ENDS))
            continue;
        state &= ~ENDS;
        for (uint32_t at = state; at != 0; at = literals->suffix[at]) {
            for (uint32_t found = literals->first[at]; found != 0; found = literals->list[found - 1].next) {
                if (hit(context, literals->list[found - 1].id, i + 1))
                    return true;
            }
        }
    }
    return false;
}
