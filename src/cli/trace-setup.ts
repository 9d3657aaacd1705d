/** What `nfwhy trace` and `nfwhy serve --live` are told alike: where tracing is set up, how, and within which limits. */
import { type Command, Option } from 'commander'
import type { Rate, Wish } from '../live/plan.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'

export interface SetupOptions {
  rate: Rate | undefined
  /** Seconds. */
  deadline: number
  backend: Wish['backend']
  via?: string[]
  log?: boolean
  programs?: boolean
  takeOver?: boolean
  drops: boolean
}

export function setupOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return command
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
    .option('--log', 'use LOG rules at the hooks instead of a trace, for kernels that cannot trace')
    .option(
      '--programs',
      "read the trace with programs on the traced host (nft monitor trace, tcpdump), not from the kernel's sockets",
    )
    .option('--take-over', 'take over the logger, even if another program (ulogd2 …) is reading from it')
    .option('--no-drops', "do not read the kernel's own drop reasons (needs eBPF)")
}

const BACKENDS: readonly Wish['backend'][] = ['auto', 'nft', 'legacy', 'xtables-nft', 'kernel-log']

function backend(text: string): Wish['backend'] {
  const found = BACKENDS.find((one) => one === text)
  if (found) return found
  throw new UserError(`--backend ${printable(text)}: give one of ${BACKENDS.join(', ')}.`)
}

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const

/** In seconds: `30`, `30s`, `5m`, `1h`, `200ms`. */
export function duration(option: string, text: string): number {
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
