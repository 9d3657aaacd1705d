/**
 * Nat in OUTPUT sends a connection of this host elsewhere than its program asked. Conntrack does the same with its later
 * packets, and no line shows that: OUTPUT goes on to show the interface of the address that was asked.
 */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { leftBy } from '../../src/model/way-out.ts'

const RULES = (rule: string) => `table ip nat {
  chain out {
    type nat hook output priority dstnat; policy accept;
    ${rule} # handle 2
  }
}
table ip fw {
  chain out {
    type filter hook output priority filter; policy accept;
  }
  chain in {
    type filter hook input priority filter; policy accept;
  }
}
`
const ADDRESSES = `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: lan    inet 192.0.2.1/24 scope global lan\\       valid_lft forever preferred_lft forever
3: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever
`
const ROUTES = `local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
local 192.0.2.1 dev lan table local proto kernel scope host src 192.0.2.1
local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1
192.0.2.0/24 dev lan proto kernel scope link src 192.0.2.1
203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1
`

const DNATED = 'ct status dnat,dnat-done'

interface Line {
  id: string
  chain: string
  way: string
  from: string
  to: string
  flags: string
  ct?: string
  rule?: string
}

function lines({ id, chain, way, from, to, flags, ct, rule }: Line): string {
  const [[src, sport], [dst, dport]] = [from.split(':'), to.split(':')]
  const start = `trace id 0000000${id} ip ${chain}`
  const state = flags === 'syn' ? 'new' : 'established'
  return [
    `${start} conntrack: ct direction original ct state ${state} ct id 7${ct ? ` ${ct}` : ''}`,
    `${start} packet: ${way} ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id ${flags === 'syn' ? 101 : 102} ip protocol tcp ip length 60 tcp sport ${sport} tcp dport ${dport} tcp flags == ${flags}`,
    rule ? `${start} rule ${rule} # handle 2 (verdict accept)` : `${start} policy accept`,
    '',
  ].join('\n')
}

async function told(rule: string, packets: readonly Line[]) {
  const files = {
    'trace.txt': packets.map(lines).join(''),
    'rules.nft': RULES(rule),
    ADDRESSES,
    ROUTES,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups({})
  return groups.map(({ journey }) => [journey.id, journey.outcome, leftBy(journey.steps)])
}

it('a later packet leaves by the interface that leads to where the connection goes', async () => {
  const rule = 'ip daddr 192.0.2.1 tcp dport 8080 dnat to 203.0.113.2:80'
  const [from, asked, to] = ['192.0.2.1:40000', '192.0.2.1:8080', '203.0.113.2:80']
  const found = await told(rule, [
    { id: '1', chain: 'nat out', way: 'oif "lo"', from, to: asked, flags: 'syn', rule },
    { id: '1', chain: 'fw out', way: 'oif "lo"', from, to, flags: 'syn', ct: DNATED },
    { id: '2', chain: 'fw out', way: 'oif "lo"', from, to, flags: 'ack', ct: DNATED },
  ])
  expect(found).toEqual([
    ['1', 'sent', 'wan'],
    ['2', 'sent', 'wan'],
  ])
})

it('a packet that goes to this host itself is seen again over lo', async () => {
  const rule = 'ip daddr 203.0.113.2 tcp dport 8080 dnat to 192.0.2.1:80'
  const [from, asked, to] = ['203.0.113.1:40000', '203.0.113.2:8080', '192.0.2.1:80']
  const found = await told(rule, [
    { id: '1', chain: 'nat out', way: 'oif "wan"', from, to: asked, flags: 'syn', rule },
    { id: '1', chain: 'fw out', way: 'oif "wan"', from, to, flags: 'syn', ct: DNATED },
    { id: '3', chain: 'fw in', way: 'iif "lo"', from, to, flags: 'syn', ct: DNATED },
    { id: '2', chain: 'fw out', way: 'oif "wan"', from, to, flags: 'ack', ct: DNATED },
    { id: '4', chain: 'fw in', way: 'iif "lo"', from, to, flags: 'ack', ct: DNATED },
  ])
  expect(found.map(([id, outcome]) => [id, outcome])).toEqual([
    ['1', 'delivered'],
    ['2', 'delivered'],
  ])
})
