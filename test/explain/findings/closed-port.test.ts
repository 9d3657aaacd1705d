/** Nobody listens, but on another port of an address that one program alone has. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { namesDestination } from '../../../src/explain/counterfactual/failed-condition.ts'
import type { Socket } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { ROUTER } from '../../simulate/world.ts'
import { captured, findingsOf } from './played.ts'

const socket = (address: string, port: number, protocol = 'udp'): Socket => ({
  ...{ protocol, family: 'ip', state: protocol === 'udp' ? 'UNCONN' : 'LISTEN', address, port, process: 'dockerd' },
})
const RESOLVER = [socket('127.0.0.11', 46_621), socket('127.0.0.11', 41_879, 'tcp')]

function closedPort(sockets: Socket[], dst = '127.0.0.11', nat = '-A OUTPUT -p tcp -m tcp --dport 1 -j ACCEPT') {
  const packet = { protocol: 'udp', src: '127.0.0.1', dst, sport: 40_000, dport: 53 } as const
  const lines = [
    trace('nat:OUTPUT:policy:2', { ...packet, out: 'lo' }),
    trace('filter:OUTPUT:policy:1', { ...packet, out: 'lo' }),
    trace('filter:INPUT:policy:1', { ...packet, in: 'lo' }),
  ]
  const rules = { nat: [nat], filter: [] }
  const [found] = findingsOf(captured(rules, lines, { sockets, listening: ['udp', 'tcp'], links: [] }), 'closed-port')
  return found
}

describe('closed-port', () => {
  it('tells of the one program on that loopback address, and how nat would send it there', () => {
    const found = closedPort(RESOLVER)
    expect(found?.message).toContain(
      'listens on udp 127.0.0.11:53 (dockerd listens on 127.0.0.11:46621, and no DNAT rule sends it there)',
    )
    const fix = found!.fix.find(({ edits }) => edits)!
    expect(String(fixCommands(fix).command)).toBe(
      'iptables -t nat -A OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:46621',
    )
    expect(fix.after).toBe('delivered')
  })

  it.each([
    ['two listen there', [...RESOLVER, socket('127.0.0.11', 54)], '127.0.0.11'],
    ['it is an address for all', [socket('127.0.0.1', 46_621)], '127.0.0.1'],
    ['it is of another protocol', RESOLVER.slice(1), '127.0.0.11'],
  ])('does not where %s', (_name, sockets, dst) => {
    const found = closedPort(sockets, dst)
    expect(found?.message).toMatch(/nothing on this host listens on udp \S+:53: this host replies/)
    expect(found?.fix.every(({ edits }) => edits === undefined)).toBe(true)
  })
})

describe('what this host asks another one, and its own rule redirects to a port where nobody listens', () => {
  const asked = (nat: string, dst: string) => {
    const packet = { protocol: 'udp', src: '10.0.2.1', sport: 40_000, dport: 53 } as const
    const there = { ...packet, dst: '127.0.0.1', dport: 7874 }
    const lines = [
      trace('nat:OUTPUT:rule:1', { ...packet, dst, out: 'eth1' }),
      trace('filter:OUTPUT:policy:1', { ...there, out: 'lo' }),
      trace('filter:INPUT:policy:1', { ...there, in: 'lo' }),
    ]
    const rules = { nat: [`-A OUTPUT ${nat}-p udp -m udp --dport 53 -j REDIRECT --to-ports 7874`], filter: [] }
    const host = { ...ROUTER, sockets: [socket('10.0.1.1', 53)], listening: ['udp', 'tcp'] }
    return findingsOf(captured(rules, lines, host), 'closed-port')[0]
  }

  it.each([
    ['asks for no destination', ''],
    ['asks for any', '-d 0.0.0.0/0 '],
  ])('is told with that rule, and may be spared, where the rule %s', (_name, nat) => {
    const found = asked(nat, '10.0.2.9')
    expect(found?.message).toMatch(/ The packet was for 10\.0\.2\.9, another host: nat OUTPUT rule 1 sends it here\.$/)
    expect(found?.rules).toMatchObject([{ chain: 'OUTPUT', ruleNumber: 1 }])
    expect(found?.fix.map(({ description }) => description).slice(1)).toEqual([
      'do not rewrite the destination of such packets',
    ])
  })

  it('takes every address of a family for none', () => {
    const asks = (length: number) =>
      namesDestination({ kind: 'compare', field: 'ip6 daddr', op: '==', value: { prefix: '::', length } })
    expect([asks(0), asks(96)]).toEqual([false, true])
  })

  it('is the program alone, where the rule asks for that address, or the packet is for this host', () => {
    expect(asked('-d 10.0.2.9/32 ', '10.0.2.9')?.fix).toHaveLength(1)
    expect(asked('', '10.0.1.1')?.fix).toHaveLength(1)
  })
})

describe('what is done by hand about a closed port', () => {
  it.each([
    ['no rule of nat is for it', '-A OUTPUT -p tcp -m tcp --dport 53 -j DNAT --to-destination 10.0.0.1', /^start the/],
    [
      'a rule of nat is for it at another address',
      '-A OUTPUT -d 10.9.9.9/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.1',
      /^find out why nat did not rewrite it: nat OUTPUT rule 1 is for port 53$/,
    ],
  ])('where %s', (_name, nat, words) => {
    const descriptions = closedPort([socket('127.0.0.1', 99)], '127.0.0.1', nat)!.fix.map((one) => one.description)
    expect(descriptions.at(-1)).toMatch(words)
  })
})

describe('closed-port where a socket is connected to another sender', () => {
  const connected = (port: number, more: Partial<Socket> = {}): Socket => ({
    ...{ ...socket('127.0.0.1', port), state: 'ESTAB', peerAddress: '127.0.0.9', peerPort: 4000, process: 'ncat' },
    ...more,
  })

  it('names that socket, and its peer', () => {
    const found = closedPort([connected(53)], '127.0.0.1')!
    expect(found.message).toContain(
      'nothing on this host listens on udp 127.0.0.1:53 (ncat has 127.0.0.1:53 connected to 127.0.0.9:4000, so that socket accepts packets only from there)',
    )
    expect(found.fix[0]!.description).toBe(
      'make the program accept packets from any sender: its socket is connected to another one',
    )
  })

  it.each([
    ['it is of another port', connected(54)],
    ['it is of TCP', connected(53, { protocol: 'tcp' })],
    ['its peer is the sender', connected(53, { peerAddress: '127.0.0.1', peerPort: 40_000 })],
  ])('does not where %s', (_name, one) => {
    expect(closedPort([one], '127.0.0.1')?.message ?? '').not.toContain('connected to')
  })

  it('is not told where a program listens on another address: those connected are its clients', () => {
    const clients = [1, 2, 3].map((one) => connected(53, { address: '127.0.0.2', peerAddress: `127.0.1.${one}` }))
    const found = closedPort([socket('127.0.0.2', 53), ...clients], '127.0.0.1')!
    expect(found.message).toContain('(dockerd listens on 127.0.0.2:53)')
    expect(found.fix[0]!.description).toBe('make the program listen on 127.0.0.1:53, or on any address')
  })

  it('names a few of many', () => {
    const many = [1, 2, 3, 4, 5, 6, 7].map((one) => connected(53, { peerAddress: `127.0.1.${one}` }))
    const { message } = closedPort(many, '127.0.0.1')!
    expect(message).toContain(
      'connected to 127.0.1.5:4000, so that socket accepts packets only from there, and 2 more)',
    )
    expect(message).not.toContain('127.0.1.6')
  })

  it('is not told where another socket of the port takes all', () => {
    expect(closedPort([connected(53), socket('127.0.0.1', 53)], '127.0.0.1')).toBeUndefined()
  })
})

/** A chain of nat is the last that nft's trace shows of a packet for this host: no later line has what it wrote. */
describe('closed-port behind the last rule of nat', () => {
  const told = (rule: string, sockets: Socket[]) => {
    const ruleset = `table ip nat {\n\tchain pre {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\t${rule} # handle 7\n\t}\n}\n`
    const packet =
      'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 '
    const text = `trace id 0a0b0c0d ip nat pre packet: iif "eth0" ${packet}\ntrace id 0a0b0c0d ip nat pre unknown rule handle 7 (verdict accept)\n`
    const host = { ...ROUTER, sockets, listening: ['tcp', 'udp'] }
    const { outcome, findings } = explainFile(text, { ...worldOf(ruleset), host }).journeys[0]!
    return [outcome, findings.find(({ code }) => code === 'closed-port')?.message]
  }

  it.each([
    ['tcp dport 8080 dnat to 10.0.2.1:80', 'tcp 10.0.2.1:80'],
    ['tcp dport 8080 dnat to 10.0.2.1', 'tcp 10.0.2.1:8080'],
    ['tcp dport 8080 dnat to tcp dport map { 8080 : 10.0.2.1 }', 'tcp 10.0.2.1:8080'],
    ['tcp dport 8080 redirect to :3128', 'tcp 10.0.1.1:3128'],
  ])('tells where %s has sent it', (rule, end) => {
    const [outcome, message] = told(rule, [socket('10.0.1.1', 8080, 'tcp')])
    expect(outcome).toBe('delivered')
    expect(message).toContain(`nothing on this host listens on ${end}`)
  })

  it('says nothing where a program listens there, or where there is a choice', () => {
    expect(told('tcp dport 8080 redirect to :3128', [socket('10.0.1.1', 3128, 'tcp')])).toEqual([
      'delivered',
      undefined,
    ])
    expect(told('tcp dport 8080 redirect to :3128-3130', [socket('10.0.1.1', 22, 'tcp')])).toEqual([
      'delivered',
      undefined,
    ])
  })
})
