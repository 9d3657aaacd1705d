/** Programs over there that do not do what they were told. */

import { expect, test, vi } from 'vitest'
import { FromNow } from '../../../src/live/streams/from-now.ts'
import { programStream } from '../../../src/live/streams/program.ts'
import type { Program } from '../../../src/live/streams/programs.ts'
import { LATEST } from '../../latest.ts'
import { farSide } from '../lab/far-side.ts'

const LOG: Program = { name: 'the kernel log', sh: ':', format: 'kernel-log', listens: ':', fromNow: true }

test('that it listens is heard behind a flood of complaints', async ({ onTestFinished }) => {
  const stream = programStream(farSide('complains-then-listens', onTestFinished).place, LOG)
  await stream.ready
  for await (const chunk of stream.chunks) {
    expect(new TextDecoder().decode(chunk)).toContain('a line')
    break
  }
  await stream.stop()
})

test.for(['hang', 'deaf', 'endless', 'complains-for-ever'])(
  '%s: it is not waited for without end',
  async (mode, { onTestFinished }) => {
    const far = farSide(mode, onTestFinished)
    const stream = programStream(far.place, LOG, 1)
    await expect(stream.ready).rejects.toThrow('the kernel log did not begin within 1 s')
    await stream.stop()
    await vi.waitFor(async () => expect(await far.processes()).toEqual([]), { timeout: LATEST })
  },
)

test('one that does not end is cut', async ({ onTestFinished }) => {
  const far = farSide('stream-that-stays', onTestFinished)
  const stream = programStream(far.place, LOG)
  await stream.ready
  let bytes = 0
  const reading = (async () => {
    for await (const chunk of stream.chunks) bytes += chunk.length
  })()
  await stream.stop()
  await reading
  expect(bytes).toBeGreaterThan(0)
  await vi.waitFor(async () => expect(await far.processes()).toEqual([]), { timeout: LATEST })
})

test('of a line without end before the first that counts little is kept', () => {
  const since = new FromNow()
  since.begin(2)
  const piece = new Uint8Array(65_536).fill(65)
  for (let i = 0; i < 300; i++) expect(since.filter(piece).length).toBe(0)
  expect(JSON.stringify(since).length).toBeLessThan(300_000)
  const text = '\n[    1.000000] old\n[    3.000000] new\n'
  expect(new TextDecoder().decode(since.filter(new TextEncoder().encode(text)))).toBe('[    3.000000] new\n')
})
