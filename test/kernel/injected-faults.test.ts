/**
 * One fault in a setup that works: is it named, and does the first fix mend it, on a kernel? docs/injected-faults.md
 * has the figures.
 *
 *     npm run faults                                        # all kinds in all setups, and the page anew
 *     NFWHY_FAULTS_SEEDS=4,5,6 npm run faults               # other ones
 *     NFWHY_FAULTS_AT_ONCE=2 npm run faults                 # two faults at once: figures alone, no page
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { describe, expect, it } from 'vitest'
import { figuresOf, printLedger } from './faults/ledger.ts'
import { type Played, playFaults } from './faults/play.ts'
import { NFT_SETUPS, SETUPS } from './faults/setups/index.ts'
import { whyNoLab } from './lab/available.ts'

const PAGE = new URL('../../docs/injected-faults.md', import.meta.url)
const whole = process.env.NFWHY_FAULTS_SEEDS
const seeds = (whole ?? '1').split(',').map(Number)
/** Without being told otherwise, of the kinds every eighth, in each setup others. */
const SHARE = whole === undefined ? 8 : 1

const atOnce = process.env.NFWHY_FAULTS_AT_ONCE === '2' ? 2 : 1

const reason = (await whyNoLab()) ?? undefined
if (reason) console.warn(`no faults are put into setups: ${reason}`)

const played: Played[] = []

describe.skipIf(reason)('injected faults', () => {
  const rounds = [...SETUPS, ...NFT_SETUPS].flatMap((make, i) =>
    seeds.map((seed) => ({ name: make.name, make, seed, i })),
  )
  it.each(rounds)('$name, seed $seed', { timeout: 300_000 }, async ({ make, seed, i }) => {
    const round = await playFaults(make, seed, (kind) => (kind + i) % SHARE === 0, atOnce)
    for (const { diagnosis } of round.played) expect(diagnosis.warnings).toEqual([])
    expect(round.played.length).toBeGreaterThan(0)
    played.push(...round.played)
    expect(round.accused, 'what works is not accused').toEqual([])
  })

  it('are named, and mended by the first fix', () => {
    const { cases, kinds, named, restored } = figuresOf(played)
    console.info(`${cases} cases of ${kinds} kinds: ${named} named, ${restored} restored`)
    const wrong = played.filter(({ judgement, mended }) => !judgement.named || mended.result !== 'restored').map(tell)
    // of all kinds the page has them
    if (whole === undefined || atOnce > 1) console.info(wrong.join('\n'))
    if (atOnce > 1) return
    if (whole !== undefined) {
      const version = (program: string) => /v(\S+)/.exec(execFileSync(program, ['-V'], { encoding: 'utf8' }))![1]!
      const versions = { 'iptables-legacy': version('iptables-legacy'), nft: version('nft') }
      const date = new Date().toISOString().slice(0, 10)
      writeFileSync(PAGE, printLedger({ played, seeds, kernel: release(), versions, date }))
    }
    expect(named / cases, wrong.join('\n')).toBeGreaterThanOrEqual(0.85)
    expect(restored / cases, wrong.join('\n')).toBeGreaterThanOrEqual(0.75)
  })
})

const tell = ({ setup, seed, probe, fault, judgement, mended }: Played): string =>
  `${setup}, seed ${seed}, ${probe}: ${fault.kind}: ${fault.about}: ${judgement.named ? '' : 'not named; '}${JSON.stringify(mended)}`
