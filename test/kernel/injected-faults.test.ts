/**
 * One fault in a setup that works: is it named, and does the first fix mend it, on a kernel? docs/injected-faults.md
 * has the figures.
 *
 *     npm run faults                                        # all kinds in all setups, and the page anew
 *     NFWHY_FAULTS_SEEDS=4,5,6 npm run faults               # other ones
 *     NFWHY_FAULTS_AT_ONCE=2 npm run faults                 # two faults at once, or three: figures alone, no page
 *     NFWHY_FAULTS_SHARE=2 npm run faults                   # of the kinds every second
 *     NFWHY_FAULTS_KINDS='a policy|TTL' npm run faults      # only these; figures alone, no page
 *     NFWHY_FAULTS_KEEP=DIR npm run faults                  # each case as JSON, with its inputs and what is said of it
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { describe, expect, it } from 'vitest'
import { KINDS } from './faults/kinds/index.ts'
import { NFT_KINDS } from './faults/kinds/nft/index.ts'
import { FILTERS, figuresOf, printLedger } from './faults/ledger.ts'
import { type Played, playFaults } from './faults/play.ts'
import { NFT_SETUPS, SETUPS } from './faults/setups/index.ts'
import { whyNoLab } from './lab/available.ts'
import { isPlayedHere } from './lab/lane.ts'

const PAGE = new URL('../../docs/injected-faults.md', import.meta.url)
const whole = process.env.NFWHY_FAULTS_SEEDS
const seeds = (whole ?? '1').split(',').map(Number)
/** Without being told otherwise, of the kinds every twelfth, in each setup others: every kind by every filter. */
const SHARE = Number(process.env.NFWHY_FAULTS_SHARE ?? (whole === undefined ? 12 : 1))

/** Of all kinds only those of such names; as a regular expression. */
const NAMES = process.env.NFWHY_FAULTS_KINDS
const isNamed = new RegExp(`^(${NAMES ?? '.*'})$`)
const chosen = (round: number) => (kind: number, name: string) => (kind + round) % SHARE === 0 && isNamed.test(name)

const kindsOf = (filter: (typeof FILTERS)[number]) => (filter === 'nft' ? NFT_KINDS : KINDS).map(({ name }) => name)

const kept = process.env.NFWHY_FAULTS_KEEP

const atOnce = Number(process.env.NFWHY_FAULTS_AT_ONCE ?? 1)
/** What the page is made of, unless only some rounds are chosen. */
const isWhole = whole !== undefined && atOnce === 1 && NAMES === undefined
let left = 0

const reason = (await whyNoLab()) ?? undefined
if (reason) console.warn(`no faults are put into setups: ${reason}`)

const played: Played[] = []

describe.skipIf(reason)('injected faults', () => {
  const all = FILTERS.flatMap((filter) =>
    (filter === 'nft' ? NFT_SETUPS : SETUPS).flatMap((make) =>
      seeds.map((seed) => ({ name: make.name, filter, make, seed })),
    ),
  ).map((round, i) => ({ ...round, i }))
  const rounds = all.filter(({ filter }) => isPlayedHere(filter === 'iptables-legacy', isWhole))
  left = rounds.length
  // the page lists them in their order
  const [alone, besideOthers] = [true, false].map((is) =>
    rounds.filter(({ filter }) => (isWhole || filter === 'iptables-legacy') === is),
  )
  it.concurrent.each(besideOthers!)('$name, $filter, seed $seed', { timeout: 300_000 }, check)
  it.each(alone!)('$name, $filter, seed $seed', { timeout: 300_000 }, check)

  async function check({ make, filter, seed, i }: (typeof rounds)[number]): Promise<void> {
    const round = await playFaults(make, filter, seed, chosen(i + seed), atOnce)
    for (const { diagnosis } of round.played) expect(diagnosis.warnings).toEqual([])
    if (NAMES === undefined) expect(round.played.length).toBeGreaterThan(0)
    left--
    played.push(...round.played)
    if (kept !== undefined) round.played.forEach(keep)
    expect(round.accused, 'what works is not accused').toEqual([])
  }

  const { NFWHY_FAULTS_SHARE: share } = process.env
  it.skipIf(whole !== undefined || share !== undefined || NAMES !== undefined)(
    'are tried of every kind by every filter',
    () => {
      const tried = all.flatMap(({ filter, i, seed }) =>
        kindsOf(filter)
          .filter((name, kind) => chosen(i + seed)(kind, name))
          .map((name) => `${filter}: ${name}`),
      )
      const every = FILTERS.flatMap((filter) => kindsOf(filter).map((name) => `${filter}: ${name}`))
      expect(every.filter((one) => !tried.includes(one))).toEqual([])
    },
  )

  it.skipIf(rounds.length === 0)('are named, and mended by the first fix', () => {
    const { cases, kinds, named, restored, elsewhere } = figuresOf(played)
    console.info(`${cases} cases of ${kinds} kinds: ${named} named, ${restored} restored`)
    const wrong = played.filter(({ judgement, mended }) => !judgement.named || mended.result !== 'restored').map(tell)
    if (!isWhole || left > 0) console.info(wrong.join('\n'))
    if (atOnce > 1) return
    if (isWhole && left === 0) {
      const version = (program: string) => /v(\S+)/.exec(execFileSync(program, ['-V'], { encoding: 'utf8' }))![1]!
      const versions = Object.fromEntries(FILTERS.map((filter) => [filter, version(filter)]))
      const date = new Date().toISOString().slice(0, 10)
      writeFileSync(PAGE, printLedger({ played, seeds, share: SHARE, kernel: release(), versions, date }))
    }
    expect(named / cases, wrong.join('\n')).toBeGreaterThanOrEqual(0.85)
    // what no command on this host can mend is none of it
    expect(restored / (cases - elsewhere), wrong.join('\n')).toBeGreaterThanOrEqual(0.75)
  })
})

function keep(one: Played): void {
  mkdirSync(kept!, { recursive: true })
  const name = [one.filter, one.setup, one.seed, one.fault.kind].join(' ').replace(/[^\w+]+/g, '-')
  writeFileSync(`${kept}/${name}.json`, JSON.stringify(one, undefined, 1))
}

const tell = ({ setup, seed, probe, fault, judgement, mended }: Played): string =>
  `${setup}, seed ${seed}, ${probe}: ${fault.kind}: ${fault.about}: ${judgement.named ? '' : 'not named; '}${JSON.stringify(mended)}`
