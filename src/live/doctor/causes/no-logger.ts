import { command } from '../../../model/command.ts'
import type { Facts } from '../../survey/facts.ts'
import { sysctlOf } from '../../survey/facts.ts'
import { FAMILY_NAME, LOG_SYSCTL, legacyFamilies, logSeverity } from '../legacy.ts'
import { type Cause, type Mend, setting } from '../problem.ts'
import type { IpFamily } from '../wish.ts'

export const noLogger: Cause = {
  id: 'no-logger',
  about: {
    cause: 'no logger is bound, so TRACE of iptables-legacy prints nowhere',
    check: '`net.netfilter.nf_log.2` (`.10` for IPv6) says NONE',
    mend: '`modprobe nf_log_syslog`, and the sysctl',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    return legacyFamilies(facts, wish).flatMap((family) => {
      if (sysctlOf(facts, LOG_SYSCTL[family]) !== 'NONE') return []
      return [
        {
          code: 'no-logger',
          severity: logSeverity(facts, [family]),
          message: `No logger is bound for ${FAMILY_NAME[family]}: TRACE lines of iptables-legacy go nowhere.`,
          evidence: `${LOG_SYSCTL[family].replaceAll('/', '.')} = NONE`,
          fix: bind(facts, family),
        },
      ]
    })
  },
}

/** The sysctl's value is `nf_log_ipv4` whatever the module is called (net/netfilter/nf_log_syslog.c). */
function bind(facts: Facts, family: IpFamily): Mend {
  const name = LOG_SYSCTL[family].replaceAll('/', '.')
  const logger = family === 'ip' ? 'nf_log_ipv4' : 'nf_log_ipv6'
  const set = setting(name, logger, 'NONE')
  if (loggersOf(facts, family).includes(logger)) return { description: `bind ${logger}`, ...set, safe: true }
  const module = ['nf_log_syslog', logger, 'ipt_LOG'].find((one) => facts.modules.get(one) === 'can-be-loaded')
  if (module && facts.programs.has('modprobe'))
    return {
      description: `load the logger, and bind it`,
      commands: [command('modprobe', module), ...set.commands],
      undo: set.undo!,
      safe: true,
    }
  const name0 = facts.modules.get('nf_log_syslog') === 'unknown' ? 'on the host: load nf_log_syslog' : 'nf_log_syslog'
  return {
    description: `${name0} (before Linux 5.13: ${logger}) is needed, but cannot be loaded from here`,
    safe: false,
    unsafe: `${module ? 'modprobe' : 'the module'} is missing here`,
  }
}

/** ` 2 NONE (nf_log_ipv4,nfnetlink_log)`: those that could be bound (net/netfilter/nf_log.c, seq_show). */
function loggersOf({ files }: Facts, family: IpFamily): string[] {
  const number = family === 'ip' ? '2' : '10'
  for (const line of files.get('/proc/net/netfilter/nf_log') ?? []) {
    const [, of, list] = /^\s*(\d+) \S+ \((.*)\)/.exec(line) ?? []
    if (of === number) return list!.split(',')
  }
  return []
}
