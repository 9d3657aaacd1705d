/** Somebody opened a service at the hook that the packet does not come to. */
import { expect, test } from 'vitest'
import { type Case, SYN, TO_ROUTER, told } from './played.ts'

const NAT = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.2:80']
const PUBLISHED = { ...TO_ROUTER, dport: 8080 }
const forwarded = (...filter: string[]): Case => ({
  rules: { nat: NAT, filter: ['-P FORWARD DROP', ...filter] },
  packet: PUBLISHED,
})

test('at input for a port that nat sends on', () => {
  expect(told(forwarded('-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT'), 'never-reached')).toEqual({
    message:
      'filter INPUT rule 1 would accept it, but only packets to this host itself traverse INPUT. This packet is forwarded to 10.0.2.2: it traverses FORWARD.',
    rules: ['filter INPUT rule 1'],
    fix: expect.stringContaining('iptables -A FORWARD -s 10.0.1.2 -d 10.0.2.2 '),
  })
  expect(
    told(forwarded('-A INPUT -j OPEN', '-A OPEN -d 10.0.2.2/32 -p tcp -j ACCEPT'), 'never-reached')?.rules,
  ).toEqual(['filter OPEN rule 1'])
})

test('not by a rule that others use, for any port, or for what was for another host from the beginning', () => {
  expect(told(forwarded('[7:420] -A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT'), 'never-reached')).toBeUndefined()
  expect(told(forwarded('-A INPUT -i eth0 -j ACCEPT'), 'never-reached')).toBeUndefined()
  const rules = { filter: ['-P FORWARD DROP', '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT'] }
  expect(told({ rules, packet: SYN }, 'never-reached')).toBeUndefined()
})

test('at forward for what is for this host itself', () => {
  const own = (rule: string): Case => ({ rules: { filter: ['-P INPUT DROP', rule] }, packet: TO_ROUTER })
  expect(told(own('-A FORWARD -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j ACCEPT'), 'never-reached')?.message).toBe(
    'filter FORWARD rule 1 would accept it, but only forwarded packets traverse FORWARD. This packet is for this host itself: it traverses INPUT.',
  )
  // that others are let through is known by no counter
  expect(told(own('-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'), 'never-reached')).toBeUndefined()
  expect(told(own('[0:0] -A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'), 'never-reached')).toBeDefined()
})
