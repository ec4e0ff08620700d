/* Where things are when nobody said otherwise. Each returns a new string, caller frees. */
#ifndef SUIVI_CONFIG_PATHS_H
#define SUIVI_CONFIG_PATHS_H

/* $SUIVI_ENDPOINT, else for root ipc:///run/suivi/suivid.ipc, for others
 * ipc://$XDG_RUNTIME_DIR/suivi/suivid.ipc. */
char *paths_endpoint(void);

/* /var/lib/suivi, or with a `name` /var/lib/suivi/NAME; for others than root $XDG_STATE_HOME/suivi, else
 * ~/.local/state/suivi. */
char *paths_state(const char *name);

/* A shipped data file such as "robots.txt" or "nswp-2016-2020.yaml": $SUIVI_DATADIR, else the installed data
 * directory, else the config/ of the source tree the program was built from. */
char *paths_shipped(const char *file);

#endif
