/** Exchanges as tools give them: the same words as the report's and the page's. */

import { isFailing } from '../analysis/exchange-counts.ts'
import type { Group } from '../analysis/groups.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { RuleRef } from '../model/journey.ts'
import { isPassed } from '../model/outcome-kinds.ts'
import { ruleName } from '../reports/journey-words.ts'
import { printReport } from '../reports/print-report.ts'
import type { Explanation, FixOf, StepOf, WayOf } from '../ui/protocol.ts'
import { type Reply, tellExplanation } from '../ui/worker/explanation.ts'
import { tellRow } from '../ui/worker/row.ts'
import { refWords } from './rule-ref.ts'
import type { FullStory, Story } from './schemas.ts'

const ONE_LINE = { quiet: true, full: true, width: 1000 }
/** They stand beside it. */
const NUMBER = / +#\d+(?: ×[\d,]+)?$/
const NOTHING_READ = {
  inputs: [],
  warnings: [],
  stats: { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 },
}

const explained = (group: Group, reply?: Reply): Explanation => tellExplanation(group, tellRow(group), undefined, reply)

export const tellStory = (group: Group): Story => storyOf(group, explained(group))

function storyOf(group: Group, { cause, fixes, notes, machine }: Explanation): Story {
  const { journey, count, exchanges } = group
  const { culprit, outcome, id } = journey
  const line = printReport('text', [group], NOTHING_READ, ONE_LINE).trim()
  const headline = line.replace(/ {3,}/g, '  ').replace(NUMBER, '')
  const findings = [...journey.findings, ...(exchanges?.worst.findings ?? [])]
  return {
    ...{ id, count, headline, outcome },
    ...(exchanges ? { status: exchanges.worst.status } : {}),
    passes: isPassed(outcome) && !isFailing(group),
    ...(machine === undefined ? {} : { machine }),
    cause,
    ...(culprit ? { culprit: tellRule(culprit) } : {}),
    fixes: fixes.map(tellFix),
    findings: [...new Set(findings.map(({ code }) => code))],
    notes,
  }
}

/** `reply`: the way of what came back, or would. */
export function tellFullStory(group: Group, reply: Reply | undefined): FullStory {
  const told = explained(group, reply)
  return {
    ...storyOf(group, told),
    packet: { ...told.packet },
    why: told.why.map(({ name, text, rule, owner, isCulprit, step }) => ({
      ...{ name, says: text, step },
      ...(rule === undefined ? {} : { rule }),
      ...(owner === undefined ? {} : { owner }),
      ...(isCulprit ? { isCulprit } : {}),
    })),
    otherFixes: told.otherFixes.map(tellFix),
    otherFindings: told.findings,
    ...(told.reply ? { reply: tellWay(told.reply) } : {}),
    steps: told.steps.map(tellStep),
  }
}

/** As a rule is named, and asked for. */
export function tellRule(ref: RuleRef): NonNullable<Story['culprit']> {
  const asked = refWords(ref)
  return {
    name: ruleName(ref),
    ...(asked === undefined ? {} : { ref: asked }),
    ...(ref.rule === undefined ? {} : { text: ref.rule }),
    ...(ref.owner === undefined ? {} : { owner: ref.owner }),
  }
}

const tellFix = ({ kind, description, command, undo, says }: FixOf): Story['fixes'][number] => ({
  ...{ kind, description },
  ...(command === undefined ? {} : { command }),
  ...(undo === undefined ? {} : { undo }),
  says,
})

const tellWay = ({ kind, word, steps }: WayOf): NonNullable<FullStory['reply']> => ({
  kind,
  outcome: word,
  steps: steps.map(tellStep),
})

/** What is empty goes without saying. */
const tellStep = ({
  n,
  hook,
  name,
  rule,
  verdict,
  interfaces,
  changes,
  isCulprit,
}: StepOf): FullStory['steps'][number] => ({
  n,
  ...(hook === undefined ? {} : { hook }),
  name,
  ...(rule === undefined ? {} : { rule }),
  ...(verdict === undefined ? {} : { verdict }),
  ...(interfaces === '' ? {} : { interfaces }),
  ...(changes.length === 0 ? {} : { changes }),
  ...(isCulprit ? { isCulprit } : {}),
})

export const tellWarnings = (warnings: readonly Diagnostic[]): { place: string; message: string }[] =>
  warnings.map(({ input, line, message }) => ({ place: line === undefined ? input : `${input}:${line}`, message }))
