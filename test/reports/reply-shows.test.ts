/** What a captured reply shows stands before what follows from it, and no rule is said to have stopped what it only led astray. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { answerOf } from '../../src/reports/answer.ts'
import { whyWords } from '../../src/reports/exchange-words.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]\n`).join('')

async function first(files: Record<string, string>) {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  return printedGroup(groups[0]!)
}

test("the tunnel's narrower route to the own LAN is the cause, and its removal the first fix", async () => {
  const asked = {
    src: '172.25.3.50',
    dst: '172.25.3.20',
    protocol: 'icmp' as const,
    icmpType: 8,
    icmpCode: 0,
    icmpId: 7,
    icmpSeq: 1,
  }
  const reply = { ...asked, src: '172.25.3.20', dst: '172.25.3.50', icmpType: 0, out: 'zt0' }
  const group = await first({
    rules: `*filter\n${chains('INPUT', 'FORWARD', 'OUTPUT')}COMMIT\n`,
    log: dmesg([
      trace('filter:INPUT:policy:1', { ...asked, in: 'eth0' }),
      trace('filter:OUTPUT:policy:1', reply),
      // it got no reply
      trace('filter:INPUT:policy:1', { ...asked, in: 'eth0', icmpSeq: 2 }),
      trace('filter:OUTPUT:policy:1', { ...reply, icmpSeq: 2 }),
    ]),
    routes: `default via 172.25.3.1 dev eth0
172.25.3.0/24 dev eth0 proto kernel scope link src 172.25.3.20
172.25.3.0/25 via 10.1.1.1 dev zt0
10.1.1.0/24 dev zt0 proto kernel scope link src 10.1.1.23
local 172.25.3.20 dev eth0 table local proto kernel scope host src 172.25.3.20
local 10.1.1.23 dev zt0 table local proto kernel scope host src 10.1.1.23
`,
    addresses: `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 172.25.3.20/24 scope global eth0
3: zt0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 10.1.1.23/24 scope global zt0
`,
  })
  expect(group.journey.findings.map(({ code }) => code)).toEqual(['wrong-way-out', 'reply-by-other-uplink'])
  const { cause, fixes } = answerOf(group)
  expect(cause[0]).toContain('It went the wrong way')
  expect(fixes[0]!.description).toBe('remove that route')
})

test('a rule that exempts the reply from conntrack is not said to have stopped it', async () => {
  const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 53, protocol: 'udp' as const }
  const reply = {
    out: 'eth0',
    src: '169.254.20.10',
    dst: '192.0.2.9',
    sport: 53,
    dport: 40_000,
    protocol: 'udp' as const,
  }
  const group = await first({
    rules: `*raw\n${chains('PREROUTING', 'OUTPUT')}-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack\nCOMMIT
*nat\n${chains('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING')}-A PREROUTING -d 192.0.2.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 169.254.20.10:53\nCOMMIT
*filter\n${chains('INPUT', 'FORWARD', 'OUTPUT')}COMMIT\n`,
    log: dmesg([
      trace('raw:PREROUTING:policy:1', asked),
      trace('nat:PREROUTING:rule:1', asked),
      trace('filter:INPUT:policy:1', { ...asked, dst: '169.254.20.10' }),
      trace('raw:OUTPUT:rule:1', reply),
      trace('raw:OUTPUT:policy:2', reply),
      trace('filter:OUTPUT:policy:1', reply),
    ]),
  })
  expect(group.exchanges!.worst.status).toBe('reply-lost')
  expect(group.exchanges!.worst.culprit).toMatchObject({ table: 'raw', chain: 'OUTPUT' })
  expect(whyWords(group) ?? '').not.toContain('stopped')
  expect(answerOf(group).cause[0]).toMatch(
    /^The reply is exempted from conntrack by raw OUTPUT rule 1, so nat does not /,
  )
})
