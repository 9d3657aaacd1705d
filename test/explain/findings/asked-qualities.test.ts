/** A rule for the very service that asks besides for what packets of any service may be: their type, length, hops. */
import { expect, it } from 'vitest'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const only = (...rules: string[]): Case => ({ rules: { filter: ['-P FORWARD DROP', ESTABLISHED, ...rules] } })
const FRIENDS: NamedSet = { name: 'friends', type: 'hash:ip', elements: [] }
const SERVICE = '[0:0] -A FORWARD -p tcp -m tcp --dport 80'

it.each([
  '-m addrtype --dst-type BROADCAST',
  '-m pkttype --pkt-type multicast',
  '-m length --length 0:20',
  '-m ttl --ttl-gt 100',
  '-m dscp --dscp 0x2e',
])('%s is left out of a rule that nothing has met', (words) => {
  expect(told(only(`${SERVICE} ${words} -j ACCEPT`), 'near-miss')?.fix).toBe(
    'iptables -R FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded',
  )
})

it('is kept where the rule serves others, or names no service', () => {
  const fix = (rule: string) => told(only(rule), 'near-miss')?.fix
  expect(fix(`${SERVICE.replace('[0:0]', '[9:540]')} -m addrtype --dst-type BROADCAST -j ACCEPT`)).toBeUndefined()
  expect(fix('[0:0] -A FORWARD -p tcp -m addrtype --dst-type BROADCAST -j ACCEPT')).toBeUndefined()
})

it('comes before a set of those who may ask for anything', () => {
  const one: Case = {
    ...only(
      `${SERVICE} -m addrtype --dst-type BROADCAST -j ACCEPT`,
      '-A FORWARD -m set --match-set friends src -j ACCEPT',
    ),
    sets: [FRIENDS],
  }
  const codes = (given: Case) =>
    findingsOf(played(given), 'near-miss')
      .concat(findingsOf(played(given), 'not-in-set'))
      .map(({ severity }) => severity)
  expect(codes(one)).toEqual(['note', 'note'])
  expect(codes({ ...only('-A FORWARD -m set --match-set friends src -j ACCEPT'), sets: [FRIENDS] })).toEqual([
    'warning',
  ])
})

it('stays where it says for whom the destination is rewritten: others would be redirected, too', () => {
  const one: Case = {
    rules: {
      nat: [
        '[0:0] -A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
      ],
      filter: [],
    },
    packet: { ...SYN, dst: '10.9.0.7' },
  }
  expect(findingsOf(played(one), 'near-miss')[0]!.fix.map(({ description }) => description)).toEqual([
    'add a rule for such packets before rule 1 of PREROUTING',
  ])
})
