/** Rows of a report: who needs more opens the files themselves. */
export const MOST_REPORTED = 100
