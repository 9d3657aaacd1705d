/**
 * Random cases are the same ones on every run: what lands may not hang on chance. NFWHY_SEED=N looks for others
 * (CONTRIBUTING.md); a case that fails prints its seed, and becomes a test of its own.
 */
import fc from 'fast-check'
import { share } from './share.ts'

/** fast-check's own number of cases, where a test names none. */
const RUNS = 100

fc.configureGlobal({ seed: Number(process.env.NFWHY_SEED ?? 1), numRuns: share(RUNS) })
