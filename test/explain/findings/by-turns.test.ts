/** nat chooses by turns among several, and the trace ends before it shows which. */
import { describe, expect, it } from 'vitest'
import type { Host, Route } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 '

function journey(choice: string, more: Host = { sysctls: new Map([['net.ipv4.ip_forward', '0']]) }) {
  const ruleset = `table ip lb {
\tchain pre {
\t\ttype nat hook prerouting priority dstnat; policy accept;
\t\ttcp dport 8080 dnat to ${choice} # handle 2
\t}
\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy accept;
\t}
}
`
  const text = [
    `trace id 0a0b0c0d ip lb pre packet: iif "eth0" ${HEADERS}`,
    'trace id 0a0b0c0d ip lb pre unknown rule handle 2 (verdict accept)',
    '',
  ].join('\n')
  return explainFile(text, { ...worldOf(ruleset), host: { ...ROUTER, ...more } }).journeys[0]!
}

const codes = (choice: string) => journey(choice).findings.map(({ code }) => code)

describe('a destination chosen by turns', () => {
  it('is on its way like all the others, where the same route leads to all of them', () => {
    const found = journey('numgen inc mod 2 map { 0 : 10.0.2.2, 1 : 10.0.2.3 }')
    expect(found.outcome).toBe('vanished')
    expect(found.findings[0]?.message).toBe(
      '10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).',
    )
    expect(codes('jhash ip saddr . tcp sport mod 2 map { 0 : 10.0.2.2, 1 : 10.0.2.3 }')).toContain(
      'vanished-forwarding-off',
    )
  })

  it('is what the trace shows where a fix is tried, which has to do for the others as well', () => {
    const ruleset = `table ip lb {
\tchain pre {
\t\ttype nat hook prerouting priority dstnat; policy accept;
\t\ttcp dport 8080 dnat to numgen inc mod 2 map { 0 : 10.0.2.2, 1 : 10.0.2.3 } # handle 2
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy accept;
\t\ttcp dport 8080 drop # handle 4
\t}
}
`
    const text = [
      `trace id 0a0b0c0d ip lb pre packet: iif "eth0" ${HEADERS}`,
      'trace id 0a0b0c0d ip lb pre unknown rule handle 2 (verdict accept)',
      `trace id 0a0b0c0d ip lb forward packet: iif "eth0" oif "eth1" ${HEADERS.replace('10.0.1.1', '10.0.2.3').replace('ttl 64', 'ttl 63')}`,
      'trace id 0a0b0c0d ip lb forward unknown rule handle 4 (verdict drop)',
      '',
    ].join('\n')
    const [journey] = explainFile(text, { ...worldOf(ruleset), host: ROUTER }, [], { engine: modelEngine }).journeys
    const fixes = journey!.findings.find(({ code }) => code === 'dropped-by-rule')!.fix
    expect(fixes.map(({ description, after, but }) => [description, after, but])).toEqual([
      ['delete handle 4 of forward', 'forwarded', undefined],
      [
        'accept such packets before handle 4 of forward',
        'forwarded',
        'nat may send the next packet to another destination, where it would be stopped',
      ],
    ])
  })

  it('is not known where routes of several ways lead to them', () => {
    expect(codes('numgen inc mod 2 map { 0 : 10.0.2.2, 1 : 10.0.1.1 }')).not.toContain('vanished-forwarding-off')
    expect(codes('numgen inc mod 2 map { 0 : 10.0.2.2, 1 : 10.0.1.9 }')).not.toContain('vanished-forwarding-off')
  })

  it('is the only one that routing refuses, where the packet vanished there', () => {
    const ON: [string, string][] = [['net.ipv4.ip_forward', '1']]
    const withRoutes = (destinations: string[], sysctls = ON, more: Route[] = []): Host => ({
      sysctls: new Map(sysctls),
      routes: [
        ...ROUTER.routes!,
        ...more,
        ...destinations.map(
          (destination): Route => ({
            family: 'ip',
            type: 'unreachable',
            destination: `${destination}/32`,
            table: 'main',
          }),
        ),
      ],
    })
    const foundWith = (host: Host) =>
      journey('numgen inc mod 3 map { 0 : 10.0.2.2, 1 : 10.0.2.3, 2 : 10.0.2.4 }', host).findings.find(
        ({ code }) => code === 'vanished-no-route',
      )?.message
    const found = (...refuse: string[]) => foundWith(withRoutes(refuse))
    expect(found('10.0.2.3')).toBe(
      'Routing dropped it: the route to 10.0.2.3 is "unreachable". ip lb pre handle 2 chooses among several destinations, and this is the only one that routing refuses.',
    )
    expect(found('10.0.2.3', '10.0.2.4')).toBeUndefined()
    expect(found()).toBeUndefined()
    // the others may have vanished as well: nothing is forwarded, or the filter drops whatever comes from there
    expect(foundWith(withRoutes(['10.0.2.3'], [['net.ipv4.ip_forward', '0']]))).toBeUndefined()
    expect(foundWith(withRoutes(['10.0.2.3'], []))).toBeUndefined()
    const back: Route = { family: 'ip', type: 'unicast', destination: '10.0.1.2/32', table: 'main', device: 'eth1' }
    const filtered = (value: string) =>
      foundWith(withRoutes(['10.0.2.3'], [...ON, ['net.ipv4.conf.all.rp_filter', value]], [back]))
    expect(filtered('1')).toBeUndefined()
    expect(filtered('0')).toContain('the route to 10.0.2.3 is "unreachable"')
  })
})
