/** A chain that nothing jumps to any more would have given the packet its source, and the other side refuses or ignores it. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const SENT = { out: 'eth0', src: '10.0.1.1', dst: '10.0.1.70', sport: 40_000, dport: 8080, flags: 'SYN' }
const RESET = { in: 'eth0', src: '10.0.1.70', dst: '10.0.1.1', sport: 8080, dport: 40_000, flags: 'ACK RST', id: 9 }

const rules = (...lines: string[]) => `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PROBES - [0:0]
${lines.map((line) => `${line}\n`).join('')}COMMIT
*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`

async function said(...lines: string[]) {
  const log = [
    trace('nat:OUTPUT:policy:1', SENT),
    trace('filter:OUTPUT:policy:1', SENT),
    trace('nat:POSTROUTING:policy:1', SENT),
    trace('filter:INPUT:policy:1', RESET),
  ]
  const inputs = { log: log.map((line) => `[   10.000000] ${line}\n`).join(''), rules: rules(...lines) }
  const analysis = await open(Object.entries(inputs).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  expect(exchange?.status).toBe('refused')
  return exchange!.findings.filter(({ code }) => code === 'never-reached').map(({ message }) => message)
}

const TO = '-j SNAT --to-source 10.0.1.127'

describe('refused there', () => {
  it('names the chain that was to give packets for that very host a source', async () => {
    expect(await said(`-A PROBES -d 10.0.1.70/32 -p tcp ${TO}`)).toEqual([
      'nat PROBES rule 1 would have rewritten its source, but nothing jumps to PROBES. Whether 10.0.1.70 accepts only that source is unknown.',
    ])
  })

  it('says nothing of a chain that would take whatever comes, or packets for others', async () => {
    expect(await said(`-A PROBES -p tcp ${TO}`)).toEqual([])
    expect(await said(`-A PROBES -d 10.0.1.71/32 -p tcp ${TO}`)).toEqual([])
  })
})
