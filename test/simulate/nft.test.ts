/** nft's rules in the model: verdict maps, NAT by maps, and what rules do in front of a jump or of a condition. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Machine, type Simulated } from '../../src/simulate/machine.ts'
import { makeWorld, ROUTER } from './world.ts'

const SYN: Packet = {
  ...{ in: 'eth0', protocol: 'tcp', src: '10.0.1.2', sport: 40000, dst: '10.0.2.2', dport: 80, tcpFlags: ['syn'] },
}

const send = (rules: string, packet: Packet = SYN): Simulated => new Machine(makeWorld(rules, ROUTER)).send(packet)

/** `forward 1 jump web`: chain, rule and verdict. */
const rules = ({ evidence }: Simulated): string[] =>
  evidence.journey.steps
    .filter(({ kind }) => kind === 'rule')
    .map(({ chain, ruleNumber, verdict }) => `${chain} ${ruleNumber} ${verdict}`)

const filter = (lines: string, more = '') => `table inet filter {
${more}
chain web { accept; }
chain forward {
type filter hook forward priority filter; policy drop;
${lines}
}
}`

describe('verdict maps', () => {
  const MAP = 'tcp dport vmap { 22 : drop, 80 : jump web, 443 : accept }'

  it('lead where the packet’s element leads', () => {
    expect(rules(send(filter(MAP)))).toEqual(['forward 1 jump web', 'web 1 accept'])
    expect(rules(send(filter(MAP), { ...SYN, dport: 22 }))).toEqual(['forward 1 drop'])
    expect(rules(send(filter(MAP), { ...SYN, dport: 443 }))).toEqual(['forward 1 accept'])
  })

  it('are passed by packets that are in none', () => {
    expect(rules(send(filter(`${MAP}\naccept`), { ...SYN, dport: 81 }))).toEqual(['forward 2 accept'])
  })

  it('may be named', () => {
    const map = 'map services { type ipv4_addr . inet_service : verdict; elements = { 10.0.2.2 . 80 : goto web } }'
    expect(rules(send(filter('ip daddr . tcp dport vmap @services', map)))).toEqual([
      'forward 1 goto web',
      'web 1 accept',
    ])
  })
})

describe('an address that a rule sets to what is not known', () => {
  const set = (hook: string, words: string) =>
    `table ip t { chain c { type filter hook ${hook} priority -400; ${words}; accept; } }`

  it.each([
    ['prerouting', 'ip daddr set numgen inc mod 2 map { 0 : 10.0.2.3, 1 : 10.0.2.4 }', 'the destination address'],
    ['prerouting', 'ip saddr set 10.0.1.9', 'the source address'],
    ['forward', 'ip daddr set ip saddr', 'the destination address'],
    ['postrouting', 'ip saddr set 10.0.1.9', 'the source address'],
  ])('ends what can be told: %s %s', (hook, words, condition) => {
    const { ended } = send(set(hook, words))
    expect(ended).toMatchObject({ outcome: 'undetermined', open: { condition } })
  })
})

describe('NAT', () => {
  const nat = (line: string) => `table ip nat {
map backends { type inet_service : ipv4_addr; elements = { 80 : 10.0.2.7 } }
chain prerouting { type nat hook prerouting priority dstnat; ${line}; }
}`
  const destination = (line: string) => {
    const { evidence } = send(nat(line), { ...SYN, dst: '10.0.1.1' })
    const actions = evidence.journey.steps.flatMap(({ changes }) => changes)
    return actions.map(({ field, to }) => `${field} ${to}`)
  }

  it('takes address and port from a map', () => {
    expect(destination('dnat to tcp dport map { 80 : 10.0.2.5, 81 : 10.0.2.6 }')).toEqual(['dst 10.0.2.5'])
    expect(destination('dnat to ip daddr . tcp dport map { 10.0.1.1 . 80 : 10.0.2.5 . 8080 }')).toEqual([
      'dst 10.0.2.5',
      'dport 8080',
    ])
    expect(destination('dnat to tcp dport map { 81 : 10.0.2.6 }')).toEqual([])
    expect(destination('dnat to tcp dport map @backends')).toEqual(['dst 10.0.2.7'])
  })
})

it('what stands in front of a jump is done', () => {
  const marked = filter('meta mark set 0x7 jump web\n', '').replace('web { accept; }', 'web { meta mark 0x7 accept; }')
  expect(rules(send(marked, { ...SYN, mark: 0 }))).toEqual(['forward 1 jump web', 'web 1 accept'])
})

it('a rule that does something before its last condition fails is where the model stops', () => {
  const { ended } = send(filter('meta mark set 0x7 tcp dport 81 accept\naccept'))
  expect(JSON.stringify(ended)).toContain('it may do something before one of its conditions fails')
  expect(ended.outcome).toBe('undetermined')
  expect(rules(send(filter('tcp dport 81 meta mark set 0x7 tcp sport 1 accept\naccept')))).toEqual(['forward 2 accept'])
})
