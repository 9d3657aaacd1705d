/** A program that shows packets in the live view, as `nfwhy trace` does with those that it sees. */
import { readFileSync, writeFileSync } from 'node:fs'
import { openLiveView } from '../../../src/cli/live-view/view.ts'
import { iptablesEdits } from '../../../src/edits/later.ts'
import { shellTokens } from '../../../src/edits/shell.ts'
import { Command } from '../../../src/model/command.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { Group } from '../../../src/reports/form.ts'

// as src/cli/main.ts does
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(2)
})

const came: { group: Group; packet: Packet }[] = JSON.parse(readFileSync(process.env.CAME!, 'utf8'), revived)

/** In JSON a command is its text. */
function revived(key: string, value: unknown): unknown {
  if (key !== 'look' || typeof value !== 'string') return value
  return Command.of(shellTokens(value).map(({ text }) => text))
}
// as whatever reads a capture does
await iptablesEdits.load()
writeFileSync(process.env.PID!, String(process.pid))
const view = openLiveView({
  title: 'setting up',
  colour: true,
  unicode: true,
  stdin: process.stdin,
  stdout: process.stdout,
})
view.about({ title: 'packets of the examples', deadline: Date.now() + 600_000 })
view.status('tracing')
let shown = 0
const packets = setInterval(() => {
  const { group, packet } = came[shown % came.length]!
  group.count = 1 + Math.floor(shown++ / came.length)
  view.journey(group, packet)
  view.stats({ journeys: shown, lost: 3 })
  if (shown === 10) view.notice('ten packets have come')
  if (process.env.FAILS && shown === 20) throw new Error('it fails on purpose')
}, 10)
view.onStop(() => {
  if (process.env.HANGS) return
  clearInterval(packets)
  view.close()
  process.stdout.write('the summary\n')
})
