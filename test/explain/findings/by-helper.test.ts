/** What conntrack logs of a helper that dropped a packet: no rule has that prefix, and no chain is behind it. */
import { expect, it } from 'vitest'
import { explainLog } from '../../journey/journeys.ts'
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

it('says nothing of the kind of other prefixes', () => {
  expect(told('nf_ct_seen:')).toMatchObject({ outcome: 'undetermined' })
})
