import { hasCapability, sysctlOf } from '../../survey/facts.ts'
import { legacyFamilies, logSeverity } from '../legacy.ts'
import type { Cause } from '../problem.ts'

export const kernelLogRefused: Cause = {
  id: 'kernel-log-refused',
  about: {
    cause: 'no right to read the kernel log',
    check: 'what `dmesg` says; `kernel.dmesg_restrict`, CAP_SYSLOG',
    mend: '`sudo`, `--cap-add SYSLOG`',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const families = legacyFamilies(facts, wish)
    const why = facts.refused.get('dmesg')
    if (families.length === 0 || why === undefined) return []
    const restricted = sysctlOf(facts, 'kernel/dmesg_restrict')
    const missing = hasCapability(facts, 'CAP_SYSLOG') === false ? ', CAP_SYSLOG is missing' : ''
    return [
      {
        code: 'kernel-log-refused',
        severity: logSeverity(facts, families),
        message: 'TRACE of iptables-legacy writes to the kernel log, which you may not read here.',
        evidence: `${why}${restricted === undefined ? '' : `; kernel.dmesg_restrict = ${restricted}`}${missing}`,
        fix: {
          description:
            facts.container === undefined
              ? 'read it as root (`sudo dmesg`), or trace with nft or NFLOG, which need no log'
              : 'read it on the host, give the container --cap-add SYSLOG, or trace with nft or NFLOG, which need no log',
          safe: false,
          unsafe: 'somebody has to grant this right',
        },
      },
    ]
  },
}
