/** A forward to a host that no rule accepts, beside the rules for other forwards. */
import { describe, expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, TO_ROUTER, told } from './played.ts'

const forward = (asked: string, to: string) =>
  `-A PREROUTING -d ${asked}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`
const beside = (other: string): Case => ({
  rules: {
    nat: [forward('10.0.1.1', '10.0.2.8'), other],
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT',
    ],
  },
  packet: TO_ROUTER,
})

describe('no dnat-mismatch', () => {
  it('is the rule that gives a source where several forwards send it to one place', () => {
    const to = (conditions: string) =>
      `-A PREROUTING ${conditions} -p tcp -m tcp --dport 90 -j DNAT --to-destination 10.0.1.9:555`
    const source =
      '[0:0] -A POSTROUTING -s 10.0.1.0/24 -d 10.0.1.9/32 -p tcp -m tcp --dport 554 -j SNAT --to-source 10.0.1.1'
    const nat = [to('-s 10.0.1.0/24 -d 10.0.1.1/32'), to('-i eth1'), source]
    expect(told({ rules: { nat, filter: [] }, packet: { ...TO_ROUTER, dport: 90 } }, 'dnat-mismatch')?.fix).toBe(
      'iptables -t nat -R POSTROUTING 1 -s 10.0.1.0/24 -d 10.0.1.9 -p tcp --dport 555 -j SNAT --to-source 10.0.1.1 → forwarded',
    )
  })

  it.each([
    ['address', forward('10.0.1.3', '10.0.2.9')],
    ['port', forward('10.0.1.1', '10.0.2.9:80').replace('--dport 80 ', '--dport 8081 ')],
    ['ports', forward('10.0.1.1', '10.0.2.9').replace('-m tcp --dport 80 ', '-m multiport --dports 81,82 ')],
  ])('is a rule for the place of a forward of another %s', (_, other) => {
    expect(told(beside(other), 'dnat-mismatch')).toBeUndefined()
    const [accept] = findingsOf(played(beside(other)), 'dropped-by-policy')[0]!.fix
    expect(accept).toMatchObject({ after: 'forwarded' })
    expect(accept).not.toHaveProperty('but')
  })

  it('is a rule for where the same forward sends others', () => {
    const others = forward('10.0.1.1', '10.0.2.9').replace(' -p tcp', ' -i eth7 -p tcp')
    expect(told(beside(others), 'dnat-mismatch')?.message).toMatch(
      /matches 10.0.2.9:80. Which of the two is right is unknown\.$/,
    )
  })

  it('is a rule for the service of a host on another link, unless its address is nearly the same', () => {
    const said = (own: string, other: string) => {
      const accept = `-A FORWARD -d ${other}/32 -o eth1 -p tcp -m tcp --dport 80 -j ACCEPT`
      const rules = { nat: [forward('10.0.1.1', own)], filter: ['-P FORWARD DROP', accept] }
      return told({ rules, packet: TO_ROUTER }, 'dnat-mismatch')
    }
    expect(said('10.0.1.77', '10.0.2.200')).toBeUndefined()
    expect(said('10.0.1.77', '10.0.2.77')).toBeDefined()
    expect(said('10.0.1.200', '10.0.2.200')).toBeDefined()
  })

  const header = (dst: string) =>
    `ip saddr 10.0.1.2 ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 `
  const codes = (to: string, accept: string, out: string) => {
    const ruleset = `table ip fw {
	chain dnat {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 80 dnat to ${to} # handle 5
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		${accept} accept # handle 7
	}
}
`
    const trace = [
      `trace id 0a0b0c0d ip fw dnat packet: iif "eth0" ${header('10.0.1.1')}`,
      `trace id 0a0b0c0d ip fw dnat rule tcp dport 80 dnat to ${to} (verdict accept)`,
      `trace id 0a0b0c0d ip fw forward packet: iif "eth0" oif "${out}" ${header('10.0.2.8')}`,
      'trace id 0a0b0c0d ip fw forward policy drop',
      '',
    ].join('\n')
    const [journey] = explainFile(trace, { ...worldOf(ruleset), host: ROUTER }).journeys
    return journey!.findings.map(({ code }) => code)
  }

  it('is a rule for the place of another element of a map', () => {
    const said = (other: string) =>
      codes(`ip daddr map { 10.0.1.1 : 10.0.2.8, 10.0.1.3 : ${other} }`, 'ip daddr 10.0.2.9 tcp dport 80', 'eth1')
    expect(said('10.0.2.9')).not.toContain('dnat-mismatch')
    expect(said('10.0.2.7')).toContain('dnat-mismatch')
  })

  it('is a rule for the very place, which another way led to than the routes of now', () => {
    expect(codes('10.0.2.8', 'oifname "eth1" ip daddr 10.0.2.8 tcp dport 80', 'eth0')).not.toContain('dnat-mismatch')
  })
})
