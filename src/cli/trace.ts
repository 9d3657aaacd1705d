/** `nfwhy trace`: asks the running system, shows journeys as they complete, and takes everything away again. */
import type { Command } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { storeOption } from './storing.ts'
import { textOptions } from './terminal.ts'
import { runCleanup } from './trace-cleanup.ts'
import type { TraceOptions } from './trace-options.ts'
import { runTrace } from './trace-run.ts'
import { duration, setupOptions } from './trace-setup.ts'
import { placesOf, wishOf } from './trace-wish.ts'

export function traceCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return textOptions(
    storeOption(
      setupOptions(program.command('trace'))
        .summary('trace packets live, and explain the path and the verdict of each')
        .description(
          'Turns tracing on for the packets that match FILTER, and shows where each went and why. When it ends (by Ctrl-C, ' +
            '--for, --count or --exec, or because it is killed), everything that it set up is removed. No rule of yours is ' +
            'changed.\n' +
            "FILTER has tcpdump's syntax: 'tcp dst port 52000', 'host 192.0.2.7 and icmp', 'syn and in eth0'. Without a " +
            'filter, it traces all packets. It never traces more packets than --rate allows.',
        )
        .argument('[FILTER...]', 'which packets')
        .option('--count <N>', 'end after N packets', (text) => whole('--count', text))
        .option('--for <TIME>', 'end after this time: 30s, 5m', (text) => duration('--for', text))
        .option('--exec <COMMAND>', 'run this command here during the trace, and end the trace when the command ends')
        .option('--save <DIR>', 'save the trace and the rules as a bundle for `nfwhy explain`')
        .option('--dry-run', 'look at the host (with --via: connect), print what would be done, and change nothing')
        .option('--cleanup', 'remove what a killed session may have left behind')
        .option('--idle <SECONDS>', 'treat a packet as finished after SECONDS without a new event', (text) =>
          duration('--idle', text),
        )
        .option('--outcome <LIST>', 'only packets with these outcomes: dropped,rejected,vanished …', collect)
        .option('--rule <RULE>', 'only packets that match this rule: nat:KUBE-NODEPORTS:16', collect)
        .option('-q, --quiet', 'one line for each exchange')
        .option('--full', 'every step, every rule in full length, all fixes and notes')
        .option('--json', 'one JSON document')
        .option('--ndjson', 'one JSON document per line for each packet, printed when the packet is finished')
        .option('-o, --output <FILE>', 'write to FILE; its suffix selects the format: .md .json .ndjson .txt')
        .option('--plain', 'print lines instead of the live view, even on a terminal'),
    ),
  ).action(async (words: string[], options: TraceOptions) => {
    const filter = words.join(' ')
    const places = placesOf(options)
    if (options.cleanup) {
      if (filter !== '') throw new UserError('--cleanup takes no filter.')
      process.exitCode = await runCleanup(places)
      return
    }
    process.exitCode = await runTrace(filter, places, wishOf(filter, options), options)
  })
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`${option} ${printable(text)}: give a number, 1 or more.`)
  return value
}
