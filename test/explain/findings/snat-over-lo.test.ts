/** What this host sends to itself keeps its source: a rule that spares lo is meant so. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o lo -j ACCEPT
-A POSTROUTING -o wan -j ACCEPT
-A POSTROUTING -j MASQUERADE
COMMIT
`

async function codesOf(out: string, rule: number): Promise<string[]> {
  const packet = { out, src: '192.0.2.1', dst: out === 'lo' ? '192.0.2.1' : '203.0.113.9', sport: 40_000, dport: 80 }
  const lines = [trace('nat:OUTPUT:policy:1', packet), trace(`nat:POSTROUTING:rule:${rule}`, packet)]
  const log = lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join('')
  const analysis = await open(Object.entries({ log, rules: RULES }).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups({})
  return groups.flatMap(({ journey }) => journey.findings.map(({ code }) => code))
}

it('does not name the rule that spares lo', async () => {
  expect(await codesOf('lo', 1)).not.toContain('snat-skipped')
})

it('names one that spares an uplink', async () => {
  expect(await codesOf('wan', 2)).toContain('snat-skipped')
})
