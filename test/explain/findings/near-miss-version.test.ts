/** A list of addresses for each version of IP, in one table for both. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { TO_ROUTER } from './played.ts'

const table = (rules: string) => `table inet geo { # handle 1
	set lands4 { # handle 2
		type ipv4_addr
		flags interval
		elements = { 203.0.113.0/24 }
	}

	set lands6 { # handle 3
		type ipv6_addr
		flags interval
		elements = { 2001:db8::/32 }
	}

	chain input { # handle 1
		type filter hook input priority filter; policy drop;
${rules}
	}
}
`
const V4 = '		ip saddr @lands4 accept # handle 5'
const V6 = '		ip6 saddr @lands6 accept # handle 6'

function missed(...rules: string[]): string[] {
  const world = worldOf(table(rules.join('\n')))
  Object.assign(world.host, ROUTER)
  const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
  return explain(evidence, world, { ended })
    .findings.filter(({ code }) => code === 'near-miss' || code === 'not-in-set')
    .map(({ message }) => message)
}

describe('a set of addresses of the other version of IP', () => {
  it('is no near miss beside the set for the packet', () => {
    const all = missed(V4, V6)
    expect(all.filter((one) => one.includes('lands4'))).toHaveLength(1)
    expect(all.filter((one) => one.includes('lands6'))).toEqual([])
  })

  it('is told where nothing else comes near', () => {
    expect(missed(V6).join()).toContain('ip6 saddr @lands6')
  })
})
