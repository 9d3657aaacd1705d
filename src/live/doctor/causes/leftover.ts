import type { Table } from '../../../model/ruleset.ts'
import { splitWords } from '../../../rules/iptables/words.ts'
import { type Facts, kernelAtLeast } from '../../survey/facts.ts'
import { logGroups, traceListeners } from '../listeners.ts'
import type { Cause, Problem } from '../problem.ts'
import { deletion, lineOf, nameOf, rulesOf, type TraceRule } from '../rules.ts'

export const leftover: Cause = {
  id: 'leftover',
  about: {
    cause: 'rules that an earlier session left behind still trace, and flood the log',
    check: 'every rule that traces; nfwhy’s own by their comment or table, inert or nobody listening',
    mend: 'the commands that delete them',
  },
  tested: 'in a namespace',
  check(facts) {
    const tables = rulesOf(facts).world.tables.filter((table) => isOurs(table) && !isHeld(facts, table))
    const rules = rulesOf(facts).traces.filter(({ table }) => !isOurs(table))
    return [...tables.map((table) => leftTable(facts, table)), ...rules.map((trace) => leftRule(facts, trace))]
  },
}

const isOurs = ({ kind, name }: Table): boolean => kind === 'nft' && /^nfwhy/.test(name)

/** The kernel takes an owner's table away with its process, so the process is there; or somebody listens. */
const isHeld = (facts: Facts, { flags }: Table): boolean =>
  flags?.includes('owner') === true ||
  traceListeners(facts).length > 0 ||
  (logGroups(facts) ?? []).some(({ group }) => group === 0)

function leftTable(facts: Facts, { family, name }: Table): Problem {
  // before, a session of today looks the same
  const owners = kernelAtLeast(facts, 5, 12) === true
  return {
    code: 'leftover-table',
    severity: 'warning',
    message: `Table ${family} ${name} of an earlier trace is still there, and no process owns it.`,
    evidence: `table ${family} ${name}`,
    fix: {
      description: 'delete it',
      commands: [['nft', 'delete', 'table', family, name]],
      safe: owners,
      ...(owners ? {} : { unsafe: 'on kernels before 5.12 a session that is running now looks the same' }),
    },
  }
}

function leftRule(facts: Facts, trace: TraceRule): Problem {
  const { backend, rule, chain } = trace
  const words = splitWords(rule.text).slice(2)
  const ours = /\bnfwhy\b/.test(rule.comment ?? '')
  const inert = ours && deadline(words) !== undefined && deadline(words)! < (facts.seconds ?? 0)
  const delayed = ours && deadline(words) !== undefined && !inert
  const remedy = deletion(facts, trace, words)
  const floods = backend === 'legacy' ? ', and each packet fills the kernel’s log' : ''
  if (inert)
    return {
      code: 'leftover-rule',
      severity: 'warning',
      message: `Rule ${nameOf(trace)} of an earlier nfwhy is still there; its time is over, so it does nothing any more.`,
      evidence: lineOf(trace),
      fix: { description: 'delete it', ...remedy, safe: true },
    }
  return {
    code: 'trace-rule',
    severity: ours && !delayed ? 'warning' : 'note',
    message: `Rule ${nameOf(trace)} traces packets now${floods}; ${ours ? 'nfwhy made it' : `it was put into ${chain.name} by somebody`}.`,
    evidence: lineOf(trace),
    fix: {
      description: 'when nobody needs it any more, delete it',
      ...remedy,
      safe: false,
      unsafe: 'somebody may be using it',
    },
  }
}

/** `--datestop 2026-11-20T17:00:00`, UTC: seconds since 1970. */
function deadline(words: readonly string[]): number | undefined {
  const at = words.indexOf('--datestop')
  const time = at < 0 ? Number.NaN : Date.parse(`${words[at + 1]}Z`)
  return Number.isNaN(time) ? undefined : time / 1000
}
