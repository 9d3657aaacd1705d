/** The keys, and what the signs mean. */
import { columns } from '../../model/columns.ts'
import { wrap } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['k j', 'choose a line; the list no longer follows what comes'],
  ['PgUp PgDn', 'a screen up or down; g the oldest'],
  ['G  End', 'the newest, and follow again'],
  ['Enter', 'the chosen packet in full: every step, why, what to change'],
  ['Esc', 'back'],
  ['Space', 'let the list stand still, or go on; packets are still counted'],
  ['/', "show only packets that match, as tcpdump words it: 'tcp dst port 80'; nothing typed shows all"],
  ['o', 'show only problems, or all'],
  ['r', 'all rules that decided, with their packets'],
  ['Ctrl-L', 'draw the screen again'],
  ['Ctrl-Z', 'stop for a while (fg goes on)'],
  ['q  Ctrl-C', 'end the trace; all that it set up is taken away'],
]

export function helpLines(page: Page): string[] {
  const { marks, paint } = page
  const signs: readonly (readonly [string, string])[] = [
    [marks.bad, 'stopped: dropped, rejected or vanished'],
    [marks.look, 'passed, and there is something to look at'],
    [marks.unsure, 'cannot be told, or went elsewhere'],
    [marks.good, 'passed'],
    [marks.becomes, 'an address rewritten by NAT'],
    [marks.culprit, 'the rule to look at'],
    [`${marks.times} 12`, 'so many packets of one fate: the same rules, the same end. * is what differs between them'],
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
      'A line stands for all packets of one fate. It keeps its place while it is on the screen, and comes to the end of the list when it is met again later.',
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
