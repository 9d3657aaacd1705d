/** nft's dispatch by state, without the state of the connection's own packets. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry, ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 10.0.2.2 ip daddr 10.0.1.2 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 80 tcp dport 40000 tcp flags == syn|ack tcp window 64240 '

it('is near where it lets pass what is related to the connection, and not the connection', () => {
  const near = (states: string) => {
    const ruleset = `table inet fw {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state vmap { ${states} } # handle 2
\t\tiifname "eth0" accept # handle 3
\t}
}
`
    const text = [
      `trace id 0a0b0c0d inet fw forward packet: iif "eth1" oif "eth0" ${HEADERS}`,
      'trace id 0a0b0c0d inet fw forward policy drop ',
      '',
    ].join('\n')
    const known = entry({
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
      reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    })
    const world = { ...worldOf(ruleset), host: { ...ROUTER, conntrack: [known] } }
    const found = explainFile(text, world).journeys[0]!.findings
    return found.filter(({ code }) => code === 'near-miss').map(({ message }) => message)
  }
  expect(near('invalid : drop, related : accept')).toEqual([
    'inet fw forward handle 2 would have accepted it, but only matches ct state vmap { invalid : drop, related : accept }.',
  ])
  expect(near('invalid : drop')).toEqual([])
})

it('drops as invalid what its map drops for that alone', () => {
  const codes = (states: string) => {
    const ruleset = `table inet fw {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tct state vmap { ${states} } # handle 2\n\t}\n}\n`
    const text = [
      `trace id 0a0b0c0d inet fw forward packet: iif "eth1" oif "eth0" ${HEADERS}`,
      'trace id 0a0b0c0d inet fw forward rule handle 2 (verdict drop)',
      '',
    ].join('\n')
    const { journeys } = explainFile(text, { ...worldOf(ruleset), host: { ...ROUTER, conntrack: [] } })
    return journeys[0]!.findings.map(({ code }) => code)
  }
  expect(codes('established : accept, invalid : drop')).toContain('invalid-state')
  expect(codes('established : accept, invalid : drop, new : drop')).not.toContain('invalid-state')
})
