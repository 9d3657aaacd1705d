/** Chosen by a rule of nat, and back as it was. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, LISTENS_ON, SYN, TO_ROUTER, told } from './played.ts'

const one = (...sep: string[]): Case => ({
  rules: {
    nat: [
      '-A PREROUTING -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j svc',
      '-A svc -s 10.0.2.0/24 -j mark',
      '-A svc -j sep',
      '-A mark -j MARK --set-xmark 0x1/0x1',
      '-N sep',
      ...sep,
    ],
    filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'],
  },
  packet: { ...SYN, dst: '10.0.9.9' },
})

describe('came-back', () => {
  it('names the chain that did nothing', () => {
    expect(told(one(), 'came-back')?.message).toBe(
      'nat PREROUTING rule 1 sent it to sep (-d 10.0.9.9/32, tcp dport 80), but no rule there rewrote its destination.',
    )
  })

  it('names a chain that is to accept, by its name, and did not', () => {
    const by = (chain: string) =>
      told({ rules: { filter: ['-P FORWARD DROP', `-A FORWARD -i eth0 -j ${chain}`, `-N ${chain}`] } }, 'came-back')
        ?.message
    expect(by('zone_wan_dest_ACCEPT')).toBe(
      'filter FORWARD rule 1 sent it to zone_wan_dest_ACCEPT (-i eth0), but no rule there accepted it.',
    )
    expect(by('zone_wan_dest')).toBeUndefined()
  })

  it('sends it on to where the comment says', () => {
    const { rules, ...rest } = one()
    const nat = rules.nat!.map((rule) =>
      rule.replace('-A svc -j sep', '-A svc -m comment --comment "default/web:http -> 10.0.2.9:8080" -j sep'),
    )
    expect(told({ rules: { ...rules, nat }, ...rest }, 'came-back')?.fix).toBe(
      'iptables -t nat -A sep -p tcp -j DNAT --to-destination 10.0.2.9:8080 → forwarded',
    )
    expect(told(one(), 'came-back')?.fix).toBeUndefined()
  })

  it('sends it on from the chain of an endpoint, whichever rule chose the service', () => {
    const { rules, ...rest } = one()
    const nat = rules.nat!.map((rule) =>
      rule
        .replace('-d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j svc', '-p tcp -m tcp --dport 80 -j svc')
        .replace('-A svc -j sep', '-A svc -m comment --comment "default/web:http -> 10.0.2.9:8080" -j sep'),
    )
    const found = told({ rules: { ...rules, nat }, ...rest, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'came-back')
    expect(found?.message).toBe('nat svc rule 2 sent it to sep, but no rule there rewrote its destination.')
    expect(found?.fix).toBe('iptables -t nat -A sep -p tcp -j DNAT --to-destination 10.0.2.9:8080 → forwarded')
  })

  it('names the rule there that is for something else', () => {
    const found = told(one('-A sep -p udp -j DNAT --to-destination 10.0.2.9'), 'came-back')
    expect(found?.message).toContain('nat sep rule 1 would have rewritten its destination, but only matches -p udp')
    expect(found?.rules[0]).toBe('nat sep rule 1')
  })

  const ports = (...rules: string[]): Case => ({
    rules: {
      nat: [
        '-A PREROUTING -m addrtype --dst-type LOCAL -j ports',
        '-A ports -p tcp -m tcp --dport 80 -j c1',
        '-A ports -p tcp -m tcp --dport 443 -j c1',
        ...rules,
      ],
      filter: [],
    },
    packet: { ...TO_ROUTER, dport: 443 },
    host: LISTENS_ON(22),
  })

  it('names a chain that a rule for the port leads to, and sends it where all others of the chain go', () => {
    const found = told(ports('-A c1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80'), 'came-back')
    expect(found?.rules[0]).toBe('nat c1 rule 1')
    expect(found?.fix).toBe(
      'iptables -t nat -A c1 -d 10.0.1.1 -p tcp --dport 443 -j DNAT --to-destination 10.0.2.9:443 → forwarded',
    )
  })

  it('does not guess the port where others change theirs, nor blames a chain that sends nothing elsewhere', () => {
    const changed = ports('-A c1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:8080')
    expect(told(changed, 'came-back')?.fix).toBeUndefined()
    expect(told(ports('-A c1 -s 10.0.9.9/32 -j ACCEPT'), 'came-back')).toBeUndefined()
  })

  it.each([
    ['it was rewritten there', one('-A sep -p tcp -j DNAT --to-destination 10.0.2.9')],
    [
      'it was not chosen by its destination',
      {
        rules: { nat: ['-A PREROUTING -p tcp -j svc', '-A svc -p udp -j DNAT --to-destination 10.0.2.9'], filter: [] },
      },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'came-back')).toBeUndefined()
  })

  it('is no chain for all packets of one version of IP', () => {
    const rules = (key: string) => `table inet f {
	chain ipv4 {
		icmp type echo-request accept # handle 4
	}
	chain inbound {
		type filter hook input priority filter; policy drop;
		${key} : jump ipv4 } # handle 5
	}
}
`
    const codes = (key: string) => {
      const world = worldOf(rules(key))
      Object.assign(world.host, ROUTER)
      const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
      return explain(evidence, world, { ended }).findings.map(({ code }) => code)
    }
    expect(codes('meta protocol vmap { ip')).not.toContain('came-back')
    expect(codes('iifname vmap { "eth0"')).toContain('came-back')
  })
})
