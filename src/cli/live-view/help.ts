/** The keys, and what the signs mean. */
import { columns } from '../../model/columns.ts'
import { wrap } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['k j', 'select a line; the list stops following new packets'],
  ['PgUp PgDn', 'one screen up or down; g: the oldest line'],
  ['G  End', 'the newest line; the list follows new packets again'],
  ['Enter', 'the selected packet in full: every step, the cause, the fix'],
  ['Esc', 'back'],
  ['Space', 'pause or resume the list; packets are still counted'],
  ['/', "show only packets that match this filter, in tcpdump syntax: 'tcp dst port 80'; an empty filter shows all"],
  ['o', 'show only problems, or all packets'],
  ['r', 'the rules that decided, each with its packets'],
  ['Ctrl-L', 'draw the screen again'],
  ['Ctrl-Z', 'suspend nfwhy (fg resumes it)'],
  ['q  Ctrl-C', 'end the trace and remove everything that it set up'],
]

export function helpLines(page: Page): string[] {
  const { marks, paint } = page
  const signs: readonly (readonly [string, string])[] = [
    [marks.bad, 'stopped: dropped, rejected or vanished'],
    [marks.look, 'passed, but something may be wrong'],
    [marks.unsure, 'outcome unknown, or left netfilter (queued, stolen)'],
    [marks.good, 'passed'],
    [marks.becomes, 'an address rewritten by NAT'],
    [marks.culprit, 'the rule to check'],
    [
      `${marks.times} 12`,
      'the number of packets with the same rules and the same outcome; * marks what differs between them',
    ],
  ]
  const list = (pairs: readonly (readonly [string, string])[]) =>
    pairs.flatMap(([name, words]) => entry(page, page.clean(name), page.clean(words)))
  return [
    paint('Keys', 'bold'),
    ...list(KEYS.map(([keys, words]) => [keys === 'k j' ? `${marks.arrows}  ${keys}` : keys, words])),
    '',
    paint('Signs', 'bold'),
    ...list(signs),
    '',
    ...wrap(
      'One line shows all packets with the same rules and the same outcome. It keeps its place while it is visible. If another such packet comes later, the line moves to the end of the list.',
      page.width,
    ),
  ]
}

const NAMES = 15

function entry({ paint, width }: Page, name: string, words: string): string[] {
  return wrap(words, width - NAMES).map((line, i) => {
    const front = i === 0 ? name : ''
    return `  ${paint(front, 'cyan')}${' '.repeat(Math.max(1, NAMES - 2 - columns(front)))}${line}`
  })
}
