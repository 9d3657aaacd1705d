/** Rows that a report holds: who needs more opens the files themselves. */
export const MOST_REPORTED = 100
