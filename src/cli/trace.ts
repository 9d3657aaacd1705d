/** `nfwhy trace`: asks the running system, shows journeys as they complete, and takes everything away again. */
import { type Command, Option } from 'commander'
import { readFilter } from '../analysis/select.ts'
import { alternatives } from '../filter/alternatives.ts'
import type { Rate, Wish } from '../live/plan.ts'
import { HERE, parseVia } from '../live/trace-host.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { textOptions } from './terminal.ts'
import { runCleanup } from './trace-cleanup.ts'
import type { TraceOptions } from './trace-options.ts'
import { runTrace } from './trace-run.ts'

export function traceCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return textOptions(
    program
      .command('trace')
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
      .addOption(
        new Option('--rate <RATE>', 'trace at most this many packets: 10/second, 100/minute, unlimited')
          .argParser(rate)
          .default({ packets: 10, per: 'second' } satisfies Rate, '10/second'),
      )
      .addOption(
        new Option('--deadline <TIME>', 'end the trace after this time, and remove everything that it set up')
          .argParser((text) => duration('--deadline', text))
          .default(600, '10m'),
      )
      .option('--backend <NAME>', 'auto, nft, legacy, xtables-nft or kernel-log', backend, 'auto')
      .option('--via <COMMAND>', "trace on another host: 'ssh root@host', 'ip netns exec N' (repeatable)", collect)
      .option('--exec <COMMAND>', 'run this command here during the trace, and end the trace when the command ends')
      .option('--save <DIR>', 'save the trace and the rules as a bundle for `nfwhy explain`')
      .option('--log', 'use LOG rules at the hooks instead of a trace, for kernels that cannot trace')
      .option(
        '--programs',
        "read the trace with programs on the traced host (nft monitor trace, tcpdump), not from the kernel's sockets",
      )
      .option('--take-over', 'take over the logger, even if another program (ulogd2 …) is reading from it')
      .option('--no-drops', "do not read the kernel's own drop reasons (needs eBPF)")
      .option('--dry-run', 'print what would be done, and do nothing')
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
  ).action(async (words: string[], options: TraceOptions) => {
    const filter = words.join(' ')
    const places = options.via ? options.via.map(parseVia) : [HERE]
    if (options.cleanup) {
      if (filter !== '') throw new UserError('--cleanup takes no filter.')
      process.exitCode = await runCleanup(places)
      return
    }
    const wish: Wish = {
      backend: options.backend,
      alternatives: alternatives(readFilter(filter)).list,
      rate: options.rate,
      deadline: options.deadline,
      log: options.log ?? false,
      programs: options.programs ?? false,
      takeOver: options.takeOver ?? false,
    }
    process.exitCode = await runTrace(filter, places, wish, options)
  })
}

const BACKENDS: readonly Wish['backend'][] = ['auto', 'nft', 'legacy', 'xtables-nft', 'kernel-log']

function backend(text: string): Wish['backend'] {
  const found = BACKENDS.find((one) => one === text)
  if (found) return found
  throw new UserError(`--backend ${printable(text)}: give one of ${BACKENDS.join(', ')}.`)
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`${option} ${printable(text)}: give a number, 1 or more.`)
  return value
}

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const

/** In seconds: `30`, `30s`, `5m`, `1h`, `200ms`. */
function duration(option: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const seconds = Number(number) * UNITS[(unit ?? 's') as keyof typeof UNITS]
  if (!(seconds > 0)) throw new UserError(`${option} ${printable(text)}: give a time, as in 30s, 5m or 1h.`)
  return seconds
}

const PER = {
  s: 'second',
  sec: 'second',
  second: 'second',
  m: 'minute',
  min: 'minute',
  minute: 'minute',
  h: 'hour',
  hour: 'hour',
  d: 'day',
  day: 'day',
} as const

function rate(text: string): Rate | undefined {
  if (text === 'unlimited') return undefined
  const [, packets, unit] = /^(\d+)\/([a-z]+)$/.exec(text) ?? []
  const per = PER[unit as keyof typeof PER]
  if (!(Number(packets) > 0) || per === undefined)
    throw new UserError(
      `--rate ${printable(text)}: give packets per time, as in 10/second or 100/minute, or unlimited.`,
    )
  return { packets: Number(packets), per }
}
