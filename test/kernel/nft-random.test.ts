/**
 * The kernel judges the model on random rulesets of nft: several tables, packets of several flows one after the other. A
 * case that differs, or that the model cannot tell though the kernel decides it by what was given, is made as small as it
 * goes before it is shown.
 *
 *     NFWHY_KERNEL_CASES=2000 NFWHY_KERNEL_SEED=4711 npx vitest run test/kernel/nft-random.test.ts
 *
 * NFWHY_KERNEL_SHOWN=0 makes none smaller, which takes most of the time of a run that fails; it names them.
 * NFWHY_KERNEL_WORDS=FILE writes which words were drawn, and how often their rules matched.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { share } from '../share.ts'
import { whyNot } from './namespaces.ts'
import { printRow, type RandomCase } from './nft-random/case.ts'
import { type Compared, compareCases } from './nft-random/compare.ts'
import { drawCase } from './nft-random/ruleset.ts'
import { shrink } from './nft-random/shrink.ts'
import { Tally } from './nft-random/tally.ts'

const cases = Number(process.env.NFWHY_KERNEL_CASES ?? share(200))
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 100_060)
/** Cases in one namespace. */
const TOGETHER = 250
/** As many failures are made smaller. */
const MOST_SHOWN = Number(process.env.NFWHY_KERNEL_SHOWN ?? 10)

const reason =
  !existsSync('/dev/net/tun') || process.getuid?.() !== 0
    ? 'no tap devices (run as root)'
    : whyNot('nft', 'ip', 'python3', 'conntrack', 'bridge')
if (reason) console.warn(`random rulesets of nft are not compared with the kernel: ${reason}`)

const tally = new Tally()
afterAll(() => {
  if (reason) return
  console.info(`${cases} cases from seed ${seed}: ${tally.summary()}`)
  const file = process.env.NFWHY_KERNEL_WORDS
  if (file) writeFileSync(file, tally.table())
})

describe.skipIf(reason)('random rulesets of nft and the kernel', () => {
  it.each(batches())('agree in cases $from to $to', { timeout: 900_000 }, ({ from, to }) => {
    const seeds = Array.from({ length: to - from + 1 }, (_, i) => from + i)
    const drawn = seeds.map(drawCase)
    const compared = compareCases(drawn)
    for (const [i, one] of compared.entries()) tally.add(drawn[i]!, one)
    const failed = seeds.flatMap((one, i) =>
      wayOf(compared[i]!) === '' ? [] : [{ seed: one, way: wayOf(compared[i]!) }],
    )
    expect(failed.length > 0 ? shown(failed) : '').toBe('')
  })

  it('are loaded in nearly all cases', () => {
    // of few cases a tenth is less than what some seeds have
    expect(tally.refused).toBeLessThan(Math.max(5, cases / 10))
    expect(tally.packets).toBeGreaterThan((cases - tally.refused) * 3)
  })
})

/** In which way a case fails; empty: it does not. */
function wayOf({ differences, untold }: Compared): string {
  const [difference] = differences
  if (difference !== undefined) {
    const [, kernel, model] = /^kernel: (\S*).*\nmodel: {2}(\S*)/m.exec(difference)!
    return `differs: ${kernel}, ${model}`
  }
  return untold[0]?.replace(/\d+/g, 'N') ?? ''
}

function shown(failed: readonly { seed: number; way: string }[]): string {
  const some = failed.slice(0, MOST_SHOWN)
  const small = shrink(
    some.map((one) => drawCase(one.seed)),
    (tried) => compareCases(tried.map(({ one }) => one)).map((one, i) => wayOf(one) === some[tried[i]!.of]!.way),
  )
  const again = compareCases(small)
  const texts = small.map(
    (one, i) =>
      `${howAgain(some[i]!.seed)}\n${printed(one)}\n${[...again[i]!.differences, ...again[i]!.untold].join('\n')}`,
  )
  const others = failed.slice(MOST_SHOWN).map((one) => `${howAgain(one.seed)} (${one.way})`)
  return [...texts, ...others].join('\n\n')
}

const howAgain = (one: number): string => `case ${one} (again: NFWHY_KERNEL_SEED=${one} NFWHY_KERNEL_CASES=1)`

function printed(one: RandomCase): string {
  const { rules, send } = printRow(one)
  return [rules, ...send.map((packet) => JSON.stringify(packet))].join('\n')
}

function batches(): { from: number; to: number }[] {
  const list: { from: number; to: number }[] = []
  for (let from = seed; from < seed + cases; from += TOGETHER)
    list.push({ from, to: Math.min(from + TOGETHER, seed + cases) - 1 })
  return list
}
