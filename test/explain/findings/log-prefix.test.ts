/** A LOG line alone: firewall managers, and most who write rules by hand, say in the prefix what comes behind it. */
import { expect, it } from 'vitest'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { makeWorld } from '../../simulate/world.ts'
import { saved } from './played.ts'

interface Told {
  message?: string
  fix: string[]
  outcome: string
}

const tcp = (flags: string) => `PROTO=TCP SPT=51514 DPT=8443 WINDOW=64240 RES=0x00 ${flags} URGP=0`
const SYN = tcp('SYN')
const LATE = tcp('ACK FIN')
const line = (prefix: string, transport: string, by: string) =>
  `[52047.004538] ${prefix}${by} MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 SRC=198.51.100.7 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=54321 DF ${transport} \n`
function told(prefix: string, transport = SYN, by = 'IN=eth0 OUT='): Told {
  const lines = prefix.split('|').map((one) => line(one, transport, by))
  const { outcome, findings } = explainLog(lines.join(''), makeWorld(saved({}), {}), []).journeys.at(-1)!
  const found = findings.find(({ code }) => code === 'log-prefix')
  return {
    ...(found ? { message: found.message } : {}),
    fix: (found?.fix ?? []).map(({ description }) => description),
    outcome,
  }
}
const NO_VERDICT = ' The LOG line itself shows no verdict.'

it.each([
  ['[UFW BLOCK] ', 'Most likely ufw dropped or rejected it: ufw uses the log prefix "[UFW BLOCK]" for that.'],
  [
    '[UFW LIMIT BLOCK] ',
    'Most likely ufw rejected it, because its source opened too many connections (ufw limit): ufw uses the log prefix "[UFW LIMIT BLOCK]" for that.',
  ],
  ['[UFW ALLOW] ', 'Most likely ufw accepted it: ufw uses the log prefix "[UFW ALLOW]" for that.'],
  [
    'filter_IN_public_REJECT: ',
    'Most likely zone public of firewalld rejected it: firewalld uses the log prefix "filter_IN_public_REJECT:" for that.',
  ],
  [
    'filter_FWD_policy_lan-to-wan_DROP: ',
    'Most likely policy lan-to-wan of firewalld dropped it: firewalld uses the log prefix "filter_FWD_policy_lan-to-wan_DROP:" for that.',
  ],
  [
    'STATE_INVALID_DROP: ',
    'Most likely firewalld dropped it, because connection tracking calls it invalid: firewalld uses the log prefix "STATE_INVALID_DROP:" for that.',
  ],
  [
    'reject wan in: ',
    'Most likely zone wan of openwrt rejected it: openwrt uses the log prefix "reject wan in:" for that.',
  ],
  [
    'Shorewall:net-fw:DROP:',
    'Most likely chain net-fw of shorewall dropped it: shorewall uses the log prefix "Shorewall:net-fw:DROP:" for that.',
  ],
  [
    '[WAN_LOCAL-default-D]',
    'Most likely the default action of WAN_LOCAL dropped it: vyos or edgeos uses the log prefix "[WAN_LOCAL-default-D]" for that.',
  ],
  [
    '[ipv4-FWD-filter-10-A]',
    'Most likely rule 10 of ipv4-FWD-filter accepted it: vyos or edgeos uses the log prefix "[ipv4-FWD-filter-10-A]" for that.',
  ],
  [
    'Firewall: *TCP_IN Blocked* ',
    'Most likely csf dropped or rejected it: csf uses the log prefix "Firewall: *TCP_IN Blocked*" for that.',
  ],
  ['IPTables-Dropped: ', 'Most likely it was dropped or rejected: its log prefix says "Dropped".'],
  ['[IPT_DENY]', 'Most likely it was dropped or rejected: its log prefix says "DENY".'],
  ['ssh accepted ', 'Most likely it was accepted: its log prefix says "accepted".'],
])('%s', (prefix, message) => {
  expect(told(prefix)).toMatchObject({ message: message + NO_VERDICT, outcome: 'undetermined' })
})

it.each([
  ...['[UFW AUDIT] ', 'trace: ', 'Dropbear: ', 'not dropped: ', 'accept or drop: ', 'before DROP ', 'blocklist ', ' '],
  ...['WOULD-DROP: ', "don't drop: ", 'block-list hit: ', '[ipv4-NAM-WAN_LOCAL-10-R]'],
])('says nothing of what %s may mean', (prefix) => expect(told(prefix)).toEqual({ fix: [], outcome: 'undetermined' }))

