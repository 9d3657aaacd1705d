/** An accept ends only its own chain. */
import { describe, expect, it } from 'vitest'
import { nameRef } from '../../../src/explain/refs.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { findingsOf, told } from './played.ts'

const ACCEPT = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'

describe('later-base-chain', () => {
  it('names the accept and what stopped the packet behind it', () => {
    const found = told({ rules: { filter: [ACCEPT], mangle: ['-A POSTROUTING -p tcp -j DROP'] } }, 'later-base-chain')
    expect(found?.rules).toEqual(['mangle POSTROUTING rule 1', 'filter FORWARD rule 1'])
  })

  it.each([
    ['the policy of table filter let it pass', { filter: [], mangle: ['-A POSTROUTING -p tcp -j DROP'] }],
    ["the accept is no filter's", { mangle: [ACCEPT], filter: ['-A FORWARD -j DROP'] }],
    ['nothing stopped it', { filter: [ACCEPT], mangle: ['-A POSTROUTING -p udp -j DROP'] }],
  ])('is not told where %s', (_name, rules) => {
    expect(told({ rules }, 'later-base-chain')).toBeUndefined()
  })

  /** nft's, on its way from eth0 to eth1; `CHAIN HANDLE VERDICT` of the rules that matched. */
  const named = (prerouting: string, others = '', ...matched: string[]) => {
    const rules = `table inet fw {
	chain check {
		type filter hook prerouting priority mangle + 10; policy drop;
		${prerouting} accept # handle 4
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
${others}`
    const headers =
      'ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn'
    const shown = (chain: string, out: string) => `trace id 1 ${chain} packet: iif "eth0" ${out}${headers}\n`
    const way = [
      shown('inet fw check', ''),
      `trace id 1 inet fw check rule ${prerouting} accept # handle 4 (verdict accept)\n`,
      ...matched.map((one) => `${shown(one.split(' rule ')[0]!, 'oif "eth1" ')}trace id 1 ${one} (verdict accept)\n`),
      shown('inet fw forward', 'oif "eth1" '),
      'trace id 1 inet fw forward policy drop \n',
    ].join('')
    const [found] = findingsOf(explainFile(way, worldOf(rules)).journeys[0]!, 'later-base-chain')
    return found?.rules.map(nameRef)
  }
  const GUESTS = `table ip guests {
	chain forward {
		type filter hook forward priority filter - 1; policy accept;
		iifname "eth0" accept # handle 9
	}
}
`
  const CHECK = 'fib saddr . iif oif exists'

  it('names what accepted it at the hook that stopped it, not what was asked in PREROUTING', () => {
    const accept = 'ip guests forward rule iifname "eth0" accept # handle 9'
    expect(named(CHECK, GUESTS, accept)).toEqual(['inet fw forward policy', 'ip guests forward handle 9'])
  })

  it('takes no check in PREROUTING for an accept, unless that names an end', () => {
    expect(named(CHECK)).toBeUndefined()
    expect(named('iifname "eth0"')).toBeUndefined()
    expect(named('tcp dport 80')).toEqual(['inet fw forward policy', 'inet fw check handle 4'])
  })
})
