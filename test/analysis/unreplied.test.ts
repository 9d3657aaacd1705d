/** No reply was captured: the conntrack entry, listed later, tells that none came. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = (rule = '') =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n`
const TIMEOUTS = 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 120\nnet.netfilter.nf_conntrack_udp_timeout = 30\n'

interface Given {
  left?: number
  flags?: string
  state?: string
  proto?: 'tcp' | 'udp'
  dport?: number
  out?: string
  sysctls?: string
  rule?: string
  back?: string
}

/** The exchange's status, and what is said of the entry. */
async function told(given: Given) {
  const { left = 118, flags = '[UNREPLIED] ', state = 'SYN_SENT', proto = 'tcp', dport = 80, out = 'eth1' } = given
  const [src, dst, back = dst] = ['192.0.2.9', '203.0.113.80', given.back]
  const asked = { in: 'eth0', out, src, dst, sport: 40_000, dport, protocol: proto }
  const [kind, named] = proto === 'tcp' ? ['tcp      6', `${state} `] : ['udp      17', '']
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:FORWARD:rule:1', asked)}\n`,
    'rules.v4': RULES(given.rule),
    conntrack: `${kind} ${left} ${named}src=${src} dst=${dst} sport=40000 dport=${dport} ${flags}src=${back} dst=${src} sport=${dport} dport=40000 mark=0 use=1\n`,
    sysctl: given.sysctls ?? TIMEOUTS,
  }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = exchanges[0]!
  return [status, ...findings.filter(({ code }) => code === 'conntrack-unreplied').map(({ message }) => message)]
}

it('counts a SYN as unanswered', async () => {
  expect(await told({})).toEqual([
    'unanswered',
    "Connection tracking had seen no reply when its entries were listed, 2 seconds after the sender's last packet.",
  ])
})

it('counts a query that any server answers as unanswered, and leaves other UDP open', async () => {
  expect((await told({ proto: 'udp', dport: 53, left: 25 }))[0]).toBe('unanswered')
  const log = await told({ proto: 'udp', dport: 514, left: 25 })
  expect(log).toEqual(['undetermined', expect.stringContaining(', 5 seconds after')])
})

it.each<[string, Given]>([
  ['a second only had passed', { left: 119 }],
  ['the entry has more than the full timeout left', { left: 121 }],
  ['the full timeout is unknown', { sysctls: 'net.ipv4.ip_forward = 1\n' }],
  ['a rule gives connections timeouts of their own', { rule: '-A PREROUTING -j CT --timeout short\n' }],
  ['it left where it came in, so that the reply may go past this host', { out: 'eth0' }],
])('says nothing where %s', async (_name, given) => {
  expect(await told(given)).toEqual(['undetermined'])
})

it('says it of what was given another destination and left where it came in', async () => {
  expect((await told({ out: 'eth0', back: '192.0.2.77' }))[0]).toBe('unanswered')
})

it('does not where a reply was seen', async () => {
  expect(await told({ flags: '', state: 'ESTABLISHED', left: 431_990 })).toEqual(['answered'])
})
