import { nftArguments, nftName } from '../../../edits/nft/print.ts'
import type { Table } from '../../../model/ruleset.ts'
import { cleanupCommand } from '../../notes/tell.ts'
import { type Facts, kernelAtLeast } from '../../survey/facts.ts'
import { HERE } from '../../trace-host.ts'
import { sessionsOf, traceListeners } from '../listeners.ts'
import type { Cause, Problem } from '../problem.ts'
import { deletion, isOwnTable, lineOf, nameOf, rulesOf, type TraceRule, wordsOf } from '../rules.ts'

export const leftover: Cause = {
  id: 'leftover',
  about: {
    cause: 'rules that an earlier session left behind still trace, and flood the log',
    check:
      'every rule that traces. nfwhy recognises its own rules by table, comment and session note (`/run/nfwhy`), and checks whether their processes are gone',
    mend: 'the commands that delete them; `nfwhy trace --cleanup`',
  },
  tested: 'in a namespace',
  check(facts) {
    const { world, traces } = rulesOf(facts)
    return [
      ...world.tables.filter((table) => isOwnTable(table) && !isHeld(facts, table)).map((one) => leftTable(facts, one)),
      ...traces.filter(({ table }) => !isOwnTable(table)).flatMap((trace) => leftRule(facts, trace)),
      ...leftNotes(facts),
    ]
  },
}

const isRunning = (facts: Facts, session: string): boolean => sessionsOf(facts).some(({ id }) => id === session)

/** The kernel takes an owner's table away with its process, so the process is there; or somebody listens to it. */
const isHeld = (facts: Facts, { name, flags }: Table): boolean =>
  flags?.includes('owner') === true ||
  isRunning(facts, name) ||
  (!/-\d+$/.test(name) && traceListeners(facts).length > 0)

/** From inside a container not every process can be seen. */
const seesAll = ({ uid, pidNamespace }: Facts): boolean => uid === 0 && pidNamespace === 'pid:[4026531836]'

function leftTable(facts: Facts, { family, name }: Table): Problem {
  // before, a session of today looks the same from a container
  const safe = kernelAtLeast(facts, 5, 12) === true || seesAll(facts)
  return {
    code: 'leftover-table',
    severity: 'warning',
    message: `Table ${family} ${name} of an earlier trace is still there, and no process owns it.`,
    evidence: `table ${family} ${name}`,
    fix: {
      description: 'delete it',
      commands: [nftArguments('delete', 'table', family, nftName(name))],
      safe,
      ...(safe
        ? {}
        : {
            unsafe:
              'on kernels before 5.12, the table of a session that still runs in another namespace looks the same',
          }),
    },
  }
}

function leftRule(facts: Facts, trace: TraceRule): Problem[] {
  const { backend, rule } = trace
  const session = /^nfwhy\b\S*/.exec(rule.comment ?? '')?.[0]
  if (session !== undefined && isRunning(facts, session)) return []
  const remedy = deletion(facts, trace)
  const evidence = lineOf(trace)
  const floods = backend === 'legacy' ? ', and each traced packet fills the kernel log' : ''
  if (session === undefined)
    return [
      {
        code: 'trace-rule',
        severity: 'note',
        message: `Somebody added rule ${nameOf(trace)} to trace packets${floods}.`,
        evidence,
        fix: {
          description: 'when nobody needs it any more, delete it',
          ...remedy,
          safe: false,
          unsafe: 'somebody may be using it',
        },
      },
    ]
  const end = deadline(wordsOf(rule))
  const inert = end !== undefined && end < (facts.seconds ?? 0)
  const safe = inert || seesAll(facts)
  const state = inert ? 'its time limit has passed, so it does nothing any more' : `it still traces${floods}`
  return [
    {
      code: 'leftover-rule',
      severity: 'warning',
      message: `Rule ${nameOf(trace)} of an earlier nfwhy is still there; ${state}.`,
      evidence,
      fix: {
        description: 'delete it',
        ...remedy,
        safe,
        ...(safe ? {} : { unsafe: 'its session may run in a namespace that this shell does not see' }),
      },
    },
  ]
}

/** `--datestop 2026-11-20T17:00:00`, UTC: seconds since 1970. */
function deadline(words: readonly string[]): number | undefined {
  const at = words.indexOf('--datestop')
  const time = at < 0 ? Number.NaN : Date.parse(`${words[at + 1]}Z`)
  return Number.isNaN(time) ? undefined : time / 1000
}

/** A session notes what it changes; the note goes with it, unless it was killed altogether. */
const leftNotes = ({ killed }: Facts): Problem[] =>
  killed.map((one) => ({
    code: 'leftover-note',
    severity: one.elsewhere ? 'note' : 'warning',
    message:
      one.id === undefined
        ? 'The session note of an earlier trace is damaged, so what it changed is unknown.'
        : `The trace ${one.id} was killed before it could restore what it had changed${one.elsewhere ? ' in another network namespace' : ''}.`,
    evidence: one.file,
    fix: {
      description: 'restore it',
      commands: [cleanupCommand(HERE, one.elsewhere)],
      safe: false,
      unsafe: 'run it separately',
    },
  }))
