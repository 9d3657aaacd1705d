/** What else speaks for the place that nat should send it to: a rule for another state, an element, a rule behind the one that took it. */
import { expect, it } from 'vitest'
import { FOR_REPORTS } from '../../../src/model/for-reports.ts'
import { type Case, findingsOf, played, TO_ROUTER, told } from './played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const WEB = '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT'
const forward = (to: string, accept: string): Case => ({
  rules: {
    nat: [`-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`],
    filter: ['-P FORWARD DROP', ESTABLISHED, accept],
  },
  packet: TO_ROUTER,
})

it('is a filter rule for another address that asks for another state as well', () => {
  const later = `${WEB.replace(' -j ACCEPT', '')} -m conntrack --ctstate ESTABLISHED -j ACCEPT`
  expect(told(forward('10.0.2.8', later), 'dnat-mismatch')).toMatchObject({
    rules: ['nat PREROUTING rule 1', 'filter FORWARD rule 2'],
    fix: 'iptables -t nat -R PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → dropped',
  })
})

it('goes first in a repair where an element names the host with its port', () => {
  const first = (...elements: string[]) => {
    const members = elements.map((one) => ({ parts: one.split(',') }))
    const sets = [{ name: 'services', type: 'hash:ip,port', elements: members }]
    const [found] = findingsOf(played({ ...forward('10.0.2.8', WEB), sets }), 'dnat-mismatch')
    return found?.[FOR_REPORTS]?.goesFirst
  }
  expect(first('10.0.2.9,80')).toBe(true)
  expect(first('10.0.2.8,80')).toBeUndefined()
})

it('is a rule in front of the one that the comment means, which goes', () => {
  const nat = [
    '-A PREROUTING -p tcp -m tcp --dport 80 -j svc',
    '-A svc -m comment --comment "default/web:http -> 10.0.2.9:8080" -j sep',
    '-A sep -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.8',
    '-A sep -p tcp -m tcp -j DNAT --to-destination 10.0.2.9:8080',
  ]
  const found = told({ rules: { nat, filter: [] }, packet: TO_ROUTER }, 'dnat-mismatch')
  expect(found?.message).toMatch(/ nat sep rule 2, which sends it there, is never reached\.$/)
  expect(found?.fix).toBe('iptables -t nat -D sep 1 → forwarded')
})
