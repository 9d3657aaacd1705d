/** What conntrack logs of a helper that dropped a packet: no rule has that prefix, and no chain is behind it. */
import { expect, it } from 'vitest'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { saved } from './played.ts'

const line = (prefix: string) =>
  `[52047.004538] ${prefix} IN= OUT= SRC=203.0.113.1 DST=203.0.113.9 LEN=135 TOS=0x00 PREC=0x00 TTL=63 ID=36508 DF PROTO=UDP SPT=53105 DPT=5060 LEN=115 \n`
const told = (prefix: string) => {
  const rules = saved({ raw: ['-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip'], filter: [] })
  const { outcome, findings } = explainLog(line(prefix), makeWorld(rules, ROUTER), []).journeys[0]!
  return { outcome, findings: findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`) }
}

it('names the helper, what it could not read, and the rule that assigns it', () => {
  expect(told('nf_ct_sip: dropping packet: cannot parse cseq')).toEqual({
    outcome: 'vanished',
    findings: [
      "error kernel-drop: The kernel logged that conntrack's helper sip dropped this packet, behind all rules: cannot parse cseq. raw PREROUTING rule 1 assigns this helper.",
    ],
  })
  expect(told('nf_ct_ftp: dropping packet: partial PORT').findings).toEqual([
    "error kernel-drop: The kernel logged that conntrack's helper ftp dropped this packet, behind all rules: partial PORT.",
  ])
})

it('names a rule of nft by what its object is, whatever that is called', () => {
  const rules = (type: string) => `table ip fw {
	ct helper voice {
		type "${type}" protocol udp
		l3proto ip
	}
	chain assign { # handle 2
		type filter hook prerouting priority filter; policy accept;
		udp dport 5060 ct helper set "voice" # handle 3
	}
}
`
  const by = (type: string) =>
    explainLog(line('nf_ct_sip: dropping packet: cannot parse cseq'), worldOf(rules(type)), []).journeys[0]!.findings[0]
  expect(by('sip')?.message).toMatch(/ ip fw assign handle 3 assigns this helper\.$/)
  expect(by('tftp')?.message).toMatch(/ cannot parse cseq\.$/)
})

it('says nothing of the kind of other prefixes', () => {
  expect(told('nf_ct_seen:')).toMatchObject({ outcome: 'undetermined' })
})
