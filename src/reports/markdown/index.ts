/** A report to paste into a ticket: the same as the text, with every step folded away below each journey. */

import type { Ending } from '../../analysis/ending.ts'
import { printCommand } from '../../model/command.ts'
import { countWords } from '../../model/count-words.ts'
import type { Finding, Journey, PrintedFix, RuleRef } from '../../model/journey.ts'
import { allPrintable } from '../../model/printable.ts'
import { answerOf } from '../answer.ts'
import { decidedOf } from '../decided-words.ts'
import { isGuilty } from '../deciding-rule.ts'
import {
  exchangesWords,
  type Fate,
  fatesOfAll,
  isToldWithFirst,
  markOfGroup,
  mixedWords,
  replyWords,
  whyWords,
  wordOf,
} from '../exchange-words.ts'
import { lookNext, tellsCause } from '../findings.ts'
import type { Form, Group } from '../form.ts'
import { rewrites, ruleKey, ruleName, timeWords, triedWords } from '../journey-words.ts'
import { UNICODE as MARKS } from '../marks.ts'
import { addressWords, changeWords, endText, interfaceWords, isMixed, kindWords } from '../packet-words.ts'
import { printedGroup } from '../printed-group.ts'
import { stepName, withoutChain } from '../step-words.ts'
import { type Counted, missedWords, noticesOf, packetsWords, sentAgainWords, Told } from '../summary-words.ts'
import { block, cell, code, prose } from './escape.ts'

export const markdown: Form = {
  describe: 'Markdown for a ticket',
  ending: '.md',
  folds: true,
  open() {
    const packets = new Told()
    const told = new Set<string>()
    const notices = (groups: readonly Group<PrintedFix>[]) => noticesOf(groups, told).flatMap(noticeLines)
    // never two empty lines
    const join = (lines: readonly string[]) =>
      lines
        .filter((line, i) => line !== '' || lines[i - 1] !== '')
        .map((line) => `${line}\n`)
        .join('')
    return {
      begin: (groups = []) =>
        join(['# Why netfilter did that', '', ...notices(allPrintable(groups.map(printedGroup)))]),
      journey(group) {
        const shown = allPrintable(printedGroup(group))
        packets.add(group)
        if (isToldWithFirst(group)) return ''
        return join([...notices([shown]), ...journeyLines(shown)])
      },
      end(tail, groups = []) {
        packets.grown(groups)
        return join(tailLines(packets.counts, fatesOfAll(groups), allPrintable(tail)))
      },
    }
  },
}

function noticeLines({ messages, fixes, ids }: ReturnType<typeof noticesOf>[number]): string[] {
  const whom = ids.length === 0 ? '' : ` (${ids.length > 1 ? 'journeys' : 'journey'} ${ids.map(prose).join(', ')})`
  return [
    ...messages.map((one) => `> **Warning:** ${prose(one)}${whom}`),
    ...fixes.map((one) => `> What to do: ${prose(one)}`),
    '',
  ].flatMap((line, i) => (i > 0 && line !== '' ? ['>', line] : [line]))
}

/** The answer first; what else is known is folded away below it. */
function journeyLines(group: Group<PrintedFix>): string[] {
  const { journey } = group
  const [from = '', ...to] = addressWords(group, MARKS)
  const addresses = [from, ...to].map(addressCode).join(' ')
  const written: Written = new Set()
  const { cause, fixes, others, more } = answerOf(group)
  return [
    `## ${MARKS[markOfGroup(group)]} ${wordOf(group)}${decidedCode(group)}`,
    '',
    `${prose(journey.packet.protocol ?? journey.family)} ${addresses}${details(group)
      .map((one) => `, ${prose(one)}`)
      .join('')}.`,
    '',
    ...firstLines(group),
    ...(cause.length === 0 ? [] : [`**Cause:** ${cause.map(prose).join(' ')}`, '']),
    ...fixLines(fixes, '**Fix:**'),
    '<details><summary>Everything else</summary>',
    '',
    ...replyLines(group).filter((words) => !cause.includes(words)),
    ...againLines(group),
    ...causeLines(journey, written),
    ...rewriteLines(journey, written),
    ...more.flatMap((one) => findingLines(one, written)),
    ...fixLines(others, '### Other fixes'),
    ...stepLines(journey),
    '</details>',
    '',
  ]
}

function decidedCode(group: Group<unknown>): string {
  const decided = decidedOf(group)
  if (!decided) return ''
  if ('ref' in decided) return ` ${decided.by} ${code(ruleName(decided.ref))}`
  return 'reason' in decided ? `: ${prose(decided.reason)}` : ` ${prose(decided.where)}`
}

/** Rules whose text has been written. */
type Written = Set<string>

/** `→ 10.0.0.1:80`: the arrow stays outside of the code. */
function addressCode(text: string): string {
  const [, sign = '', address = ''] = /^([→⇒] )?(.*)$/.exec(text) ?? []
  return sign + code(address)
}

