/** A rule of nat gives a source that no link of this host has. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 ! -d 10.8.0.0/24 -j SNAT --to-source 192.0.2.9
COMMIT
`
const ADDRESSES = JSON.stringify(
  [
    ['tun0', '10.8.0.1', 24],
    ['eth0', '203.0.113.1', 24],
  ].map(([ifname, local, prefixlen], i) => ({
    ...{ ifindex: i + 2, ifname, flags: ['UP'], operstate: 'UP' },
    addr_info: [{ family: 'inet', local, prefixlen, scope: 'global' }],
  })),
)
const ROUTES = [
  'default via 203.0.113.254 dev eth0',
  '10.8.0.0/24 dev tun0 proto kernel scope link src 10.8.0.1',
  '203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.1',
]
const entry = (state: string, more = '') =>
  `tcp      6 118 ${state} src=10.8.0.2 dst=198.51.100.7 sport=40003 dport=443 ${more}src=198.51.100.7 dst=192.0.2.9 sport=443 dport=40003 mark=0 use=1\n`
const LINE = (place: string) =>
  `[ 1.1] TRACE: ${place} IN=${place.includes('PRE') ? 'tun0 OUT=' : 'tun0 OUT=eth0'} MAC= SRC=10.8.0.2 DST=198.51.100.7 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP SPT=40003 DPT=443 SEQ=7 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`
const LOG = LINE('nat:PREROUTING:policy:1') + LINE('nat:POSTROUTING:rule:1')

const found = (conntrack: string, routes = ROUTES, rules = RULES) =>
  explainLog(LOG, worldOf(rules, ADDRESSES, `${routes.join('\n')}\n`, conntrack)).journeys[0]!.findings.filter(
    ({ code }) => code === 'not-masqueraded',
  )

describe('a source of nobody here', () => {
  it('is told where nothing came back to it, with the rule that gives it', () => {
    const [one, ...more] = found(entry('SYN_SENT', '[UNREPLIED] '))
    expect(more).toEqual([])
    expect(one).toMatchObject({ severity: 'warning', rules: [{ table: 'nat', chain: 'POSTROUTING', ruleNumber: 1 }] })
    expect(one?.message).toBe(
      'nat POSTROUTING rule 1 gives it source 192.0.2.9, which belongs neither to this host nor to a network on its links. No reply to it was seen: replies come here only if the next router has a route to 192.0.2.9 through this host.',
    )
    expect(`${fixCommands(one!.fix[0]!).command}`).toBe(
      'iptables -t nat -I POSTROUTING 1 -s 10.8.0.2 -o eth0 -j MASQUERADE',
    )
  })

  it('is told of the unspecified address without a word of routes to it', () => {
    const rules = RULES.replace('192.0.2.9', '0.0.0.0')
    const [one] = found(entry('SYN_SENT', '[UNREPLIED] ').replace('192.0.2.9', '0.0.0.0'), ROUTES, rules)
    expect(one?.message).toBe(
      'nat POSTROUTING rule 1 gives it source 0.0.0.0, the unspecified address: no host replies to it.',
    )
  })

  it('is not told where a reply came, or where a route shows that its network is one for such sources', () => {
    expect(found(entry('ESTABLISHED'))).toEqual([])
    expect(found(entry('SYN_SENT', '[UNREPLIED] '), [...ROUTES, 'blackhole 192.0.2.0/28'])).toEqual([])
  })

  it('is a private address of another link, which routers behind the way out need not know', () => {
    const rules = RULES.replace('192.0.2.9', '10.8.0.1')
    expect(found(entry('SYN_SENT', '[UNREPLIED] ').replace('192.0.2.9', '10.8.0.1'), ROUTES, rules)[0]?.message).toBe(
      'nat POSTROUTING rule 1 gives it source 10.8.0.1, a private address of the network of tun0, but the packet leaves by eth0: no reply comes back, unless routers behind eth0 know that network.',
    )
    // another network's routers know it: a reply came
    expect(found(entry('ESTABLISHED', '').replace('192.0.2.9', '10.8.0.1'), ROUTES, rules)).toEqual([])
  })
})
