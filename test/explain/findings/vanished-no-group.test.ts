/** Groups are not routed: who has joined them gets their packets. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { captured, findingsOf } from './played.ts'

const RULES = { raw: [], filter: [] }
const ON = 'raw:PREROUTING:policy:1'
const IN = { in: 'eth0', src: '10.0.1.2', protocol: 'udp', ttl: 1 } as const
const other = trace(ON, { ...IN, dst: '10.0.1.1', id: 2 })

/** Codes of errors, the first packet being for `dst` and gone behind PREROUTING. */
function told(dst: string, more: { host?: Host; physIn?: string; lines?: string[] } = {}) {
  const physIn = more.physIn === undefined ? {} : { physIn: more.physIn }
  const lines = [trace(ON, { ...IN, ...physIn, dst }), ...(more.lines ?? [other])]
  const { findings, outcome } = captured(RULES, lines, more.host)
  return { outcome, codes: findings.filter(({ severity }) => severity === 'error').map(({ code }) => code) }
}

const sysctl = (name: string, value: string): Host => ({
  sysctls: new Map([
    ['net.ipv4.ip_forward', '1'],
    [name, value],
  ]),
})

describe('vanished-no-group', () => {
  it('is told in place of a route, or of a TTL that has a default route', () => {
    expect(told('224.0.0.251')).toEqual({ outcome: 'vanished', codes: ['vanished-no-group'] })
    const unfiltered = ['all', 'eth0'].map((name) => [`net.ipv4.conf.${name}.rp_filter`, '0'] as const)
    const withoutRoutes = { routes: [], sysctls: new Map(unfiltered) }
    expect(told('224.0.0.251', { host: withoutRoutes }).codes).toEqual(['vanished-no-group'])
    const journey = captured(RULES, [trace(ON, { ...IN, dst: '239.1.2.3' }), other])
    const [found] = findingsOf(journey, 'vanished-no-group')
    expect(found?.message).toBe('No program on this host has joined the group 239.1.2.3 on eth0.')
  })

  it('is a note with both possibilities where nobody knows whether the filter lets the source pass', () => {
    const line = trace(ON, { ...IN, src: '10.0.9.9', dst: '224.0.0.251' })
    const [found] = findingsOf(captured(RULES, [line, other], { routes: [] }), 'vanished-no-group')
    expect(found).toMatchObject({ severity: 'note' })
    expect(found?.message).toBe(
      'Either no program on this host has joined the group 224.0.0.251 on eth0, or the reverse path filter of eth0 dropped the packet (rp_filter or the routes are unknown).',
    )
  })

  it('leaves open which it was, where the source would not pass either', () => {
    const host = sysctl('net.ipv4.conf.eth0.rp_filter', '1')
    const line = trace(ON, { ...IN, src: '10.0.2.9', dst: '224.0.0.251' })
    const [found] = findingsOf(captured(RULES, [line, other], host), 'vanished-no-group')
    expect(found?.message).toMatch(
      'Either no program on this host has joined the group 224.0.0.251 on eth0, or one has, and the cause is: The reverse path filter dropped it: it came in on eth0, but the route back to 10.0.2.9 leaves by eth1 (rp_filter=1).',
    )
  })

  it('tells why the source does not pass, where a program listens on that port', () => {
    const host = sysctl('net.ipv4.conf.eth0.rp_filter', '1')
    const line = trace(ON, { ...IN, src: '10.0.2.9', dst: '224.0.0.251', dport: 5353 })
    const listening = { ...host, sockets: [{ protocol: 'udp', state: 'UNCONN', family: 'ip', port: 5353 }] } as Host
    const { findings } = captured(RULES, [line, other], listening)
    const errors = findings.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ code }) => code)).toEqual(['vanished-rp-filter'])
    expect(errors[0]!.message).toMatch(
      'leaves by eth1 (rp_filter=1). A program listens on UDP port 5353; if it has not joined the group 224.0.0.251 on eth0, the kernel drops the packet for that as well.',
    )
  })

  it.each([
    ['it is for one host', told('10.3.1.1')],
    ['every host is in that group', told('224.0.0.1')],
    ['the capture ends there', told('224.0.0.251', { lines: [] })],
    ['a bridge has it', told('224.0.0.251', { physIn: 'port0' })],
    ['a multicast router takes it', told('239.1.2.3', { host: sysctl('net.ipv4.conf.eth0.mc_forwarding', '1') })],
    [
      'somebody has joined it',
      told('224.0.0.251', { lines: [trace('filter:INPUT:policy:1', { ...IN, dst: '224.0.0.251' }), other] }),
    ],
  ])('is not told where %s', (_name, { codes }) => {
    expect(codes).not.toContain('vanished-no-group')
    expect(codes).not.toContain('vanished-no-route')
  })
})

it('a loose filter asks for any route: what is proposed is one, and not the filter that is loose already', () => {
  const host: Host = {
    ...sysctl('net.ipv4.conf.all.rp_filter', '2'),
    links: [{ name: 'eth0', addresses: [{ family: 'ip', address: '10.0.0.5', prefixLength: 24 }] }],
    routes: [
      { family: 'ip', type: 'unicast', destination: '10.0.0.0/24', table: 'main', device: 'eth0' },
      { family: 'ip', type: 'local', destination: '10.0.0.5/32', table: 'local', device: 'eth0' },
    ],
    sockets: [{ protocol: 'udp', state: 'UNCONN', family: 'ip', port: 5568 }],
  } as Host
  const line = trace(ON, { ...IN, src: '2.0.0.10', dst: '239.255.0.1', dport: 5568 })
  const [found] = findingsOf(captured(RULES, [line, other], host), 'vanished-rp-filter')
  expect(found?.message).toContain('there is no route back to 2.0.0.10 (rp_filter=2)')
  expect(found?.fix.map(({ description }) => description).sort()).toEqual([
    'add a route back to 2.0.0.10 out of eth0',
    'the program must join the group on eth0 (see ip maddr show dev eth0)',
  ])
})
