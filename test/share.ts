/**
 * How much of the random cases a run tries: as many as a test asks for with NFWHY_SHARE=1, a twelfth in CI, a twentieth
 * otherwise, and more above 1. They come in the same order every time (NFWHY_SEED), so a smaller share tries the first ones.
 */
const DAILY = 0.05

const SHARE = Number(process.env.NFWHY_SHARE ?? DAILY)
if (!(SHARE > 0)) throw new Error(`NFWHY_SHARE is "${process.env.NFWHY_SHARE}": a number above 0, such as 0.2 or 1`)

/** Of a hundred cases and more the daily share tries no fewer: each kind still comes. */
const FEWEST = SHARE < DAILY ? 1 : 24
const MANY = 100

/** For a list that is tried one in so many: how many to go on by. */
export const stride = (steps: number): number => Math.max(1, Math.round(steps / SHARE))

/** Of so many cases those that this run tries: at least one, and a few dozen of many. NFWHY_SHARE above 1 tries more. */
export const share = (cases: number): number => Math.max(cases < MANY ? 1 : FEWEST, Math.round(cases * SHARE))

/** Of cases that each ask the kernel for seconds: all in CI, elsewhere and on a slow machine in CI every third. */
export const some = <Case>(cases: readonly Case[]): Case[] => cases.filter((_, i) => SHARE > DAILY || i % 3 === 0)
