/** A rule asks the one end of a packet for the network of the other. */
import { expect, it } from 'vitest'
import { type Case, findingsOf, played, told } from './played.ts'

const only = (...rules: string[]): Case => ({
  rules: {
    filter: ['-P FORWARD DROP', '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...rules],
  },
})
const RULE = '[0:0] -A FORWARD -d 10.0.1.0/24 -m conntrack --ctstate NEW -j ACCEPT'

it('is said, and the rule that nobody uses is turned', () => {
  const found = told(only(RULE), 'near-miss')
  expect(found?.message).toBe(
    'filter FORWARD rule 2 would have accepted it, but only matches -d 10.0.1.0/24; its source is in that network, not its destination.',
  )
  expect(found?.fix).toBe('iptables -R FORWARD 2 -s 10.0.1.0/24 -m conntrack --ctstate NEW -j ACCEPT → forwarded')
})

it.each([
  ['others use it', only(RULE.replace('[0:0]', '[3:180]'))],
  ['another rule there is for the other direction', only('[0:0] -A FORWARD -s 10.0.1.0/24 -p udp -j ACCEPT', RULE)],
  ['the packet has the network at neither end', only(RULE.replace('10.0.1', '10.0.7'))],
])('is not turned where %s', (_name, one) => {
  const found = findingsOf(played(one), 'near-miss')
  expect(found.flatMap(({ fix }) => fix)).toEqual([])
  expect(found.map(({ message }) => message).join()).not.toContain('in that network')
})
