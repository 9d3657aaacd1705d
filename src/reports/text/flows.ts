/** Connections for a terminal: those of which packets were captured with their story, the others a line each. */

import type { Flow } from '../../analysis/flow.ts'
import { describeEnd } from '../../explain/context.ts'
import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { isFailed } from '../../model/exchange.ts'
import type { PrintedFix } from '../../model/journey.ts'
import { isPassed, isStopped } from '../../model/outcome-kinds.ts'
import type { FormOptions } from '../form.ts'
import { ruleName } from '../journey-words.ts'
import { printedFlow } from '../printed-group.ts'
import { withoutChain } from '../step-words.ts'
import { writeFix } from './fix-rows.ts'
import { wrap } from './layout.ts'
import { Page } from './page.ts'

/** Connections without packets that are listed beside those with, unless all are asked for. */
const MOST_OTHERS = 5

export function flowsText(flows: readonly Flow[], options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  const shown = page.clean(flows.map(printedFlow))
  const told = shown.filter(({ packets }) => packets.length > 0)
  const others = shown.filter(({ packets }) => packets.length === 0)
  page.line(page.paint(totals(told.length, others.length), 'bold'))
  page.line()
  const rank = (flow: Flow<PrintedFix>) => RANKS.indexOf(markOfFlow(flow))
  for (const flow of [...told].sort((a, b) => rank(a) - rank(b))) writeFlow(page, flow)
  const listed = page.full || told.length === 0 ? others : others.slice(0, MOST_OTHERS)
  if (told.length > 0 && listed.length > 0)
    page.line(page.paint('No packet was captured of these connections:', 'bold'))
  for (const flow of listed) {
    writeHead(page, flow)
    writeNat(page, flow)
  }
  const left = others.length - listed.length
  if (left > 0) page.line(`and ${countWords(left)} more connections (--full lists them)`)
  return page.take().replace(/\n+$/, '\n')
}

function totals(told: number, others: number): string {
  const all = told + others
  const connections = `${countWords(all)} ${all === 1 ? 'connection' : 'connections'}`
  return told === 0 || others === 0 ? connections : `${connections}: packets were captured of ${countWords(told)}`
}

/** The worst first. */
const RANKS = ['bad', 'unsure', 'good'] as const

/** Good is what was answered, and what passed where nothing speaks against a reply. Of a flow with packets. */
function markOfFlow({ packets, exchange }: Pick<Flow, 'packets' | 'exchange'>): (typeof RANKS)[number] {
  if (exchange ? isFailed(exchange.status) : packets.some(({ outcome }) => isStopped(outcome))) return 'bad'
  if (exchange?.status === 'answered') return 'good'
  return exchange?.why === undefined && packets.some(({ outcome }) => isPassed(outcome)) ? 'good' : 'unsure'
}

/** `! tcp 10.0.0.5:40000 → 192.0.2.2:80  ESTABLISHED  assured  on node-a`. */
function writeHead(page: Page, flow: Flow<PrintedFix>): void {
  const { original, state, status = [], tracked, packets, host } = flow
  const protocol = /^\d/.test(flow.protocol) ? `protocol ${flow.protocol}` : flow.protocol
  const ends = `${describeEnd(original.src, original.sport)} ${page.marks.to} ${describeEnd(original.dst, original.dport)}`
  const id = original.icmpId === undefined ? '' : ` id ${original.icmpId}`
  const words = [
    ...(state === undefined ? [] : [state]),
    ...status,
    ...(tracked ? [] : ['no entry in conntrack']),
    ...(flow.zone ? [`zone ${flow.zone}`] : []),
    ...(flow.mark ? [`mark 0x${flow.mark.toString(16)}`] : []),
    ...(host === undefined ? [] : [`on ${host}`]),
  ]
  const mark = packets.length === 0 ? ' ' : page.marks[markOfFlow(flow)]
  const head = `${mark} ${protocol} ${ends}${id}`
  const lines = wrap(words.join('  '), page.width - columns(head) - 2)
  const fits = columns(head) + 2 + columns(words.join('  ')) <= page.width
  page.line(fits ? `${page.paint(head, 'bold')}  ${words.join('  ')}` : page.paint(head, 'bold'))
  if (!fits) for (const line of lines.length > 1 ? wrap(words.join('  '), page.room) : lines) page.row('', line)
}

function writeNat(page: Page, { nat }: Pick<Flow, 'nat'>): void {
  for (const [label, one] of [['dnat', nat.dst] as const, ['snat', nat.src] as const]) {
    if (!one) continue
    const ends = `${describeEnd(one.from.address, one.from.port)} ${page.marks.becomes} ${describeEnd(one.to.address, one.to.port)}`
    page.row(label, one.rule ? `${ends}  by ${ruleName(one.rule)}` : ends)
  }
}

function writeFlow(page: Page, flow: Flow<PrintedFix>): void {
  writeHead(page, flow)
  writeNat(page, flow)
  const bad = flow.findings.some(({ severity }) => severity === 'error')
  if (flow.story !== undefined) page.row(bad ? 'error' : 'story', flow.story, { labelStyle: bad ? 'red' : 'cyan' })
  if (flow.exchange?.why !== undefined && !bad)
    page.row(isFailed(flow.exchange.status) ? 'cause' : 'note', flow.exchange.why)
  for (const { rules } of flow.findings)
    for (const { rule } of rules) if (rule !== undefined) page.row('', withoutChain(rule), { style: 'dim' })
  const notes = new Set<string>()
  for (const { fix } of flow.findings) for (const one of fix) writeFix(page, one, notes)
  if (page.full)
    for (const { direction, kind, outcome, count, journeys, rule } of flow.packets) {
      const by = rule ? ` at ${ruleName(rule)}` : ''
      const many = count === 1 ? '' : ` ${page.marks.times} ${countWords(count)}`
      page.row(direction === 'original' ? 'asks' : 'reply', `${kind} ${outcome}${by}  #${journeys[0]}${many}`)
    }
  page.line()
}
