/** Rules as the page lists them: how many packets matched each, by whichever trace, and where jumps lead. */
import { expect, test } from 'vitest'
import type { RulesetOf } from '../../src/ui/protocol.ts'
import { ALLOW_SET, NODEPORT, sessionOf } from './session-of.ts'

const hitsOf = (of: readonly RulesetOf[]) =>
  of.flatMap(({ tables }) =>
    tables.flatMap(({ family, name, chains }) =>
      chains.flatMap((chain) =>
        chain.rules
          .filter(({ hits }) => hits > 0)
          .map(({ number, hits }) => `${family} ${name} ${chain.name} ${number}: ${hits}`),
      ),
    ),
  )

test('counts packets by the numbers of a legacy trace', async () => {
  const hits = hitsOf(await (await sessionOf(...NODEPORT)).rulesets(undefined))
  expect(hits).toContain('ip filter INPUT 1: 2')
  expect(hits).toContain('ip filter KUBE-FIREWALL 1: 1')
  expect(hits).toContain('ip nat PREROUTING 3: 1')
  expect(hits.filter((one) => one.includes('KUBE-NODEPORTS'))).toEqual(['ip nat KUBE-NODEPORTS 16: 1'])
})

test.each([
  ['text with handles', ALLOW_SET],
  ['xtables-monitor', [ALLOW_SET[0]!.replace('handles', 'xtables-monitor'), ALLOW_SET[1]!]],
  ['text without handles', [ALLOW_SET[0]!.replace('.handles', ''), ALLOW_SET[1]!.replace('json', 'nft')]],
])('counts packets of ip in inet tables, by a trace as %s', async (_, files) => {
  const hits = hitsOf(await (await sessionOf(...files)).rulesets(undefined))
  expect(hits.filter((one) => !one.includes('trace_debug'))).toEqual([
    'inet nat prerouting 1: 2',
    'inet filter forward 2: 2',
    'inet filter allowed_dnats 2: 2',
  ])
})

const SAVED = `*filter
:INPUT ACCEPT [0:0]
:OTHER - [0:0]
-A INPUT -p udp -j ACCEPT
-A INPUT -p tcp -j OTHER
-A OTHER -s 10.0.0.9/32 -j ACCEPT
-A OTHER -p tcp -j DROP
COMMIT
`
const MONITORED = `PACKET: 2 8a7e5e3b IN=eth0 MACSRC=2:0:0:0:0:1 MACDST=2:0:0:0:0:2 MACPROTO=0800 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x0 TTL=64 ID=7DF SPORT=4000 DPORT=80 SYN
 TRACE: 2 8a7e5e3b filter:INPUT:rule:0x4:JUMP:OTHER  -4 -t filter -A INPUT -p tcp -j OTHER
 TRACE: 2 8a7e5e3b filter:OTHER:rule:0x2:DROP  -4 -t filter -A OTHER -p tcp -j DROP
`

test('takes no handle for a number: iptables-nft traces by handle, iptables-save lists by number', async () => {
  const session = await sessionOf({ name: 'rules', text: SAVED }, { name: 'trace', text: MONITORED })
  expect(hitsOf(await session.rulesets(undefined))).toEqual(['ip filter INPUT 2: 1', 'ip filter OTHER 2: 1'])
})

test('lists jumps, owners, sets and their elements', async () => {
  const [legacy] = await (await sessionOf(...NODEPORT)).rulesets(undefined)
  const filter = legacy!.tables.find(({ name }) => name === 'filter')!
  expect(filter.chains.find(({ name }) => name === 'INPUT')!.rules[0]!.to).toBe('KUBE-FIREWALL')
  expect(filter.chains.find(({ name }) => name === 'KUBE-FIREWALL')!.owner).toBe('kubelet')
  const [nft] = await (await sessionOf(...ALLOW_SET)).rulesets(undefined)
  expect(nft!.tables.flatMap(({ sets }) => sets.map(({ name }) => name))).toContain('allow_in')
})
