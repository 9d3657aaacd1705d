/** V8's, which no standard has: how many callers a stack names. */
const stacks: { stackTraceLimit?: number } = Error as { stackTraceLimit?: number }

/**
 * What is wrong with what somebody wrote: thrown where it is read, and told in words by whoever reads on. It has no stack:
 * a damaged file throws one for each of its lines, and V8's stacks take longer than the reading.
 */
export class Refusal extends Error {
  constructor(message: string) {
    const { stackTraceLimit = 10 } = stacks
    stacks.stackTraceLimit = 0
    super(message)
    stacks.stackTraceLimit = stackTraceLimit
  }
}
