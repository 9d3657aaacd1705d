/** A rule ended nat in front of the SNAT rule. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { open } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const SNAT = '-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1'
const one = (exempt: string): Case => ({
  rules: { nat: [`-A POSTROUTING ${exempt} -j RETURN`, SNAT], filter: [] },
})

describe('snat-skipped', () => {
  it('is a note where the destination is exempted, and leaves the exemption to others', () => {
    const exempt = one('-d 10.0.2.0/24')
    expect(findingsOf(played(exempt), 'snat-skipped')[0]?.severity).toBe('note')
    expect(told(exempt, 'snat-skipped')?.fix).toBe(
      'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -d 10.0.2.2 -o eth1 -j SNAT --to-source 10.0.2.1 → forwarded',
    )
  })

  it('is none of what a rule behind nat stopped, though its destination is exempted', () => {
    const text = (exempt: string) => `table ip nat {
  chain out { type nat hook postrouting priority srcnat; ${exempt} return; masquerade; }
}
table ip late {
  chain guard { type filter hook postrouting priority srcnat + 20; ip saddr 10.0.1.2 drop; }
}
`
    const codes = (exempt: string) => {
      const world = { ...worldOf(text(exempt)), host: ROUTER }
      const { evidence, ended } = modelEngine.play(world, SYN)
      return explain(evidence, world, { ended }).findings.map(({ code }) => code)
    }
    expect(codes('ip daddr 10.0.2.0/24')).not.toContain('snat-skipped')
    expect(codes('ip saddr 10.0.1.0/24')).toContain('snat-skipped')
  })

  it('leaves the exemption of a link to what else goes there, where the SNAT rule is for all links', () => {
    const all = '-A POSTROUTING -j SNAT --to-source 10.0.2.1'
    const fixes = (snat: string) =>
      findingsOf(
        played({ rules: { nat: ['-A POSTROUTING -o eth+ -j ACCEPT', snat], filter: [] } }),
        'snat-skipped',
      )[0]?.fix.map((fix) => `${fixCommands(fix).command}`)
    expect(fixes(all)).toEqual([
      'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -d 10.0.2.2 -o eth1 -j SNAT --to-source 10.0.2.1',
      'iptables -t nat -D POSTROUTING 1',
    ])
    expect(fixes(SNAT)).toEqual(['iptables -t nat -D POSTROUTING 1'])
    // no repair need go past it, except where nobody knows the source out there
    const severity = (dst: string) =>
      findingsOf(
        played({
          rules: { nat: ['-A POSTROUTING -o eth+ -j ACCEPT', all], filter: [] },
          packet: { ...SYN, dst },
        }),
        'snat-skipped',
      )[0]?.severity
    expect(severity('10.0.2.2')).toBe('note')
    expect(severity('8.8.8.8')).toBe('warning')
  })

  it('says which link of the rule is not there', () => {
    const message = (exempt: string) => told(one(exempt), 'snat-skipped')?.message
    expect(message('! -o wan7')).toMatch(/which matches it\. This host has no link wan7\.$/)
    expect(message('! -o wan+')).toMatch(/which matches it\.$/)
    expect(message('-o eth1')).toMatch(/which matches it\.$/)
  })

  it('is none of a chain for another link, where a rule behind nat stopped the packet: that one lacks the source of a map', () => {
    const text = `table ip nat {
  map sources { type ipv4_addr : ipv4_addr; elements = { 10.0.1.9 : 10.0.2.1 }; }
  chain mgmt { type nat hook postrouting priority srcnat; oifname != "eth0" return; snat to 10.0.1.1; }
  chain egress { type nat hook postrouting priority srcnat; oifname "eth1" snat to ip saddr map @sources; }
}
table ip guard {
  chain left { type filter hook postrouting priority srcnat + 1; ip saddr 10.0.1.0/24 drop; }
}
`
    const world = { ...worldOf(text), host: ROUTER }
    const { evidence, ended } = modelEngine.play(world, SYN)
    const { findings } = explain(evidence, world, { ended })
    expect(findings.map(({ code }) => code)).not.toContain('snat-skipped')
    // nor where no links are listed, of which it may be one
    const { links: _, ...unlisted } = ROUTER
    const without = modelEngine.play({ ...world, host: unlisted }, SYN)
    const { findings: less } = explain(without.evidence, { ...world, host: unlisted }, { ended: without.ended })
    expect(less.map(({ code }) => code)).not.toContain('snat-skipped')
    expect(findings.find(({ code }) => code === 'not-in-set')?.message).toMatch(
      /^ip nat egress (rule|handle) \d+ would have rewritten its source, but 10\.0\.1\.2 is not in map sources\.$/,
    )
  })

  it('is none of an SNAT rule of which the listing does not show what it asks for', async () => {
    const found = async (asked: string) => {
      const { groups } = await (await open([traced, { name: 'ruleset.nft', text: nat(asked) }])).groups()
      return groups.flatMap(({ journey }) => journey.findings.map(({ code }) => code))
    }
    const nat = (asked: string) => `table ip nat { # handle 1
\tchain POSTROUTING { # handle 1
\t\ttype nat hook postrouting priority srcnat; policy accept;
\t\txt match "set" counter packets 1 bytes 60 return # handle 5
\t\t${asked} counter packets 0 bytes 0 masquerade # handle 6
\t}
}
`
    const packet =
      'packet: oif "eth1" ip saddr 10.0.1.2 ip daddr 192.0.2.9 ip ttl 64 ip id 7 ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn'
    const lines = [
      packet,
      'rule xt match "set" counter packets 0 bytes 0 return # handle 5 (verdict return)',
      'policy accept',
    ]
    const text = lines.map((line) => `trace id 1a2b3c4d ip nat POSTROUTING ${line} \n`).join('')
    const traced = { name: 'trace.txt', text }
    expect(await found('oifname "eth1"')).toContain('snat-skipped')
    expect(await found('xt match "set"')).not.toContain('snat-skipped')
  })

  it('is a warning else, and the rule goes', () => {
    const exempt = one('-s 10.0.1.0/24')
    expect(findingsOf(played(exempt), 'snat-skipped')[0]?.severity).toBe('warning')
    expect(told(exempt, 'snat-skipped')?.fix).toBe('iptables -t nat -D POSTROUTING 1 → forwarded')
    expect(told(exempt, 'snat-skipped')?.message).toMatch(/^It left by eth1 as 10\.0\.1\.2: /)
  })
})
