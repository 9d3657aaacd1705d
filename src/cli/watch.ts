/** `nfwhy watch`: what the kernel drops, all the time and without a rule. */
import type { Command } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { Output } from './stdout.ts'
import { storeOption } from './storing.ts'
import { textOptions } from './terminal.ts'
import { duration } from './trace-setup.ts'
import type { WatchOptions } from './watch-options.ts'
import { runWatch } from './watch-run.ts'
import { refuseInUnit, unitText } from './watch-unit.ts'

export function watchCommand(program: Command): Command {
  return textOptions(
    storeOption(program.command('watch'))
      .summary('watch what the kernel drops, count it by reason, and name the rule')
      .description(
        'Counts the packets that the kernel drops in this network namespace, by its own reasons and by addresses and ports; no ' +
          'rule is added and nothing is changed. Where netfilter dropped a packet, it is simulated with the rules of this ' +
          'machine, which names the rule. Counting is done in the kernel with eBPF (Linux 5.17), so that a flood is counted, ' +
          'too. On a terminal it shows the last ten minutes; elsewhere a paragraph for each new kind of drop. With --page a ' +
          'browser on this machine shows them as well: it prints a link, as serve does. It runs until it is ended.\n\n' +
          '  nfwhy watch\n' +
          '  nfwhy watch --page\n' +
          '  nfwhy watch --metrics :9469\n' +
          '  nfwhy watch --print-unit --metrics 127.0.0.1:9469',
      )
      .option('--via <COMMAND>', "in another network namespace of this machine: 'ip netns exec N', 'docker exec C'")
      .option('--for <TIME>', 'end after this time: 30s, 5m', (text) => duration('--for', text))
      .option('--count <N>', 'end after N drops', whole)
      .option('--metrics <ADDRESS>', 'serve metrics for Prometheus at :9469 (all addresses), or 127.0.0.1:9469')
      .option('--page', 'show it in a browser on this machine as well')
      .option('--port <NUMBER>', 'serve the page on this port, not on any free one')
      .option('--json', 'one JSON document, at the end')
      .option('--ndjson', 'one JSON document per line: for each new kind of drop, and every minute what was counted')
      .option('--plain', 'print lines instead of the screen, even on a terminal')
      .option('--print-unit', 'print a systemd unit that runs this command, and end'),
  ).action(async (options: WatchOptions) => {
    if (options.json && options.ndjson) throw new UserError('--json and --ndjson exclude each other: choose one.')
    if (options.port !== undefined && !options.page) throw new UserError('--port is for the page: give --page as well.')
    if (options.printUnit) {
      refuseInUnit(options)
      const out = new Output()
      out.write(unitText(options))
      out.flush()
      return
    }
    process.exitCode = await runWatch(options)
  })
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`--count ${printable(text)}: give a number, 1 or more.`)
  return value
}
