/** What a session will do or would do, in words and commands. */

import { whyNoLibc } from '../kernel/libc.ts'
import { command, operands, printCommand } from '../model/command.ts'
import { printable } from '../model/printable.ts'
import { byHand } from './guard.ts'
import type { Wish } from './plan.ts'
import type { Prepared } from './session.ts'

const STREAMS = {
  'nft-trace': "nf_tables' trace events",
  nflog: 'NFLOG, to which iptables-legacy sends its trace',
  'kernel-log': 'the kernel log',
} as const

/** `--dry-run`: each command and why, and how it is taken back. */
export function planText({ place, plan, namespace }: Prepared): string {
  const lines = [`On ${printable(place.name)}, by ${plan.backend}: ${plan.why}.`]
  for (const { message } of plan.notes) lines.push(`  note: ${printable(message)}`)
  for (const { kind } of plan.streams)
    lines.push('', `# read ${STREAMS[kind]}, by ${namespace && kind !== 'kernel-log' ? direct() : 'a program there'}`)
  for (const { why, typed } of plan.changes) {
    lines.push('', `# ${printable(why)}`, printCommand(typed.run))
    if (typed.undo) lines.push(`#   undo: ${printCommand(typed.undo)}`)
  }
  if (plan.table) {
    const back = plan.table.owned
      ? 'the kernel deletes the table when the process that created it ends'
      : `undo: ${printCommand(command('nft', 'delete', 'table', 'inet', plan.table.name))}`
    lines.push(
      '',
      `# a table that marks packets for tracing; nfwhy types these commands into nft -i, and keeps it running; ${back}`,
    )
    for (const command of plan.table.commands) lines.push(printable(command))
  }
  lines.push('', `# at ${new Date(plan.until * 1000).toISOString()} at the latest, everything is restored`)
  return `${lines.join('\n')}\n`
}

function direct(): string {
  const missing = whyNoLibc()
  return missing === undefined ? 'a netlink socket, which reports lost events' : `a program there: ${missing}`
}

/** Before anything is changed: what goes on, and how to end it by hand should everything else fail. */
export function beginningText({ place, plan }: Prepared, filter: string, wish: Wish): string {
  const pace = wish.rate
    ? `at most ${wish.rate.packets} ${wish.rate.per === 'hour' ? 'an' : 'a'} ${wish.rate.per}`
    : 'all of them'
  const what = filter === '' ? 'all packets' : printable(filter)
  const until = new Date(plan.until * 1000).toISOString().slice(11, 19)
  return [
    `Tracing ${what} (${pace}) on ${printable(place.name)} by ${plan.backend}, until ${until} UTC at the latest.`,
    ...plan.notes.map(({ message }) => `  note: ${printable(message)}`),
    `  emergency clean-up: ${printCommand(byHand(place, plan))}`,
    '',
  ].join('\n')
}

/** Where not one packet was seen: what may be the reason, and how to find out. */
export function nothingSeenText(prepared: readonly Prepared[], filter: string): string {
  const via = prepared.flatMap(({ place }) => (place.prefix.length > 0 ? ['--via', place.name] : []))
  const doctor = command('nfwhy', 'doctor', ...via, ...operands(filter))
  const lines = [
    'No packet was seen. Check: was it sent after "Ready"? does the filter match it? does it reach this host?',
    'To find out what prevents a trace:',
    `  ${printCommand(doctor)}`,
  ]
  return `${lines.join('\n')}\n`
}
