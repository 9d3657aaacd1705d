/** A rule for all but the network that the packet comes from. */
import { expect, it } from 'vitest'
import { findingsOf, played, TO_ROUTER, told } from './played.ts'

it('is near, as it asks for nothing else', () => {
  const rules = { filter: ['-P FORWARD DROP', '[0:0] -A FORWARD ! -s 10.0.1.0/24 -j ACCEPT'] }
  expect(findingsOf(played({ rules }), 'near-miss').map(({ message }) => message)).toEqual([
    'filter FORWARD rule 1 would have accepted it, but it matches all but 10.0.1.0/24, and the packet comes from there.',
  ])
})

it.each(['[0:0] ', '', '[9:540] '])(
  '%skeeps what it leaves out: such packets get an accept of their own',
  (counters) => {
    const words: [string, string][] = [
      ['! -i eth0', 'only matches ! -i eth0'],
      ['! -s 10.0.1.0/24', 'it matches all but 10.0.1.0/24, and the packet comes from there'],
      ['! -s 10.0.1.2/32', 'it matches all but 10.0.1.2, and the packet comes from there'],
      ['! -d 10.0.1.1/32', 'it matches all but 10.0.1.1, and the packet goes there'],
    ]
    for (const [but, why] of words) {
      const one = {
        rules: { filter: ['-P INPUT DROP', `${counters}-A INPUT ${but} -p tcp -m tcp --dport 80 -j ACCEPT`] },
        packet: TO_ROUTER,
      }
      expect(told(one, 'near-miss')?.message).toContain(`, but ${why}`)
      expect(findingsOf(played(one), 'near-miss').flatMap(({ fix }) => fix)).toEqual([])
      expect(told(one, 'dropped-by-policy')?.fix).toMatch(
        /^iptables -A INPUT -s 10\.0\.1\.2 -d 10\.0\.1\.1 -i eth0 -p tcp --dport 80 -j ACCEPT → delivered$/,
      )
    }
  },
)
