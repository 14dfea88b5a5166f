/**
 * The statuses of an order's watch.
 * - `watched`: live, and so were the latest replies.
 * - `unconfirmed`: never seen yet. `missing`: seen alive, and the latest reply was not-found.
 * - `unknown`: in a state that we have no name for. `inconsistent`: the exchange twice returned an older state than before.
 * - `final`: a reply named a final state, and the head has it. `stopped`: by an operator.
 */
export const statuses = ['watched', 'unconfirmed', 'missing', 'unknown', 'inconsistent', 'final', 'stopped'] as const;

/** The lists of an account's orders: on watch and in order, on watch and in need of attention, closed. */
export const listNames = ['live', 'attention', 'final'] as const;

/**
 * What can start a watch: the account's list of open orders, a request about the order, a person's command. These names
 * are stored: if one were changed, the watches that have it, and so their orders, could no longer be read.
 */
export const watchOrigins = ['list', 'request', 'person'] as const;

/** What is recorded of an order besides its states. */
export const auditKinds = ['not_found', 'history_lookup', 'watch_started', 'watch_stopped'] as const;
