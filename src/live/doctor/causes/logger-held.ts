import { sysctlOf } from '../../survey/facts.ts'
import { FAMILY_NAME, LOG_SYSCTL, legacyFamilies, logSeverity } from '../legacy.ts'
import { holderWords, logGroups, sessionsOf } from '../listeners.ts'
import { type Cause, type Problem, setting } from '../problem.ts'

export const loggerHeld: Cause = {
  id: 'logger-held',
  about: {
    cause: 'NFLOG is the logger: tcpdump or ulogd2 reads it, or a tcpdump that has ended left the setting behind',
    check:
      '`net.netfilter.nf_log.2` is nfnetlink_log; `/proc/net/netfilter/nfnetlink_log`, `/proc/net/netlink` and ' +
      '`/proc/PID/fd` show who reads group 0',
    mend: 'read NFLOG group 0, or set the sysctl back',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const groups = logGroups(facts)
    // one of nfwhy's has taken it, and gives it back
    if (sessionsOf(facts).some(({ namespace }) => namespace === facts.namespace)) return []
    return legacyFamilies(facts, wish).flatMap((family): Problem[] => {
      if (sysctlOf(facts, LOG_SYSCTL[family]) !== 'nfnetlink_log') return []
      const name = LOG_SYSCTL[family].replaceAll('/', '.')
      const logger = family === 'ip' ? 'nf_log_ipv4' : 'nf_log_ipv6'
      const evidence = `${name} = nfnetlink_log`
      const back = { description: 'bind the kernel log as logger again', ...setting(name, logger, 'nfnetlink_log') }
      const lines = `TRACE lines of ${FAMILY_NAME[family]}`
      const zero = groups?.find(({ group }) => group === 0)
      if (zero)
        return [
          {
            code: 'logger-held',
            severity: 'warning',
            message: `${zero.holder ? holderWords(zero.holder) : 'A process that is not visible from here'} reads NFLOG group 0: ${lines} go there, and not to the kernel log.`,
            evidence: `${evidence}; nfnetlink_log: ${zero.line}`,
            fix: {
              ...back,
              safe: false,
              unsafe: `after this change, ${holderWords(zero.holder)} gets no TRACE lines; without it, you can read the trace in that program`,
            },
          },
        ]
      const reader = groups?.[0]
      const why = reader
        ? `${holderWords(reader.holder)} reads group ${reader.group}, but these lines go to group 0`
        : 'no program reads them there (the setting stays after tcpdump -i nflog ends)'
      return [
        {
          code: groups ? 'logger-left' : 'logger-held',
          severity: logSeverity(facts, [family]),
          message: groups
            ? `${lines} go to NFLOG, and ${why}: they are lost.`
            : `${lines} go to NFLOG; which program reads them is not visible from here.`,
          evidence: reader ? `${evidence}; nfnetlink_log: ${reader.line}` : evidence,
          fix: groups
            ? { ...back, safe: true }
            : { ...back, safe: false, unsafe: 'somebody may read them there (root sees who)' },
        },
      ]
    })
  },
}
