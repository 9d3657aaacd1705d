/** A router marks for a proxy what the proxy has forwarded: the packet goes round until its TTL is used up. */
import { expect, it } from 'vitest'
import { open, printCommand, printedExchange, printReport } from '../../src/index.ts'

const [PC, PROXY, ROUTER] = ['02:00:00:00:00:10', '02:00:00:00:00:05', '02:00:00:00:00:01']
const RULES = `table ip mangle {
  chain PREROUTING {
    type filter hook prerouting priority mangle; policy accept;
    ip saddr 10.0.0.5 tcp dport 80 accept
    iifname "eth1" tcp dport 80 meta mark set 0x3
  }
  chain FORWARD {
    type filter hook forward priority mangle; policy accept;
  }
}
`
const STATE = {
  address:
    '2: eth0    inet 203.0.113.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n3: eth1    inet 10.0.0.1/24 scope global eth1\\       valid_lft forever preferred_lft forever\n',
  routes:
    'default via 10.0.0.5 dev eth1 table 202\ndefault via 203.0.113.9 dev eth0\n203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.1\n10.0.0.0/24 dev eth1 proto kernel scope link src 10.0.0.1\nlocal 10.0.0.1 dev eth1 table local proto kernel scope host src 10.0.0.1\nlocal 203.0.113.1 dev eth0 table local proto kernel scope host src 203.0.113.1\n',
  rules:
    '0:\tfrom all lookup local\n1000:\tfrom all fwmark 0x3 lookup 202\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
  neigh: `10.0.0.5 dev eth1 lladdr ${PROXY} REACHABLE\n10.0.0.10 dev eth1 lladdr ${PC} REACHABLE\n203.0.113.9 dev eth0 lladdr 02:00:00:00:00:99 REACHABLE\n`,
  conntrack:
    'tcp      6 117 SYN_SENT src=10.0.0.10 dst=198.51.100.9 sport=40000 dport=80 [UNREPLIED] src=198.51.100.9 dst=10.0.0.10 sport=80 dport=40000 mark=0 use=1\n',
}

interface Round {
  ttl: number
  mac?: string
  out?: string
  id?: number
}

function traced({ ttl, mac = PROXY, out = 'eth1', id = 117 }: Round, number: number): string {
  const packet = (left: number) =>
    `ether saddr ${mac} ether daddr ${ROUTER} ip saddr 10.0.0.10 ip daddr 198.51.100.9 ip dscp cs0 ip ecn not-ect ip ttl ${left} ip id ${id} ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240`
  const mark = out === 'eth1' ? ' meta mark 0x00000003' : ''
  const marked =
    out === 'eth1'
      ? `trace id ${number} ip mangle PREROUTING rule iifname "eth1" tcp dport 80 meta mark set 0x00000003 (verdict continue)\n`
      : ''
  return `trace id ${number} ip mangle PREROUTING packet: iif "eth1" ${packet(ttl)}
${marked}trace id ${number} ip mangle PREROUTING policy accept${mark}
trace id ${number} ip mangle FORWARD packet: iif "eth1" oif "${out}" ${packet(ttl - 1)}
trace id ${number} ip mangle FORWARD policy accept${mark}
`
}

const FIRST: Round = { ttl: 64, mac: PC }
const back = (...ttls: number[]) => ttls.map((ttl): Round => ({ ttl }))
const handedOn = (...ttls: number[]) => ttls.map((ttl): Round => ({ ttl, mac: `02:00:00:00:01:${ttl}` }))

async function told(...rounds: Round[]) {
  const trace = rounds.map((one, i) => traced(one, i + 1)).join('')
  return toldOf({ 'trace.txt': trace, 'rules.nft': RULES, ...STATE })
}

async function toldOf(state: Record<string, string>) {
  const files = Object.entries(state)
  const analysis = await open(files.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const { groups, ending } = await analysis.groups({})
  const text = printReport('text', groups, ending).replace(/\n +/g, ' ')
  const { status, findings } = printedExchange(exchanges[0]!)
  return { status, findings, text }
}

it('is told with the rule that sends it there again, and what exempts the next hop from it', async () => {
  const { status, findings, text } = await told(FIRST, ...back(62, 60, 58, 56, 54))
  expect(status).toBe('lost')
  expect(findings.filter(({ severity }) => severity !== 'note')).toMatchObject([
    {
      code: 'wrong-way-out',
      severity: 'error',
      message: `It is in a routing loop: the same packet came back 5 times, each time with a lower TTL. 10.0.0.5 (MAC address ${PROXY}) sent it here, and the default route of table 202 sends it back to 10.0.0.5. Routing rule 1000 selects that table for mark 0x3, which ip mangle PREROUTING rule 2 set.`,
      rules: [{ table: 'mangle', chain: 'PREROUTING' }],
    },
  ])
  expect(printCommand(findings[0]!.fix[0]!.command!)).toContain(`iifname eth1 ether saddr ${PROXY} accept`)
  expect(text).toContain('It is in a routing loop')
  expect(text).not.toContain('retransmission')
})

it('is told, too, where its TTL is used up in the end', async () => {
  const lines = [FIRST, ...back(7, 5, 3, 1)].map((one, i) => traced(one, i + 1))
  const used = lines
    .pop()!
    .split('\n')
    .filter((line) => !line.includes('FORWARD'))
  const { status, text } = await toldOf({ 'trace.txt': [...lines, ...used].join('\n'), 'rules.nft': RULES, ...STATE })
  expect(status).toBe('lost')
  expect(text).toContain('It is in a routing loop: the same packet came back 3 times')
})

it.each<[string, Round[]]>([
  ['the sender tries again', [FIRST, { ...FIRST, id: 118 }, { ...FIRST, id: 119 }, { ...FIRST, id: 120 }]],
  ['the proxy hands it back, and it leaves', [FIRST, { ttl: 62, out: 'eth0' }]],
  ['a second proxy has it, too', [FIRST, { ttl: 62 }, { ttl: 60, out: 'eth0' }]],
  ['four inspect it one after the other, and it leaves', [FIRST, ...back(63, 62, 61), { ttl: 60, out: 'eth0' }]],
  ['it leaves by that interface in the end, handed on by a neighbour each', [FIRST, ...handedOn(63, 62, 61)]],
  ['it was duplicated on its way back', [FIRST, ...back(62, 62, 62)]],
])('is no loop where %s', async (_, rounds) => {
  const { findings, text } = await told(...rounds)
  expect(text).not.toContain('in a routing loop')
  expect(findings.map(({ message }) => message).join(' ')).not.toContain('in a routing loop')
})

it('is no loop where conntrack has seen a reply', async () => {
  const trace = [FIRST, ...back(62, 60, 58)].map((one, i) => traced(one, i + 1)).join('')
  const conntrack = STATE.conntrack.replace('117 SYN_SENT', '59 SYN_RECV').replace('[UNREPLIED] ', '')
  const { findings } = await toldOf({ 'trace.txt': trace, 'rules.nft': RULES, ...STATE, conntrack })
  expect(findings.map(({ message }) => message).join(' ')).not.toContain('in a routing loop')
})
