/** The command's own errors: a reader who has gone. */

export const EXIT = { done: 0, problem: 1, failed: 2 } as const

/** Who reads our output has gone (`| head`): stop, and say nothing. */
export class ClosedPipe extends Error {}
