/* Commands that are told so that they can be pasted: whatever stands in a name, the shell takes it as that name. */
#ifndef SUIVI_CLI_SHELL_H
#define SUIVI_CLI_SHELL_H

/* `text` as one word for a POSIX shell, in quotes when it needs them; control characters as '?', since they end a line or
 * speak to the terminal. Caller frees. */
char *shell_quote(const char *text);

#endif
