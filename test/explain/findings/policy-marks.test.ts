/** Policies that mark what they let through, as Calico's: what no policy has marked is dropped for the mark that it lacks. */
import { describe, expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, REPLY, told } from './played.ts'

const policies = (...sets: string[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A FORWARD -j workloads',
      '-A FORWARD -m mark --mark 0x10000/0x10000 -j ACCEPT',
      '-A workloads -o eth1 -j to-pod',
      '-A to-pod -j MARK --set-xmark 0x0/0x10000',
      '-A to-pod -j MARK --set-xmark 0x0/0x20000',
      '-A to-pod -m mark --mark 0x0/0x20000 -j policy',
      '-A to-pod -m mark --mark 0x10000/0x10000 -j RETURN',
      '-A to-pod -m mark --mark 0x0/0x20000 -j DROP',
      ...sets,
      '-A policy -m mark --mark 0x10000/0x10000 -j RETURN',
    ],
  },
})

describe('a packet that no policy has marked', () => {
  it('lacks the mark that a rule would have set, had it asked for another port', () => {
    const wrong = policies('[0:0] -A policy -p tcp -m multiport --dports 81,443 -j MARK --set-xmark 0x10000/0x10000')
    expect(told(wrong, 'mark-missing')).toMatchObject({
      message:
        'filter policy rule 2 requires mark 0x10000/0x10000, which the packet does not have: filter policy rule 1, which sets this mark, only matches --dports 81,443.',
      rules: ['filter policy rule 1', 'filter policy rule 2'],
      fix: 'iptables -R policy 1 -p tcp -m multiport --dports 81,443,80 -j MARK --set-xmark 0x10000/0x10000 → forwarded',
    })
  })

  it('lacks it as a set has it at its other end, and the rule is turned round', () => {
    const turned = policies('[0:0] -A policy -m set --match-set clients dst -j MARK --set-xmark 0x10000/0x10000')
    const clients = { name: 'clients', type: 'hash:ip', elements: [{ parts: ['10.0.1.2'] }] }
    const found = told({ ...turned, sets: [clients] }, 'mark-missing')
    expect(found?.message).toContain('does not match: set clients does not have it, but has 10.0.1.2 (src).')
    expect(found?.fix).toBe(
      'iptables -R policy 1 -m set --match-set clients src -j MARK --set-xmark 0x10000/0x10000 → forwarded',
    )
  })

  it('is told nothing of services where it is a reply', () => {
    const sets = '[0:0] -A policy -p tcp -m multiport --dports 81,443 -j MARK --set-xmark 0x10000/0x10000'
    const back: Case = { ...policies(sets), packet: { ...REPLY, in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2' } }
    expect(
      findingsOf(played(back), 'mark-missing').flatMap(({ rules }) => rules.map(({ chain }) => chain)),
    ).not.toContain('policy')
  })

  it('is not dropped for a mark that a rule had set where that rule has cleared what was not there', () => {
    const headers =
      'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 '
    const ruleset = `table inet fw {
\tchain policy {
\t\ttcp dport 8081 meta mark set meta mark | 0x00010000 # handle 9
\t}
\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\tmeta mark set meta mark & 0xfffcffff # handle 5
\t\tjump policy # handle 6
\t\tmeta mark & 0x00010000 == 0x00010000 accept # handle 7
\t\tmeta mark & 0x00020000 == 0x00000000 drop # handle 8
\t}
}
`
    const text = [
      `trace id 0a0b0c0d inet fw input packet: iif "eth0" ${headers}`,
      'trace id 0a0b0c0d inet fw input unknown rule handle 5 (verdict continue)',
      'trace id 0a0b0c0d inet fw input unknown rule handle 6 (verdict jump policy)',
      'trace id 0a0b0c0d inet fw input unknown rule handle 8 (verdict drop)',
      '',
    ].join('\n')
    const [journey] = explainFile(text, { ...worldOf(ruleset), host: ROUTER }).journeys
    expect(journey!.findings.map(({ code }) => code)).not.toContain('dropped-by-mark')
    expect(journey!.findings.find(({ code }) => code === 'mark-missing')?.message).toBe(
      'inet fw input handle 7 requires mark 0x10000/0x10000, which the packet does not have: inet fw policy handle 9, which sets this mark, only matches tcp dport 8081.',
    )
  })
})
