/**
 * Milliseconds that a slow machine may take for what a test waits for; it goes on as soon as that is there. Also the limit of
 * what is called prompt, where the fault would last longer still: machines differ by a factor of four, and are busy.
 * `expect.poll` waits as long by itself (vitest.config.ts).
 */
export const LATEST = 120_000
