/** A forward of a port of this host's, and a packet for another host that asks for the port behind it. */
import { expect, it } from 'vitest'
import { played, SYN, TO_ROUTER } from './played.ts'

it('is not what a packet for another host was meant to meet, whatever port the forward sends to', () => {
  const rules = {
    nat: ['[0:0] -A PREROUTING -p tcp -m tcp --dport 9980 -j DNAT --to-destination 10.0.2.9:443'],
    filter: ['-A INPUT -p tcp -j REJECT', '-A FORWARD -i eth0 -j REJECT'],
  }
  const fixes = (dst: string) =>
    played({ rules, packet: { ...(dst === TO_ROUTER.dst ? TO_ROUTER : SYN), dst, dport: 443 } })
      .findings.filter(({ code }) => code === 'near-miss' || code === 'missing-rule')
      .flatMap(({ fix }) => fix.map(({ description }) => description))
  expect(fixes('198.51.100.9')).toEqual([])
  expect(fixes(TO_ROUTER.dst!)).toContain('make rule 1 of PREROUTING match such packets')
})
