/* All chance of a run, from its seed. */
#ifndef SUIVI_SIMULATION_DICE_H
#define SUIVI_SIMULATION_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* Steele, Lea and Flood's splitmix64. */
static inline uint64_t dice_word(struct dice *dice) {
    uint64_t word = dice->state += 0x9e3779b97f4a7c15u;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

/* 0 to sides - 1. */
static inline unsigned dice_roll(struct dice *dice, unsigned sides) {
    return (unsigned)((dice_word(dice) >> 32) * sides >> 32);
}

static inline bool dice_chance(struct dice *dice, unsigned permille) {
    return dice_roll(dice, 1000) < permille;
}

#endif
