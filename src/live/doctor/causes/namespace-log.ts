import { kernelAtLeast, sysctlOf } from '../../survey/facts.ts'
import { LOG_SYSCTL, legacyFamilies, logSeverity } from '../legacy.ts'
import type { Cause } from '../problem.ts'

/** Only the first network namespace has it (net/netfilter/nf_log.c, netfilter_log_sysctl_init). */
const ALL_NETNS = 'net/netfilter/nf_log_all_netns'

export const namespaceLog: Cause = {
  id: 'namespace-log',
  about: {
    cause: 'in a container or another namespace, the kernel log shows no TRACE lines',
    check: '`net.netfilter.nf_log_all_netns`, which only the initial network namespace has',
    mend: 'set it to 1 on the host',
  },
  tested: 'recorded',
  check(facts, wish) {
    const families = legacyFamilies(facts, wish)
    const value = facts.allNetns
    const isFirst = sysctlOf(facts, ALL_NETNS) !== undefined
    const hasLog = families.some((family) => sysctlOf(facts, LOG_SYSCTL[family]) !== undefined)
    // Linux 4.10 brought it
    if (families.length === 0 || !hasLog || isFirst || value === '1' || kernelAtLeast(facts, 4, 11) === false) return []
    const fix = {
      description: 'on the host, not in the container: sysctl -w net.netfilter.nf_log_all_netns=1',
      safe: false,
      unsafe: "every container can then fill the host's log",
    }
    if (value === '0')
      return [
        {
          code: 'namespace-log',
          severity: logSeverity(facts, families),
          message: 'TRACE lines of this namespace never reach the kernel log: the host forbids it.',
          evidence: 'net.netfilter.nf_log_all_netns = 0',
          fix,
        },
      ]
    return [
      {
        code: 'namespace-log-unknown',
        severity: 'note',
        message:
          'This is not the initial network namespace. TRACE lines from here reach the kernel log only if the host allows ' +
          'it, which is not visible from here.',
        evidence: `${facts.namespace ?? 'this namespace'} has no net.netfilter.nf_log_all_netns`,
        fix,
      },
    ]
  },
}