it('has the command of whoever wrote the rules, for what opens a connection', () => {
  expect(told('[UFW BLOCK] ').fix).toEqual([
    'allow it with ufw: ufw allow in on eth0 proto tcp from 198.51.100.7 to 192.0.2.10 port 8443',
  ])
  expect(told('[UFW BLOCK] ', SYN, 'IN=eth0 OUT=eth1').fix).toEqual([
    'allow it with ufw: ufw route allow in on eth0 out on eth1 proto tcp from 198.51.100.7 to 192.0.2.10 port 8443',
  ])
  expect(told('filter_IN_home_REJECT: ').fix[0]).toMatch(/ --zone=home --add-service/)
  // from zone to zone no service of a zone helps
  expect(told('filter_FWD_home_REJECT: ').fix[0]).toMatch(/^add a policy .+ --add-ingress-zone=home /)
  expect(told('filter_FWDO_block_REJECT: ').fix[0]).toMatch(/ --add-egress-zone=block,/)
  expect(told('filter_IN_policy_inner_REJECT: ').fix[0]).toMatch(/ --policy=inner --add-service/)
  expect(told('FINAL_REJECT: ').fix[0]).toMatch(/ --permanent --add-service/)
  // no service that is let in helps these
  for (const prefix of ['STATE_INVALID_DROP: ', 'rpfilter_DROP: ', '[UFW LIMIT BLOCK] ', '[UFW ALLOW] '])
    expect(told(prefix).fix).toEqual([])
})

it('says of what opens no connection that none was known, and lets nothing in for it', () => {
  const late = told('[UFW BLOCK] ', LATE)
  expect(late.message).toMatch(
    / It opens no connection, so connection tracking probably knew none that it belongs to\./,
  )
  expect(late.fix).toEqual([])
  const late53 = told('[UFW BLOCK] ', 'PROTO=UDP SPT=53 DPT=41880 LEN=40')
  expect(late53).toMatchObject({ message: expect.stringMatching(/ It opens no connection/), fix: [] })
  expect(told('[UFW BLOCK] ', 'PROTO=UDP SPT=41880 DPT=53 LEN=40').fix).toHaveLength(1)
  // what is of no connection, was not asked about one, or is told by words alone
  for (const [prefix, transport] of [
    ['[UFW BLOCK] ', 'PROTO=ICMP TYPE=11 CODE=0'],
    ['[UFW BLOCK] ', 'PROTO=2'],
    ['rpfilter_DROP: ', LATE],
    ['DROP XMAS scan: ', tcp('FIN URG PSH')],
  ] as const) {
    const { message, fix } = told(prefix, transport)
    expect(message).toMatch(/^Most likely /)
    expect(message).not.toMatch(/opens no connection/)
    expect(fix).toEqual([])
  }
})

it('takes no other rules for a manager’s own', () => {
  expect(told('DROP eth0 in: ').message).toMatch(/its log prefix says "DROP"/)
  expect(told('DROP wan in: ').message).toMatch(/^Most likely zone wan of openwrt/)
  expect(told('Firewall: *SYNFLOOD Blocked* ').message).toMatch(/its log prefix says "Blocked"/)
  expect(told('Shorewall:blacklst:DROP:').fix).toEqual([])
})

it('leaves it to the rules, where they are there', () => {
  const rules = saved({
    filter: ['-A INPUT -j LOG --log-prefix "[UFW BLOCK] "', '-A INPUT -p tcp -m tcp --dport 8443 -j ACCEPT'],
  })
  const [journey] = explainLog(line('[UFW BLOCK] ', SYN, 'IN=eth0 OUT='), worldOf(rules), []).journeys
  expect(journey!.findings.map(({ code }) => code)).not.toContain('log-prefix')
})

it('what connection tracking logs itself is no rule’s, and decides nothing', () => {
  const { message, outcome } = told('nf_ct_proto_6: invalid tcp flag combination ')
  expect(message).toBe(
    'No rule logged it: connection tracking did, because net.netfilter.nf_conntrack_log_invalid is on (invalid tcp flag combination). It does not drop such a packet. If it calls it invalid, a rule that matches ct state invalid decides.',
  )
  expect(outcome).toBe('undetermined')
})
