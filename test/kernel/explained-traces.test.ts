/**
 * The kernel judges explained traces: random rulesets in a lab of namespaces, packets through them, the kernel's own
 * TRACE lines explained and compared step for step with its counters, and with what arrived at the other ends.
 *
 *     NFWHY_KERNEL_CASES=2000 NFWHY_KERNEL_SEED=4711 npx vitest run test/kernel/explained-traces.test.ts
 */
import { afterAll, describe, expect, it } from 'vitest'
import { share } from '../share.ts'
import { compareCase } from './compare/compare.ts'
import { type House, randomHouse } from './generate/house.ts'
import { whyNoLab } from './lab/available.ts'
import { Lab } from './lab/lab.ts'
import { type Played, play } from './play.ts'

const cases = Number(process.env.NFWHY_KERNEL_CASES ?? share(200))
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)
/** Cases in one lab, which keeps its tables and settings. */
const TOGETHER = 20

const reason = await whyNoLab()
if (reason) console.warn(`explained traces are not compared with the kernel: ${reason}`)

const seen = { packets: 0, lines: 0, outcomes: {} as Record<string, number> }
afterAll(() => {
  if (!reason) console.info(`${cases} cases from seed ${seed}: ${JSON.stringify(seen)}`)
})

describe.skipIf(reason)('explained traces and the kernel', () => {
  it.each(houses())('agree in cases $from to $to', async ({ from, to }) => {
    let house: House | undefined
    const lab = await Lab.open((topology) => {
      house = randomHouse(Math.floor(from / TOGETHER), topology)
      return house
    })
    try {
      const host = await lab.hostState()
      for (let one = from; one <= to; one++) {
        const played = await playWhole(lab, one, house!.tables)
        const { truth, differences } = await compareCase(played, host, lab).catch((error: Error) => {
          throw new Error(`${again(one)}: ${error.message}\n${played.saved}`)
        })
        expect(
          differences,
          `${again(one)}\n${JSON.stringify(house)}\n${played.saved}\n${differences.join('\n\n')}`,
        ).toEqual([])
        seen.packets += truth.packets.length
        seen.lines += truth.lines.length
        for (const { fate } of truth.packets) seen.outcomes[fate.outcome] = (seen.outcomes[fate.outcome] ?? 0) + 1
      }
    } finally {
      await lab.close()
    }
  })
})

/** When others write much to the kernel log, lines may be gone before they are read; then the case is played again. */
async function playWhole(lab: Lab, one: number, tables: readonly string[]): Promise<Played> {
  for (let attempt = 1; ; attempt++) {
    const played = await play(lab, one, tables)
    if (attempt === 5 || played.rounds.every(({ gathered }) => gathered.lost === 0)) return played
  }
}

const again = (one: number) => `case ${one} (again: NFWHY_KERNEL_SEED=${one} NFWHY_KERNEL_CASES=1)`

/** From one multiple of TOGETHER to the next, so that a case has the same lab when it is run alone. */
function houses(): { from: number; to: number }[] {
  const list: { from: number; to: number }[] = []
  for (let from = seed; from < seed + cases; ) {
    const to = Math.min(from - (from % TOGETHER) + TOGETHER, seed + cases) - 1
    list.push({ from, to })
    from = to + 1
  }
  return list
}
