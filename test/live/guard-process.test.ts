/** Guards that do not do what they were told: the session begins or fails, and ends. */
import { expect, test, vi } from 'vitest'
import { startGuard } from '../../src/live/guard-process.ts'
import { GUARD } from '../../src/live/limits.ts'
import type { Plan } from '../../src/live/plan.ts'
import { LATEST } from '../latest.ts'
import { farSide } from './lab/far-side.ts'

const PLAN: Plan = {
  id: 'nfwhy-100000000',
  backend: 'legacy',
  why: '',
  changes: [],
  addsRules: false,
  streams: [],
  notes: [],
  until: Date.now() / 1000 + 600,
}
const SHORT = { ...GUARD, beginning: 1, undoing: 0.3, lastWords: 0.3, fromHere: 1 }

test('one that says 200 MB before each word that counts is heard all the same', async ({ onTestFinished }) => {
  const guard = startGuard(farSide('rambling-guard', onTestFinished).place, PLAN)
  await guard.ready
  await guard.stop()
})

test.for(['hang', 'deaf', 'endless', 'guard-that-hangs', 'closes-at-once'])(
  '%s: it is not waited for without end',
  async (mode, { onTestFinished }) => {
    const far = farSide(mode, onTestFinished)
    const guard = startGuard(far.place, PLAN, SHORT)
    await expect(guard.ready).rejects.toThrow('tracing was not set up within 1 s')
    await expect(guard.stop()).rejects.toThrow('the connection ended before the clean-up was confirmed')
    await vi.waitFor(async () => expect(await far.processes()).toEqual([]), { timeout: LATEST })
  },
)

test('one that does not end is cut, and that is told', async ({ onTestFinished }) => {
  const far = farSide('guard-that-stays', onTestFinished)
  const guard = startGuard(far.place, PLAN, { ...SHORT, beginning: 30 })
  await guard.ready
  await expect(guard.stop()).rejects.toThrow('the connection ended before the clean-up was confirmed')
  await vi.waitFor(async () => expect(await far.processes()).toEqual([]), { timeout: LATEST })
})
