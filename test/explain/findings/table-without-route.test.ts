/** A routing rule for a mark, whose table is empty: a later rule leads the packet. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'

const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan -j MARK --set-xmark 0x1/0xffffffff
COMMIT
`
const ADDRESSES = JSON.stringify(
  [
    ['lan', '192.168.1.1'],
    ['wan', '203.0.113.1'],
    ['tun0', '10.8.0.2'],
  ].map(([ifname, local], i) => ({
    ...{ ifindex: i + 2, ifname, flags: ['UP'], operstate: 'UP' },
    addr_info: [{ family: 'inet', local, prefixlen: 24, scope: 'global' }],
  })),
)
const WAN = 'default via 203.0.113.254 dev wan'
const CONNECTED = ['lan 192.168.1.0', 'wan 203.0.113.0', 'tun0 10.8.0.0'].map((one) => {
  const [device, network] = one.split(' ')
  return `${network}/24 dev ${device} proto kernel scope link`
})
const LOCAL = 'local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1'
const SPARE = 'default via 10.8.0.1 dev tun0 metric 500'
const MARKED = '32765:\tfrom all fwmark 0x1 lookup 1'
const routingRules = (...more: string[]) =>
  ['0:\tfrom all lookup local', ...more, '32766:\tfrom all lookup main', '32767:\tfrom all lookup default', ''].join(
    '\n',
  )
const UNREPLIED =
  'tcp      6 118 SYN_SENT src=192.168.1.10 dst=198.51.100.7 sport=40003 dport=443 [UNREPLIED] src=198.51.100.7 dst=192.168.1.10 sport=443 dport=40003 mark=0 use=1\n'

const line = (place: string, mark: string) =>
  `[ 1.1] TRACE: mangle:${place} IN=lan OUT=${place.startsWith('PRE') ? '' : 'wan'} MAC= SRC=192.168.1.10 DST=198.51.100.7 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP SPT=40003 DPT=443 SEQ=7 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 ${mark}\n`
const LOG =
  line('PREROUTING:rule:1', '') +
  line('PREROUTING:policy:2', 'MARK=0x1 ') +
  line('FORWARD:policy:1', 'MARK=0x1 ') +
  line('POSTROUTING:policy:1', 'MARK=0x1 ')

function found(routes: readonly string[], rules = [MARKED], conntrack = UNREPLIED) {
  const host = [ADDRESSES, `${routes.join('\n')}\n`, routingRules(...rules), conntrack]
  return explainLog(LOG, worldOf(RULES, ...host)).journeys[0]!.findings.filter(({ code }) => code === 'wrong-way-out')
}
const ALL = [WAN, ...CONNECTED, LOCAL]

describe('a table without a route', () => {
  it('is told with the rule that set the mark, and given the route that stands elsewhere', () => {
    const [one, ...more] = found([...ALL, SPARE])
    expect(more).toEqual([])
    expect(one).toMatchObject({ severity: 'warning', rules: [{ table: 'mangle', chain: 'PREROUTING', ruleNumber: 1 }] })
    expect(one?.message).toBe(
      'Routing rule 32765 (mark 0x1) selects table 1, which has no route to 198.51.100.7: table main routed the packet out of wan.',
    )
    expect(`${fixCommands(one!.fix[0]!).command}`).toBe('ip route add default via 10.8.0.1 dev tun0 table 1')
  })

  it('asks for a route where none is known', () => {
    expect(found(ALL)[0]?.fix).toMatchObject([{ unverified: 'the right gateway is unknown here' }])
  })

  it.each([
    ['the table has a route', [...ALL, 'default via 203.0.113.254 dev wan table 1']],
    ['tables were not listed', [WAN, ...CONNECTED]],
    ['the rule is for another mark', ALL, [MARKED.replace('0x1', '0x2')]],
    ['the rule comes after the one that led it', ALL, [MARKED.replace('32765', '32800')]],
    ['a reply came', ALL, [MARKED], UNREPLIED.replace('SYN_SENT', 'ESTABLISHED').replace('[UNREPLIED] ', '')],
  ])('is not told where %s', (_, ...given) => {
    expect(found(...(given as unknown as Parameters<typeof found>))).toEqual([])
  })
})
