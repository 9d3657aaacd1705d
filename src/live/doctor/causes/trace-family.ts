import { FAMILY_NAME } from '../legacy.ts'
import { copyRule, isOfOneFamily } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, rulesOf, sees, seesAllRules } from '../rules.ts'
import type { IpFamily } from '../wish.ts'

export const traceFamily: Cause = {
  id: 'trace-family',
  about: {
    cause: 'the packet is IPv6 and only IPv4 is traced, or the reverse',
    check: "the families of the rules that trace; the family of the filter, or of this host's addresses",
    mend: 'the same rule with ip6tables, or in family inet',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    // bridged frames have no such family
    const traces = rulesOf(facts).traces.filter((trace) => sees(trace, 'ip') || sees(trace, 'ip6'))
    const [first] = traces
    if (!first || !seesAllRules(facts)) return []
    return wish.families.flatMap((family): Problem[] => {
      if (traces.some((trace) => sees(trace, family))) return []
      const wanted = wish.families.length === 1
      if (!wanted && (!inUse(facts.texts.get('addr'), family) || traces.every(isOfOneFamily))) return []
      return [
        {
          code: 'trace-family',
          severity: wanted ? 'error' : 'note',
          message: `No rule traces ${FAMILY_NAME[family]}: the rules that trace match only ${FAMILY_NAME[family === 'ip' ? 'ip6' : 'ip']}.`,
          evidence: wanted ? lineOf(first) : `${lineOf(first)}; ${inUse(facts.texts.get('addr'), family)}`,
          fix: copyRule(
            facts,
            first,
            family,
            first.bases.some(({ hook }) => hook === 'output') ? 'output' : 'prerouting',
          ),
        },
      ]
    })
  },
}

/** An address by which others reach this host: `eth0 inet6 fe80::1/64`. */
function inUse(addresses: readonly string[] | undefined, family: IpFamily): string | undefined {
  for (const line of addresses ?? []) {
    const [, name, kind, address] = /^\d+: (\S+)\s+(inet6?) (\S+)/.exec(line) ?? []
    if (kind === (family === 'ip' ? 'inet' : 'inet6') && !/ scope host\b/.test(line))
      return `${name} ${kind} ${address}`
  }
  return undefined
}
