/** A chain that many use to reject whatever comes: the chain that sent the packet there is the one to look at. */
import { describe, expect, it } from 'vitest'
import { type Case, told } from './played.ts'

/** As Shorewall writes its zones; `last`: by which a zone sends what is left to the chain for all. */
const zones = (last: string, ...first: string[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -i eth0 -j loc_frwd',
      '-A FORWARD -g reject',
      '-A loc_frwd -o eth1 -j loc-dmz',
      ...first,
      `-A loc-dmz ${last}`,
      '-A reject -p tcp -j REJECT --reject-with tcp-reset',
      '-A reject -j REJECT --reject-with icmp-host-prohibited',
    ],
  },
})

const STATES = '-A loc-dmz -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'

describe('rejected by a chain for all', () => {
  it('names the zone whose last rule sent it there, and lets such packets through in the zone', () => {
    const found = told(zones('-g reject', STATES), 'rejected-by-rule')
    expect(found?.message).toBe(
      'filter reject rule 1 rejected it (tcp). filter loc-dmz rule 2 sent it there: no earlier rule of loc-dmz accepts it. It answered with a TCP reset.',
    )
    expect(found?.rules).toContain('filter loc-dmz rule 2')
    expect(found?.fix).toMatch(/^iptables -I loc-dmz 2 .* --dport 80 -j ACCEPT → forwarded\b/)
  })

  it.each([
    // chains that do nothing but lead there: the jump to them chose the packet
    ['the first rule', zones('-g reject'), 'filter FORWARD rule 1 sent it there (-i eth0)'],
    ['one that asks', zones('-p tcp -g reject', STATES), 'filter loc-dmz rule 2 sent it there (tcp)'],
  ])('names %s by what chose the packet', (_what, one, words) => {
    const found = told(one, 'rejected-by-rule')
    expect(found?.message).toContain(words)
    expect(found?.fix).toMatch(/^iptables -I reject 1 /)
  })
})
