/** A rule asks the one end of a packet for the network of the other. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { isNetworkOfSource } from '../../../src/explain/counterfactual/other-end.ts'
import type { Condition } from '../../../src/model/condition.ts'
import type { Chain } from '../../../src/model/ruleset.ts'
import { type Case, findingsOf, played, SYN, TO_ROUTER, told } from './played.ts'

const only = (...rules: string[]): Case => ({
  rules: {
    filter: ['-P FORWARD DROP', '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...rules],
  },
})
const RULE = '[0:0] -A FORWARD -d 10.0.1.0/24 -m conntrack --ctstate NEW -j ACCEPT'

it('is said, and the rule that nobody uses is turned', () => {
  const found = told(only(RULE), 'near-miss')
  expect(found?.message).toBe(
    "filter FORWARD rule 2 would have accepted it, but only matches -d 10.0.1.0/24; the packet's source is in that network, and its destination is not.",
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

/** From the internet, to the host of LAN 10.0.2.0/24, and to the router's address there. */
const STRANGER = { ...SYN, src: '203.0.113.9' }
const input = (rule: string): Case => ({ rules: { filter: ['-P INPUT DROP', rule] }, packet: TO_ROUTER })

it.each([
  [
    'it accepts what the network sends, and a stranger sends to it',
    { ...only(RULE.replace('-d 10.0.1', '-s 10.0.2')), packet: STRANGER },
  ],
  [
    'it is for what its network sends to this host, whose address is in it',
    { ...input('[0:0] -A INPUT -s 10.0.1.0/24 -j ACCEPT'), packet: { ...STRANGER, dst: '10.0.1.1' } },
  ],
  [
    'it is for one address of this host, and another one is asked',
    { ...input('[0:0] -A INPUT -d 10.0.1.0/24 -j ACCEPT'), packet: { ...TO_ROUTER, dst: '10.0.2.1' } },
  ],
  [
    'the source is at home behind another interface',
    { ...only(RULE.replace('10.0.1', '10.0.2')), packet: { ...SYN, src: '10.0.2.7', dst: '10.0.3.2' } },
  ],
])('opens nothing where %s', (_name, one) => {
  const journey = played(one)
  expect(journey.outcome).toBe('dropped')
  const commands = journey.findings.flatMap(({ fix }) => fix.map((one) => `${fixCommands(one).command}`))
  expect(commands.filter((command) => command.includes(' -R '))).toEqual([])
})

it('reads the rules of a chain once, however many of them nearly match', () => {
  let reads = 0
  const chain: Chain = {
    name: 'FORWARD',
    get rules() {
      reads++
      return []
    },
  }
  const condition: Condition = {
    kind: 'compare',
    field: 'ip daddr',
    op: '==',
    value: { prefix: '10.0.1.0', length: 24 },
  }
  for (const src of ['10.0.1.2', '10.0.1.3', '10.0.1.4'])
    expect(isNetworkOfSource({ condition }, { src }, chain)).toBe(true)
  expect(reads).toBe(1)
})
