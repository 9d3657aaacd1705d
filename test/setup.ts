/**
 * Random cases are the same ones on every run: what lands may not hang on chance. NFWHY_SEED=N looks for others
 * (CONTRIBUTING.md); a case that fails prints its seed, and becomes a test of its own.
 */
import fc from 'fast-check'
import '../src/analysis/exchanges/join/later.ts'
import '../src/analysis/exchanges/status/later.ts'
import '../src/explain/findings/accept-queue-full.ts'
import '../src/explain/findings/capture-ends.ts'
import '../src/explain/findings/ipsec-no-state.ts'
import '../src/explain/findings/later.ts'
import { loadDrops } from '../src/explain/kernel-drops/later.ts'
import '../src/explain/neighbours/later.ts'
import '../src/explain/nft-only/later.ts'
import '../src/explain/changes/later.ts'
import '../src/explain/repair/later.ts'
import '../src/journey/logs-later.ts'
import '../src/journey/traced.ts'
import '../src/simulate/nat-order-later.ts'
import { FORMATS } from '../src/read/recognise.ts'
import { share } from './share.ts'

// Tests of readers call them at once. What comes with a reader is imported above, so that it is loaded with it. Not all of
// src/index.ts: a test may replace one of its modules. That all is waited for where it matters, the built library's tests show.
await Promise.all([...FORMATS.map(({ format }) => format.load?.()), loadDrops()])

/** fast-check's own number of cases, where a test names none. */
const RUNS = 100

fc.configureGlobal({ seed: Number(process.env.NFWHY_SEED ?? 1), numRuns: share(RUNS) })
