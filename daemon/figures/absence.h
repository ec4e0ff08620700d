/* Why a period has no figure: missing, or not due (docs/kinds.md, "Four kinds of nothing"). */
#ifndef SUIVI_DAEMON_FIGURES_ABSENCE_H
#define SUIVI_DAEMON_FIGURES_ABSENCE_H

#include <stddef.h>
#include <stdint.h>

#include "config/framework.h"
#include "proto/message.h"
#include "proto/period.h"

enum message_state absence_state(const struct framework *framework, size_t indicator,
                                 const struct period *period, int32_t today);

#endif
