/** A strict reverse path filter asks routing rules that nobody has listed: whether a reply came in is unknown then. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
-A OUTPUT -j TRACE
COMMIT
`
const SENT = { out: 'veth0', src: '10.0.1.2', dst: '203.0.113.5', sport: 40_000, dport: 80, flags: 'SYN' }
const REPLY = { in: 'veth0', src: '203.0.113.5', dst: '10.0.1.2', sport: 80, dport: 40_000, flags: 'ACK SYN', id: 9 }

const MAIN = `local 10.0.1.2 dev veth0 table local proto kernel scope host src 10.0.1.2
default via 10.0.1.1 dev veth0
10.0.1.0/24 dev veth0 proto kernel scope link src 10.0.1.2
`
const ADDRESSES = `2: veth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.1.2/24 scope global veth0
       valid_lft forever preferred_lft forever
`
const TUNNEL = 'default dev wg0 table 51820 scope link\n'
const filter = (value: number) =>
  `net.ipv4.conf.all.rp_filter = ${value}\nnet.ipv4.conf.veth0.rp_filter = 0\nnet.ipv4.ip_forward = 0\n`

async function statusOf(routes: string, sysctls?: string, ipRules?: string) {
  const lines = [trace('raw:OUTPUT:policy:2', SENT), trace('raw:PREROUTING:policy:2', REPLY)]
  const inputs = {
    log: lines.map((line) => `[   10.000000] ${line}\n`).join(''),
    ...{ rules: RULES, routes },
    ...(sysctls && { sysctls }),
    ...(ipRules && { ipRules }),
  }
  const analysis = await open(Object.entries(inputs).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges[0]!.status
}

describe('a reply whose route back hangs on routing rules', () => {
  it('is not said to have come in where another table leads elsewhere and no rules are listed', async () => {
    expect(await statusOf(MAIN + TUNNEL, filter(1))).toBe('undetermined')
    expect(await statusOf(MAIN + TUNNEL)).toBe('undetermined')
  })

  it('nor where no routes are listed and the filter is known to be strict', async () => {
    expect(await statusOf(ADDRESSES, filter(1))).toBe('undetermined')
    expect(await statusOf(ADDRESSES, filter(0))).toBe('answered')
    expect(await statusOf(ADDRESSES)).toBe('answered')
  })

  it('is where the filter is off or loose, where there is no other table, or where the rules are listed', async () => {
    expect(await statusOf(MAIN + TUNNEL, filter(0))).toBe('answered')
    expect(await statusOf(MAIN + TUNNEL, filter(2))).toBe('answered')
    expect(await statusOf(MAIN, filter(1))).toBe('answered')
    const all = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
    expect(await statusOf(MAIN + TUNNEL, filter(1), all)).toBe('answered')
  })
})
