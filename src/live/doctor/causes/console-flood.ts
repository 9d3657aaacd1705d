import { sysctlOf } from '../../survey/facts.ts'
import { legacyTraces } from '../legacy.ts'
import { type Cause, setting } from '../problem.ts'

/** TRACE lines are of level 4, warning (net/ipv4/netfilter/ip_tables.c, trace_loginfo). */
const LEVEL = 4

export const consoleFlood: Cause = {
  id: 'console-flood',
  about: {
    cause: 'each TRACE line also goes to a slow console, and other lines are lost during this time',
    check: "`kernel.printk`'s console level above 4 (warning), and a serial line in `/proc/consoles`",
    mend: 'a console level of 4 while tracing',
  },
  tested: 'recorded',
  check(facts, { families }) {
    const printk = sysctlOf(facts, 'kernel/printk')
    const console = (facts.files.get('/proc/consoles') ?? []).find((line) => /^tty(?:S|AMA|USB|PS|MSM|LP)\d/.test(line))
    const isTraced = families.some((family) => legacyTraces(facts, family).length > 0)
    if (printk === undefined || console === undefined || !isTraced || Number.parseInt(printk, 10) <= LEVEL) return []
    const value = printk.trim().split(/\s+/)
    return [
      {
        code: 'console-flood',
        severity: 'warning',
        message:
          'Each TRACE line is also written to the serial console, which takes milliseconds and slows down the machine.',
        evidence: `kernel.printk = ${value.join(' ')}; /proc/consoles: ${console}`,
        fix: {
          description: 'keep warnings off the console',
          ...setting('kernel.printk', [LEVEL, ...value.slice(1)].join(' '), value.join(' ')),
          safe: false,
          unsafe: 'other kernel warnings no longer appear there either',
        },
      },
    ]
  },
}