function details(group: Group<unknown>): string[] {
  const { journey, count } = group
  const { basis, host, id, packet } = journey
  return [
    ...kindWords(packet, MARKS),
    ...interfaceWords(journey, MARKS),
    basis === 'observed' ? undefined : basis,
    replyWords(group),
    timeWords(group, MARKS),
    host === undefined ? undefined : `on ${host}`,
    count > 1 ? `${countWords(count)} packets, the first is journey ${id}` : `journey ${id}`,
  ].filter((one) => one !== undefined)
}

function firstLines(group: Group<unknown>): string[] {
  if (!isMixed(group)) return []
  const { src, dst, sport, dport } = group.journey.packet
  return [`The first one is shown below: ${code(endText(src, sport))} → ${code(endText(dst, dport))}.`, '']
}

function replyLines(group: Group<unknown>): string[] {
  return [whyWords(group), mixedWords(group)].flatMap((words) => (words === undefined ? [] : [words, '']))
}

function againLines(group: Group<unknown>): string[] {
  const again = sentAgainWords(group)
  return again === undefined ? [] : [again, '']
}

function causeLines(journey: Journey<unknown>, written: Written): string[] {
  if (!tellsCause(journey)) return []
  const lines = journey.cause.flatMap((one, i) => {
    const { rule, text } = one
    const guilty = isGuilty(one, journey.culprit)
    const owner = rule.owner === undefined ? '' : ` (${prose(rule.owner)}'s rule)`
    const name = code(ruleName(rule))
    return [
      `${i + 1}. ${guilty ? `${MARKS.culprit} **${name}**` : name} ${prose(text)}${owner}`,
      ...ruleBlock(rule, written),
    ]
  })
  return ['### Why', '', ...lines, '']
}

/** Set in, as it belongs to a list's item. */
function ruleBlock(ref: RuleRef, written: Written): string[] {
  const key = ruleKey(ref)
  if (ref.rule === undefined || written.has(key)) return []
  written.add(key)
  return ['', ...inset(block([ref.rule])), '']
}

const inset = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : `   ${line}`))

function rewriteLines(journey: Journey<unknown>, written: Written): string[] {
  const lines = rewrites(journey).flatMap(({ label, step }) => {
    const { table, chain } = step
    if (table === undefined || chain === undefined) return []
    return [`- ${label}: ${code(stepName(step))}`, ...ruleBlock({ ...step, table, chain }, written)]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

function findingLines(finding: Finding<PrintedFix>, written: Written): string[] {
  const { severity, message, rules } = finding
  const next = lookNext(finding).flatMap(({ command, note }) =>
    command
      ? ['', ...inset(block([printCommand(command)], 'sh'))]
      : note === undefined
        ? []
        : ['', ...inset([`(${prose(note)})`])],
  )
  return [`- **${severity}:** ${prose(message)}`, ...next, ...rules.flatMap((rule) => ruleBlock(rule, written)), '']
}

const fixLines = (fixes: readonly PrintedFix[], heading: string): string[] =>
  fixes.length === 0 ? [] : [heading, '', ...fixes.flatMap(oneFix)]

function oneFix(fix: PrintedFix, i: number): string[] {
  const { command, description, note, undo } = fix
  const item = ' '.repeat(`${i + 1}. `.length)
  const under = (lines: readonly string[]) => ['', ...lines.map((line) => item + line)]
  const lines = [`${i + 1}. ${prose(description)}`]
  if (command !== undefined) lines.push(...under(block([printCommand(command)], 'sh')))
  if (undo !== undefined) lines.push(...under(['To undo it:']), ...under(block([printCommand(undo)], 'sh')))
  const tried = triedWords(fix)
  if (tried !== undefined) lines.push(...under([`(${prose(tried)})`]))
  if (note !== undefined) lines.push(...under([`(${prose(note)})`]))
  return [...lines, '']
}

const stepLines = ({ steps }: Journey<unknown>): string[] =>
  steps.length === 0
    ? []
    : [
        '### Steps',
        '',
        '| # | hook | where | rule | verdict | changed |',
        '| -: | - | - | - | - | - |',
        ...steps.map((step) => {
          const changed = step.changes.map((one) => changeWords(one, MARKS)).join(', ')
          const rule = step.rule === undefined ? '' : withoutChain(step.rule)
          return `| ${step.n} | ${step.hook ?? '?'} | ${cell(stepName(step))} | ${cell(rule)} | ${cell(step.verdict ?? '')} | ${cell(changed)} |`
        }),
        '',
      ]

function tailLines(counts: ReadonlyMap<Counted, number>, fates: ReadonlyMap<Fate, number>, tail: Ending): string[] {
  const warnings = tail.warnings.map(({ input, line, message }) => {
    return `- ${code(line === undefined ? input : `${input}:${line}`)}: ${prose(message)}`
  })
  const missed = missedWords(tail.stats)
  const exchanges = exchangesWords(fates)
  return [
    ...(warnings.length === 0 ? [] : ['### Warnings', '', ...warnings, '']),
    ...(exchanges === undefined ? [] : [`**${exchanges}**`, '']),
    `**${packetsWords(counts, tail.stats.journeys)}**`,
    ...(missed === undefined ? [] : ['', missed]),
  ]
}
