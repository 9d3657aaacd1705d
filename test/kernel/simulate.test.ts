/**
 * The kernel judges the simulator: random rulesets in a lab of namespaces, flows with their answers through them; what
 * the kernel's TRACE prints, where each packet arrives and which connections are left has to be what the model foretells.
 * A case that differs is made as small as it goes before it is shown.
 *
 *     NFWHY_KERNEL_CASES=3000 NFWHY_KERNEL_SEED=4711 npx vitest run test/kernel/simulate.test.ts
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { Host } from '../../src/index.ts'
import { share } from '../share.ts'
import { buildWorld } from './compare/explained.ts'
import { type House, randomHouse } from './generate/house.ts'
import { printRuleset } from './generate/ruleset.ts'
import { whyNoLab } from './lab/available.ts'
import { type Backend, legacy, nft } from './lab/backend.ts'
import { Lab } from './lab/lab.ts'
import { whyNot } from './namespaces.ts'
import { type Case, playAgain, playNew } from './simulate/case.ts'
import { type Compared, compareCase } from './simulate/compare.ts'
import { shrink } from './simulate/shrink.ts'

const cases = Number(process.env.NFWHY_KERNEL_CASES ?? share(500))
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)
/** Cases in one lab, which keeps its tables and settings. */
const TOGETHER = 50

const reason = await whyNoLab()
if (reason) console.warn(`simulated journeys are not compared with the kernel: ${reason}`)

const reasonNft = whyNot(...nft.tools)
if (!reason && reasonNft) console.warn(`iptables-nft is not asked: ${reasonNft}`)

const seen = { packets: 0, lines: 0, undetermined: 0, lost: 0 }
afterAll(() => {
  if (!reason) console.info(`${cases} cases from seed ${seed}: ${JSON.stringify(seen)}`)
})

describe.skipIf(reason)('simulated journeys and the kernel', () => {
  it.concurrent.each(houses())('agree in cases $from to $to', { timeout: 300_000 }, async ({ from, to }) => {
    let house: House | undefined
    const lab = await Lab.open((topology) => {
      house = randomHouse(Math.floor(from / TOGETHER), topology)
      return house
    })
    try {
      await backendOf(from).prepare(lab)
      const { host } = buildWorld(await lab.hostState()).world
      for (let one = from; one <= to; one++) await judge(lab, house!, host, one)
    } finally {
      await lab.close()
    }
  })

  it('are told in nearly all cases', () => {
    expect(seen.packets).toBeGreaterThan(cases * 10)
    expect(seen.undetermined).toBeLessThan(Math.max(10, cases / 10))
    expect(seen.lost).toBeLessThan(Math.max(10, cases / 10))
  })
})

async function judge(lab: Lab, house: House, host: Host, one: number): Promise<void> {
  const { one: big, played } = await playNew(lab, one, house.tables, backendOf(one))
  const compared = compareCase(played, host, lab.topology)
  seen.packets += compared.packets
  seen.lines += compared.lines
  if (compared.undetermined.size > 0) seen.undetermined++
  if (compared.lost) seen.lost++
  if (compared.differences.length === 0) return
  const small = await smallest(lab, host, big, compared)
  const again = `again: NFWHY_KERNEL_SEED=${one} NFWHY_KERNEL_CASES=1`
  const packets = small.one.rounds.flat().map((sent) => `${sent.at} ${JSON.stringify(sent.packet)}`)
  expect.fail(
    [
      `case ${one} (${again})`,
      JSON.stringify(house),
      printRuleset(small.one.tables),
      ...packets,
      ...small.differences,
    ].join('\n'),
  )
}

/** That still differs in the same way. */
async function smallest(lab: Lab, host: Host, big: Case, { differences }: Compared) {
  const way = (texts: readonly string[]) => /^.*/.exec(texts[0] ?? '')![0].replace(/\d+/g, '')
  let last = differences
  const one = await shrink(big, async (smaller) => {
    try {
      const compared = compareCase(await playAgain(lab, smaller), host, lab.topology)
      if (way(compared.differences) !== way(differences)) return false
      last = compared.differences
      return true
    } catch {
      return false
    }
  })
  return { one, differences: last }
}

/** Every fourth lab has iptables-nft. */
const backendOf = (one: number): Backend => (!reasonNft && Math.floor(one / TOGETHER) % 4 === 3 ? nft : legacy)

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
