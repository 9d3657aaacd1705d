/**
 * Random cases are the same ones on every run: what lands may not hang on chance. NFWHY_SEED=N looks for others
 * (CONTRIBUTING.md); a case that fails prints its seed, and becomes a test of its own.
 */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.NFWHY_SEED ?? 1) })
