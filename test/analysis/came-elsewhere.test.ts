/** A reply that was captured as it came in by another interface than the request left by, and that was not seen any further. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80
COMMIT
*filter
:FORWARD ACCEPT [0:0]
COMMIT
`
const ASKED = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 8080 }
const SENT = { ...ASKED, out: 'br-net2', dst: '10.1.0.5', dport: 80 }
const REPLY = { src: '10.1.0.5', dst: '192.0.2.9', sport: 80, dport: 40_000, flags: 'ACK SYN', id: 9 }

async function told(came: string, sysctls?: string) {
  const reply = { ...REPLY, in: came }
  const lines = [
    trace('raw:PREROUTING:policy:2', ASKED),
    trace('nat:PREROUTING:rule:1', ASKED),
    trace('filter:FORWARD:policy:1', SENT),
    trace('nat:POSTROUTING:policy:1', SENT),
    trace('raw:PREROUTING:policy:2', reply),
  ]
  const files = {
    log: lines.map((line) => `[   10.000000] ${line}\n`).join(''),
    rules: RULES,
    ...(sysctls && { sysctls }),
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  const { groups } = await analysis.groups({})
  const shown = groups.map(printedGroup).find(({ journey }) => journey.id === exchange!.journeys.request[0])
  return { exchange: exchange!, shown: shown!.journey.findings.map(({ message }) => message) }
}

const LEFT = 'The request left by br-net2, but its reply came in on br-net1.'
const DROPS = 'the kernel drops the reply if the route back to its source leaves by br-net2.'

describe('a reply that came in by another interface', () => {
  it('is said to have come in there, with what may drop it, and nobody is told to wait for it where the request left', async () => {
    const { exchange, shown } = await told('br-net1')
    const message = `${LEFT} If the reverse path filter of br-net1 is strict (rp_filter=1), ${DROPS}`
    expect(shown).toContain(message)
    expect(shown.join('\n')).not.toMatch(/If no reply comes/)
    const found = exchange.findings.find((one) => one.message === message)
    expect(found).toMatchObject({ code: 'reply-by-other-uplink', severity: 'note' })
    expect(found?.fix[0]?.look?.words ?? found?.fix[0]?.look).toEqual(
      expect.arrayContaining(['sysctl', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.br-net1.rp_filter']),
    )
    expect(exchange.findings.map((one) => one.message).join('\n')).not.toMatch(/If no reply comes/)
  })

  it.each([
    ['is strict', 1, ` The reverse path filter of br-net1 is strict (rp_filter=1): ${DROPS}`],
    ['is loose', 2, ''],
  ])('is told of the filter where that %s', async (_name, value, words) => {
    const { exchange } = await told(
      'br-net1',
      `net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.br-net1.rp_filter = ${value}\n`,
    )
    const found = exchange.findings.find(({ message }) => message === `${LEFT}${words}`)
    // what nothing drops may come in wherever it likes
    expect(found?.fix).toHaveLength(value === 1 ? 1 : 0)
  })

  it('is not told of one that came in where the request left', async () => {
    const { exchange, shown } = await told('br-net2')
    expect(exchange.findings.map(({ message }) => message).join('\n')).not.toMatch(/came in on/)
    expect(shown.join('\n')).not.toMatch(/If no reply comes/)
  })
})
