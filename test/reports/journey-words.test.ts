import { expect, it } from 'vitest'
import { open } from '../../src/analysis/analysis.ts'
import { whereWords } from '../../src/reports/journey-words.ts'

it('a simulated packet of which no more is known was last seen at a policy, which is no rule', async () => {
  const rules = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j DROP\nCOMMIT\n'
  const { journeys } = (await open([{ name: 'rules', text: rules }])).simulate([
    'in eth0 tcp 10.0.0.1:40000 > 10.0.0.2:80 syn',
  ])
  expect(journeys[0]!.outcome).toBe('undetermined')
  expect(whereWords(journeys[0]!)).toBe('last seen at raw PREROUTING')
})
