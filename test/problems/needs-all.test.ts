/**
 * Where several things are in the way at once, each line of a problem's mend mends one: without any of them it still
 * fails, and with all of them it works. Otherwise the data is wrong.
 */
import { describe, expect, it } from 'vitest'
import { build } from '../../src/demo/build.ts'
import { Lab } from '../../src/demo/lab.ts'
import { Sender } from '../../src/demo/send.ts'
import { whyNoLab } from '../kernel/lab/available.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { share } from '../share.ts'
import { isInShare, PROBLEMS } from './library.ts'
import { demoBackend, shellOf } from './play.ts'
import type { Line, Problem } from './problem.ts'

const reason = whyNot('nft', 'iptables-nft', 'iptables-legacy') ?? (await whyNoLab())
if (reason) console.warn(`no problem is played without a part of its mend: ${reason}`)

const asked = process.env.NFWHY_PROBLEMS
const several = PROBLEMS.filter(({ name }) => name.startsWith('faults-'))
const chosen = several.filter(({ name }) =>
  asked === undefined ? isInShare(name, share(1) > 1 ? 1 : 4) : asked.split(',').some((one) => name.startsWith(one)),
)

describe.skipIf(reason)('several faults at once', () => {
  it.concurrent.each(chosen)('$name', async (problem) => {
    const { mend, seen } = problem
    expect(mend.length).toBeGreaterThan(1)
    for (const left of mend)
      expect(
        await sentAfter(
          problem,
          mend.filter((line) => line !== left),
        ),
        `without ${left[1]}`,
      ).not.toBe('answered')
    expect(await sentAfter(problem, [])).toBe(seen)
    expect(await sentAfter(problem, mend)).toBe('answered')
  })
})

async function sentAfter(problem: Problem, lines: readonly Line[]) {
  const { hosts, links, setup = [], fails } = problem
  const lab = await Lab.open(Object.keys(hosts))
  try {
    await build(lab, { hosts, links, backend: demoBackend(problem) })
    for (const [host, command] of [...setup, ...lines]) {
      const { status, err } = await shellOf(lab, problem, host, command)
      expect(status, err).toBe(0)
    }
    return (await new Sender(lab).send(fails, lines.length === problem.mend.length ? 'answered' : 'nothing')).seen
  } finally {
    await lab.close()
  }
}
