import { expect, test } from 'vitest'
import { printCommand } from '../../../src/model/command.ts'
import { emptyWorld } from '../../../src/model/world.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { findingsOf } from './played.ts'

const line = (place: string) =>
  `TRACE: ${place} IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`

const LOG = line('raw:PREROUTING:policy:2') + line('filter:INPUT:rule:1') + line('filter:KUBE-FIREWALL:rule:1')

test('names the last rule of a trace without rules, and the command that shows it', () => {
  const { journeys } = explainLog(LOG, emptyWorld())
  const [found] = findingsOf(journeys[0]!, 'last-rule-seen')
  expect(found?.rules).toMatchObject([{ table: 'filter', chain: 'KUBE-FIREWALL', ruleNumber: 1 }])
  expect(found?.message).toContain('filter KUBE-FIREWALL rule 1')
  expect(printCommand(found!.fix[0]!.look!)).toBe('iptables -t filter -S KUBE-FIREWALL 1')
})

test('does not call a rule what may be the policy', () => {
  const { journeys } = explainLog(LOG + line('filter:INPUT:policy:5'), emptyWorld())
  const [found] = findingsOf(journeys[0]!, 'last-rule-seen')
  expect(found?.message).toContain('filter INPUT rule 5 or at the policy')
  expect(printCommand(found!.fix[0]!.look!)).toBe('iptables -t filter -S INPUT')
})

test('says nothing where the rules are there', () => {
  const rules =
    '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:KUBE-FIREWALL - [0:0]\n-A INPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL -p tcp -j DROP\nCOMMIT\n'
  const { journeys } = explainLog(LOG, worldOf(rules))
  expect(journeys[0]!.outcome).toBe('dropped')
  expect(findingsOf(journeys[0]!, 'last-rule-seen')).toEqual([])
})
