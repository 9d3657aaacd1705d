/** What a person is told first of what was found. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { command } from '../../src/model/command.ts'
import { FOR_REPORTS } from '../../src/model/for-reports.ts'
import type { Finding, Journey, PrintedFix } from '../../src/model/journey.ts'
import { answerOf } from '../../src/reports/answer.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { trace } from '../journey/kernel-lines.ts'

test('behind a rule that chose the packet, only what its line does not show is why', async () => {
  const rules = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.7/32 -p tcp -m time --timestart 06:00:00 --timestop 07:00:00 -j ACCEPT
-A INPUT -s 192.0.2.7/32 -j REJECT --reject-with icmp-port-unreachable
-A INPUT -p tcp -j ACCEPT
COMMIT
`
  const syn = { in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 40_000, dport: 80 }
  const analysis = await open([
    { name: 'rules', text: rules },
    { name: 'log', text: `[   10.000000] ${trace('filter:INPUT:rule:2', syn)}\n` },
  ])
  const { groups } = await analysis.groups()
  const { cause, more } = answerOf(printedGroup(groups[0]!))
  expect(cause[0]).toContain('filter INPUT rule 1 would have accepted it, but only matches --timestart')
  expect(more.map(({ code }) => code)).toContain('accepted-too-late')
})

test('where letting it through would be in vain, the rule of nat that was to send it elsewhere is why', async () => {
  const rules = `table ip balancer {
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 192.0.2.1 . tcp . 80 : goto web, 192.0.2.1 . tcp . 8081 : goto api }
	}
	chain prerouting { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr . meta l4proto . th dport vmap @services # handle 7
	}
	chain web { # handle 2
		dnat to 10.0.2.8:8080 # handle 9
	}
	chain api { # handle 3
		dnat to 10.0.2.9:3000 # handle 10
	}
}
table inet filter {
	map answers {
		type inet_proto . inet_service : verdict
		elements = { tcp . 22 : jump operators, udp . 3784 : accept }
	}
	chain operators { # handle 2
		ip saddr 192.0.2.7 accept # handle 15
	}
	chain input { # handle 1
		type filter hook input priority filter; policy drop;
		meta l4proto . th dport vmap @answers # handle 14
	}
}
`
  const trace = `trace id 1 ip balancer prerouting packet: iif "eth0" ip saddr 192.0.2.7 ip daddr 192.0.2.1 ip ttl 64 ip length 60 tcp sport 40000 tcp dport 9443 tcp flags == syn
trace id 1 ip balancer prerouting policy accept
trace id 1 inet filter input packet: iif "eth0" ip saddr 192.0.2.7 ip daddr 192.0.2.1 ip ttl 64 ip length 60 tcp sport 40000 tcp dport 9443 tcp flags == syn
trace id 1 inet filter input policy drop
`
  const ss = 'tcp   LISTEN 0      128    0.0.0.0:22   0.0.0.0:*    users:(("sshd",pid=1,fd=3))\n'
  const addresses = [
    {
      ...{ ifindex: 2, ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500, operstate: 'UP', link_type: 'ether' },
      addr_info: [{ family: 'inet', local: '192.0.2.1', prefixlen: 24, scope: 'global' }],
    },
  ]
  const files = { rules, trace, 'ss.txt': ss, 'ip-addr.json': JSON.stringify(addresses) }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  const { cause, stillWrong } = answerOf(printedGroup(groups[0]!))
  expect(stillWrong).toBe('nothing listens there')
  expect(cause[0]).toBe(
    'ip balancer prerouting handle 7 would have rewritten its destination, but 192.0.2.1 . tcp . 9443 is not in map services.',
  )
})

test('an empty chain of nat, as an engine has that publishes no port, is not why a filter accepted nothing', async () => {
  const rules = `table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump HOSTPORTS # handle 4
	}
	chain HOSTPORTS {
	}
}
table inet firewall {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established accept # handle 3
	}
}
`
  const packet = 'iif "br0" ip saddr 192.0.2.7 ip daddr 192.0.2.1 ip ttl 64 ip length 60 udp sport 40000 udp dport 53'
  const trace = `trace id 1 ip nat PREROUTING packet: ${packet}
trace id 1 ip nat PREROUTING rule fib daddr type local jump HOSTPORTS (verdict jump HOSTPORTS)
trace id 1 ip nat PREROUTING policy accept
trace id 1 inet firewall input packet: ${packet}
trace id 1 inet firewall input policy drop
`
  const analysis = await open(Object.entries({ rules, trace }).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  const { cause } = answerOf(printedGroup(groups[0]!))
  expect(cause[0]).toBe('No rule of inet firewall input accepts it, and its policy is drop.')
  expect(cause[1]).toContain('jumps to HOSTPORTS, which has no rules')
})

test('a reply that was none to its chain, and was dropped with all that is left, is told as that', () => {
  const found = (code: string, severity: Finding['severity'], message: string): Finding<PrintedFix> => ({
    ...{ code, severity, message, steps: [], rules: [], fix: [] },
  })
  const findings = [
    found('reply-dropped', 'error', 'inet geo in handle 6 dropped the reply: no earlier rule there accepts it.'),
    found('untracked', 'warning', 'inet geo in has priority -300: no rule there saw that it belongs to a connection.'),
  ]
  const journey = { outcome: 'dropped', findings, steps: [], packet: {}, cause: [] }
  const { cause } = answerOf({ journey: journey as unknown as Journey<PrintedFix>, count: 1 } as never)
  expect(cause[0]).toContain('priority -300')
})

const told = (...findings: Finding<PrintedFix>[]) => {
  const journey = { outcome: 'forwarded', findings, steps: [], packet: {}, cause: [] }
  const became = { dst: '10.244.0.5', dport: 443 }
  const worst = { status: 'refused', journeys: { replies: ['2'], errors: [] }, findings: [], asked: {}, became }
  const exchanges = { worst }
  return answerOf({ journey: journey as unknown as Journey<PrintedFix>, count: 1, exchanges } as never)
}
const one = (code: string, severity: Finding['severity'], fix: object[] = []): Finding<PrintedFix> => ({
  ...{ code, severity, message: `${code}.`, steps: [], rules: [], fix: fix as PrintedFix[] },
})

test('a rule of nat that nearly sent it elsewhere stands beside a port that nobody listens on', () => {
  const byHand = { description: 'start the program' }
  expect(told(one('closed-port', 'error', [byHand]), one('not-in-set', 'note')).cause).toEqual([
    'closed-port.',
    'not-in-set.',
  ])
  const helps = { description: 'widen it', command: command('nft', 'x'), verified: 'model', after: 'forwarded' }
  expect(told(one('closed-port', 'error', [byHand]), one('near-miss', 'note', [helps])).cause).toEqual([
    'near-miss.',
    'closed-port.',
  ])
  expect(told(one('closed-port', 'error', [byHand]), one('came-back', 'warning')).cause).toEqual([
    'came-back.',
    'closed-port.',
  ])
})

test('who sent a packet to where it is refused is told with the refusal', () => {
  const rules = [{ family: 'ip', table: 'nat', chain: 'PREROUTING', ruleNumber: 1 }]
  expect(told({ ...one('dnat-changed-destination', 'note'), rules } as Finding<PrintedFix>).cause).toEqual([
    'A reset came back from 10.244.0.5:443: #2. nat PREROUTING rule 1 sent the packet there. If that is the right place, no program listens there, or a firewall there rejects it.',
  ])
  expect(told().cause).toEqual(['A reset came back from 10.244.0.5:443: #2.'])
})

test('a rule that stopped the packet is the cause, and that both frameworks have rules is told below it', () => {
  const journey = { outcome: 'dropped', steps: [], packet: {}, cause: [] }
  const findings = [
    one('mixed-backends', 'warning', [{ description: 'look at both' }]),
    one('dropped-by-rule', 'error'),
  ]
  const answer = (found: Finding<PrintedFix>[]) =>
    answerOf({ journey: { ...journey, findings: found } as unknown as Journey<PrintedFix>, count: 1 } as never)
  expect(answer(findings).cause).toEqual(['dropped-by-rule.', 'mixed-backends.'])
  expect(answer(findings.slice(0, 1)).cause).toEqual(['mixed-backends.'])
})

test('why a packet kept its source is the rule for that source at another interface, though it is a note', () => {
  const kept = one('not-masqueraded', 'warning')
  const near = (flags: object): Finding<PrintedFix> => ({ ...one('near-miss', 'note'), [FOR_REPORTS]: flags })
  const other = near({ wouldGiveSource: true })
  expect(told(kept, other).cause).toEqual(['not-masqueraded.'])
  expect(told(kept, near({ wouldGiveSource: true, isAtOtherLink: true })).cause).toEqual([
    'near-miss.',
    'not-masqueraded.',
  ])
})

test('a rule that stopped what nobody here takes is not all that is wrong, and both are told', async () => {
  const answer = async (listening: string, more = '') => {
    const rules = `*filter\n:INPUT DROP [0:0]\n${more}-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n`
    const syn = { in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 40_000, dport: 8080 }
    const address = '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
    const routes =
      'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n'
    const sockets = `State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0      128    0.0.0.0:${listening}     0.0.0.0:*\n`
    const log = `[   10.000000] ${trace(`filter:INPUT:policy:${more === '' ? 2 : 3}`, syn)}\n`
    const analysis = await open(
      Object.entries({ rules, address, routes, sockets, log }).map(([name, text]) => ({ name, text })),
    )
    const { groups, ending } = await analysis.groups()
    return { ...answerOf(printedGroup(groups[0]!)), text: printReport('text', groups, ending) }
  }
  const nobody = await answer('22')
  expect(nobody.fixes).toEqual([])
  expect(nobody.stillWrong).toBe('nothing listens there')
  expect(nobody.text).toMatch(/but +even if accepted, nothing listens there/)
  const ufw = await answer('22', ':ufw-before-input - [0:0]\n-A INPUT -j ufw-before-input\n')
  expect(ufw.fixes.map(({ command }) => command)).toEqual([undefined])
  expect(ufw.text).toMatch(/but +even if accepted, nothing listens there\n +do +allow it with ufw/)
  const served = await answer('8080')
  expect(served.fixes).toHaveLength(1)
  expect(served.stillWrong).toBeUndefined()
  expect(served.text).not.toContain('even if accepted')
})
