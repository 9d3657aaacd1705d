/**
 * Where the kernel hands what iptables-legacy traces: a sysctl for each family and network namespace. Its value is the
 * logger's name, `nf_log_ipv4` in all kernels, though the module is `nf_log_syslog` since Linux 5.13.
 */
import { command } from '../../model/command.ts'
import { LOGGERS } from '../notes/form.ts'
import type { Change, Leftover } from '../plan.ts'
import { type Facts, sysctlOf } from '../survey/facts.ts'

const FAMILIES = [
  { number: 2, name: 'IPv4', log: 'nf_log_ipv4' },
  { number: 10, name: 'IPv6', log: 'nf_log_ipv6' },
] as const

/** None where it is so already. */
export function loggerChanges(facts: Facts, to: 'nfnetlink_log' | 'kernel log'): Change[] {
  return FAMILIES.flatMap(({ number, name, log }): Change[] => {
    const path = `net/netfilter/nf_log/${number}`
    const before = sysctlOf(facts, path)
    const wanted = to === 'kernel log' ? log : to
    if (before === undefined || before === wanted) return []
    const file = `/proc/sys/${path}`
    return [
      {
        ...leftover(path, before, wanted),
        why: `traces of ${name} go to ${to === 'kernel log' ? 'the kernel log' : 'NFLOG'}, not to ${loggerWords(before)}`,
        run: `echo ${wanted} > ${file}`,
        typed: {
          run: command('sysctl', '-w', `net.netfilter.nf_log.${number}=${wanted}`),
          undo: command('sysctl', '-w', `net.netfilter.nf_log.${number}=${before}`),
        },
        undo: `[ "$(cat ${file})" != ${wanted} ] || echo ${NAME.test(before) ? before : 'NONE'} > ${file}`,
      },
    ]
  })
}

/** A name that no kernel is known to have would not be believed in a note. */
const leftover = (path: string, before: string, set: string): { leftover?: Leftover } =>
  LOGGERS.some((name) => name === before) ? { leftover: { kind: 'sysctl', path, before, set } } : {}

const NAME = /^\w+$/

const loggerWords = (name: string): string =>
  name === 'NONE'
    ? 'nowhere'
    : name === 'nfnetlink_log'
      ? 'NFLOG'
      : name.startsWith('nf_log_')
        ? 'the kernel log'
        : name
