/** What a person reads while an incident is played. */

import { single } from '../analysis/groups.ts'
import type { Done } from '../demo/build.ts'
import { draw } from '../demo/draw.ts'
import type { Incident } from '../demo/incident.ts'
import { ENTRY_FLAGS, type Host } from '../demo/lab.ts'
import type { Round } from '../demo/play.ts'
import { SEEN_WORDS, sendingCommand } from '../demo/send.ts'
import { printable } from '../model/printable.ts'
import { FORMS, type FormOptions } from '../reports/index.ts'
import { pad, wrap, wrapScriptLine } from '../reports/text/layout.ts'
import { makePaint } from '../reports/text/paint.ts'
import type { Output } from './stdout.ts'

/** Lines of a ruleset that are shown; of a longer one its length. */
const SHORT = 12

export class DemoText {
  private readonly out: Output
  private readonly options: FormOptions
  private readonly paint: ReturnType<typeof makePaint>

  constructor(out: Output, options: FormOptions) {
    this.out = out
    this.options = options
    this.paint = makePaint(options.colour)
  }

  list(incidents: readonly Incident[]): void {
    const width = Math.max(...incidents.map(({ name }) => name.length)) + 2
    for (const { name, title } of incidents) {
      const lines = wrap(title, this.options.width - width - 2)
      this.write(...lines.map((line, i) => `  ${this.paint(pad(i === 0 ? name : '', width), 'bold')}${line}`))
    }
    this.write('', 'nfwhy demo NAME runs one of these incidents.')
    this.out.flush()
  }

  /** `instead`: how it is played otherwise than it is told. */
  begin(incident: Incident, instead?: string): void {
    const { unicode } = this.options
    const { wires, machines } = draw(incident, unicode ? undefined : '-----')
    this.head(`${incident.name}: ${incident.title}`)
    this.indented(incident.story, false)
    this.write('')
    this.write(...wires.map((line) => `  ${line}`))
    for (const one of machines) this.indented(one)
    if (instead !== undefined) this.indented(instead, false)
    this.write('')
    this.out.flush()
  }

  built(done: readonly Done[]): void {
    this.head('The lab')
    for (const one of done) this.command(one)
    this.write('')
    this.out.flush()
  }

  round({ sent, journeys }: Round, again: boolean): void {
    this.head(again ? 'The same packet again' : 'What is sent, and what comes back')
    for (const { sending, seen } of sent) {
      const good = seen === 'answered'
      const words = this.paint(SEEN_WORDS[seen], good ? 'green' : 'red')
      this.write(`  ${this.prompt(sending.from)} ${sendingCommand(sending)}   ${words}`)
    }
    this.write('')
    this.head('What nfwhy says')
    const writer = FORMS.text.open(this.options)
    const groups = journeys.flatMap((journey) => (journey ? [single(journey)] : []))
    // on its own, a packet that got through has where to look next; here everybody knows that it is well
    if (!again) this.out.write(writer.begin(groups))
    for (const group of groups) this.out.write(writer.journey(group))
    if (groups.length === 0) this.write('  No trace: the packet did not reach that machine.', '')
    this.out.flush()
  }

  fix({ expected: { fix } }: Incident, done: Done): void {
    this.head(fix.proposed ? 'The fix, as nfwhy proposes it' : 'The fix')
    this.indented(fix.words, false)
    this.command(done)
    this.write('')
    this.out.flush()
  }

  kept(hosts: ReadonlyMap<string, Host>): void {
    this.head('The lab is running; enter a host with')
    for (const [name, { outside }] of hosts)
      this.write(`  ${pad(name, 10)} nsenter -t ${outside} ${ENTRY_FLAGS.join(' ')}`)
    this.write('  Press Enter to apply the fix and remove the lab.', '')
    this.out.flush()
  }

  left(left: readonly string[], namespaces: number): void {
    this.write(
      left.length === 0
        ? `Clean-up complete: the ${namespaces} namespaces and everything in them are removed.`
        : this.paint(`Left behind: ${left.join(', ')}.`, 'red'),
    )
    this.out.flush()
  }

  /** On this kernel, with these tools. */
  differences(told: readonly string[]): void {
    if (told.length > 0) this.write('', this.paint('The result differs from the expected one:', 'yellow'))
    for (const one of told) this.indented(printable(one))
    this.out.flush()
  }

  recorded(folder: string, names: readonly string[]): void {
    this.write('', `Written to ${printable(folder)}: ${names.join(', ')}.`)
    this.out.flush()
  }

  private command({ host, command, input }: Done): void {
    const lines = input?.trimEnd().split('\n') ?? []
    const short = this.options.full || lines.length <= SHORT
    const given = lines.length === 0 ? '' : short ? " <<'EOF'" : `   # ${lines.length} lines, --full shows them`
    const first = wrapScriptLine(command, this.options.width - host.length - 6)
    const [one = '', ...more] = first
    this.write(`  ${this.prompt(host)} ${one}${given}`, ...more.map((line) => `      ${line}`))
    if (short && lines.length > 0) this.write(...[...lines, 'EOF'].map((line) => `    ${line}`))
  }

  private prompt = (host: string): string => this.paint(`${host}$`, 'cyan')

  /** `hanging`: one of several, whose further lines are set back. */
  private indented(text: string, hanging = true): void {
    const further = hanging ? '    ' : '  '
    this.write(...wrap(text, this.options.width - 4).map((line, i) => `${i === 0 ? '  ' : further}${line}`))
  }

  private head(text: string): void {
    this.write(...wrap(text, this.options.width).map((line) => this.paint(line, 'bold')))
  }

  private write(...lines: string[]): void {
    for (const line of lines) this.out.write(`${line.trimEnd()}\n`)
  }
}
