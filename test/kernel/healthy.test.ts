/**
 * Traffic that works is told as answered, whatever stands between: in each setup, as captured, and where only requests
 * were captured and the reply is played. No rule of these firewalls is taken for a ban that did not act.
 */
import { describe, expect, it } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { SETUPS } from './faults/setups/index.ts'
import { Stage } from './faults/stage.ts'
import { whyNoLab } from './lab/available.ts'

const reason = (await whyNoLab()) ?? undefined
if (reason) console.warn(`no working traffic is looked at: ${reason}`)

const SEEDS = (process.env.NFWHY_FAULTS_SEEDS ?? '1').split(',').map(Number)

describe.skipIf(reason)('traffic that works', () => {
  it.each(SETUPS.flatMap((make) => SEEDS.map((seed) => ({ name: make.name, make, seed }))))(
    '$name, seed $seed',
    async ({ make, seed }) => {
      const stage = await Stage.open(make, seed * 7919, 'iptables-legacy')
      const wrong: string[] = []
      let told = 0
      try {
        await stage.put()
        for (const probe of stage.setup.probes) {
          const { result, log, lost, sent } = await stage.ask(probe)
          if (lost || result !== 'answered') continue
          const files = await stage.state()
          for (const [what, lines, wanted] of [
            ['both ways', log, /^answered$/],
            [
              'requests alone',
              log.filter((line) => line.includes(` ID=${sent.packet.ipId} `)),
              /^(answered|undetermined)$/,
            ],
          ] as const) {
            if (lines.length === 0) continue
            for (const exchange of await exchangesOf(lines, files)) {
              told++
              const isBanned = exchange.findings.some(({ code }) => code === 'let-through')
              if (!wanted.test(exchange.status) || isBanned) wrong.push(`${probe.name}, ${what}: ${tell(exchange)}`)
            }
          }
        }
      } finally {
        await stage.close()
      }
      expect(wrong).toEqual([])
      expect(told).toBeGreaterThan(0)
    },
  )
})

async function exchangesOf(lines: readonly string[], files: Readonly<Record<string, string>>): Promise<Exchange[]> {
  const analysis = await open(
    Object.entries({ ...files, 'trace.log': lines.map((line) => `${line}\n`).join('') }).map(([name, text]) => ({
      name,
      text,
    })),
  )
  return (await analysis.exchanges()).exchanges
}

const tell = ({ status, basis, journeys, findings }: Exchange): string =>
  `${status} (${basis}) ${JSON.stringify(journeys)} ${findings.map(({ code, message }) => `${code}: ${message}`).join(' | ')}`
