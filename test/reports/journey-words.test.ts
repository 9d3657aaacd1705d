import { expect, it } from 'vitest'
import { open } from '../../src/analysis/analysis.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { whereWords } from '../../src/reports/journey-words.ts'
import { explainLog } from '../journey/journeys.ts'

it('a simulated packet of which no more is known was last seen at a policy, which is no rule', async () => {
  const rules = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j DROP\nCOMMIT\n'
  const { journeys } = (await open([{ name: 'rules', text: rules }])).simulate([
    'in eth0 tcp 10.0.0.1:40000 > 10.0.0.2:80 syn',
  ])
  expect(journeys[0]!.outcome).toBe('undetermined')
  expect(whereWords(journeys[0]!)).toBe('last seen at raw PREROUTING')
})

it('does not call the last line of a trace a rule where it may be the policy', () => {
  const line = (place: string) =>
    `TRACE: ${place} IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`
  const last = (place: string) => {
    const { journeys } = explainLog(line('raw:PREROUTING:policy:2') + line(place), emptyWorld())
    return whereWords(journeys[0]!)
  }
  expect(last('filter:INPUT:policy:5')).toBe('last rule seen: filter INPUT rule 5 or the policy')
  expect(last('filter:INPUT:rule:5')).toBe('last rule seen: filter INPUT rule 5')
})
