/** `nfwhy why PACKET`: what would happen to a packet on this host or another one, as it stands now. */
import type { Command } from 'commander'
import { namedInput } from '../analysis/analysis.ts'
import { openInputs } from '../analysis/inputs/open.ts'
import { readPacket } from '../analysis/packets.ts'
import { type Answer, type Gathered, gather, isNote, isUnread } from '../live/collect/gather.ts'
import { COLLECT } from '../live/limits.ts'
import { SECTIONS } from '../live/script/index.ts'
import { HERE, parseVia } from '../live/trace-host.ts'
import { command, printCommand } from '../model/command.ts'
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import type { Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { chooseForm } from '../reports/choose-form.ts'
import { endable } from './end-signals.ts'
import { type PlayOptions, playAll, playOptions } from './simulate.ts'

interface WhyOptions extends PlayOptions {
  via?: string
}

export function whyCommand(program: Command): Command {
  const append = (value: string, before: string[] = []) => [...before, value]
  return playOptions(
    program
      .command('why')
      .summary('what would happen to a packet on this host, and which rule decides it')
      .description(
        'Reads the rules and the state of this host (or of another one, with --via), simulates the packet and its reply on ' +
          'the model of netfilter, and says what would happen, and by which rule. It sends nothing and changes nothing.\n\n' +
          "  nfwhy why 'in eth0 tcp 10.0.0.2 > 192.0.2.1:443'\n" +
          "  nfwhy why --via 'ssh root@router' 'tcp 10.0.0.2 > 192.0.2.1:443'",
      )
      .argument('<PACKET>', 'a packet in tcpdump syntax; without "in IFACE" this host sends it')
      .option('--via <COMMAND>', "on another machine: 'ssh root@host', 'ip netns exec N'")
      .option('--apply <COMMAND>', 'first make this change, only on the model (repeatable, in order)', append)
      .option(
        '--assume <CONDITION=BOOLEAN>',
        "treat a condition with an unknown result as true or false: '--limit 10/sec=true' (repeatable)",
        append,
      ),
  ).action(async (packet: string, options: WhyOptions) => {
    process.exitCode = await runWhy(packet, options)
  })
}

/** The exit code; throws UserError, LiveProblem and ClosedPipe. */
async function runWhy(text: string, options: WhyOptions): Promise<number> {
  chooseForm(options)
  const warnings: Diagnostic[] = []
  const packet = readPacket(text, collectInto(warnings, 'PACKET'))
  const place = options.via === undefined ? HERE : parseVia(options.via)
  const gathered = await endable((ending) => gather(place, SECTIONS, COLLECT, ending))
  const answers = gathered.answers.filter((one) => !isNote(one))
  refuseUnread(gathered, answers)
  for (const { section, remark } of answers.filter(isUnread))
    warnings.push({
      input: section.what,
      code: 'not-collected',
      message: `${printable(remark) || 'it was not read'}; it shows ${section.why}`,
    })
  const files = answers.filter(({ bytes }) => bytes.length > 0)
  const inputs = await openInputs(
    files.map(({ section, bytes }) => namedInput({ name: section.file, bytes })),
    [],
  )
  const code = await playAll(inputs, [packet], [...warnings, ...inputs.warnings], options)
  process.stderr.write(
    `Simulated on the model; nothing was sent. To see a real packet: ${traceCommand(packet, options)}\n`,
  )
  return code
}

/** Without all rules every answer would be a guess. Throws UserError. */
function refuseUnread({ host, broken, about }: Gathered, answers: readonly Answer[]): void {
  const name = printable(host) || 'this machine'
  if (broken !== undefined) throw new UserError(`The state of ${name} was only partly collected: ${printable(broken)}.`)
  const unread = answers.filter((one) => one.section.tag === 'ruleset' && isUnread(one))
  if (unread.length === 0) return
  if (!/^uid 0$/m.test(about)) throw new UserError(`Only root can read the rules of ${name}.`, 'Run it as root.')
  const what = unread.map(({ section, remark }) => `${section.what} (${printable(remark) || 'no reason given'})`)
  throw new UserError(`Not all rules of ${name} can be read: ${what.join(', ')}.`)
}

function traceCommand({ protocol, dst, dport }: Packet, { via }: WhyOptions): string {
  const filter = [protocol, dst && `dst host ${dst}`, dport !== undefined && `dst port ${dport}`].filter(Boolean)
  const there = via === undefined ? [] : ['--via', via]
  return printCommand(command('nfwhy', 'trace', ...there, filter.join(' and ')))
}
