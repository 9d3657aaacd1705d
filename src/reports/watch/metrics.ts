/**
 * What a watch has counted in Prometheus' text format (version 0.0.4). No label holds an address, a port or an interface: there
 * are at most as many series as kinds of drops.
 */
import type { DropKind } from '../../analysis/drops/tally.ts'
import { nameRef } from '../../explain/refs.ts'
import { printable } from '../../model/printable.ts'
import type { WatchSnapshot } from './snapshot.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

interface Metric {
  name: string
  type: 'counter' | 'gauge'
  help: string
  samples: readonly { labels?: Readonly<Record<string, string>>; value: number }[]
}

/** The whole page. */
export function metricsText(snapshot: WatchSnapshot): string {
  return metricsOf(snapshot)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`).join('')}`,
    )
    .join('')
}

function metricsOf({ tally, began, missed, rulesRead }: WatchSnapshot): Metric[] {
  const one = (value: number) => [{ value }]
  return [
    {
      name: 'nfwhy_drops_total',
      type: 'counter',
      help: 'Packets that the kernel dropped. rule: simulated; empty where netfilter did not drop it, or unknown.',
      samples: [...series(tally.kinds)].map(([, sample]) => sample),
    },
    {
      name: 'nfwhy_drops_without_reason_total',
      type: 'counter',
      help: 'Drops that were counted, of which nothing else is known.',
      samples: one(tally.rest),
    },
    {
      name: 'nfwhy_drops_missed_total',
      type: 'counter',
      help: 'At most so many drops, of all network namespaces, were not counted: each interrupted the counting of another.',
      samples: one(missed),
    },
    {
      name: 'nfwhy_drops_folded_total',
      type: 'counter',
      help: 'Drops in nfwhy_drops_total that were counted without their addresses, because there were too many different addresses.',
      samples: one(tally.folded),
    },
    {
      name: 'nfwhy_drop_kinds',
      type: 'gauge',
      help: 'Distinct kinds of drops.',
      samples: one(tally.kindCount),
    },
    {
      name: 'nfwhy_drop_tuples',
      type: 'gauge',
      help: 'Tuples that are told apart at the moment.',
      samples: one(tally.tupleCount),
    },
    {
      name: 'nfwhy_rules_read_timestamp_seconds',
      type: 'gauge',
      help: 'When the rules were read that drops are simulated with; 0: never.',
      samples: one((rulesRead ?? 0) / 1000),
    },
    {
      name: 'nfwhy_watch_start_timestamp_seconds',
      type: 'gauge',
      help: 'When the watch began.',
      samples: one(began / 1000),
    },
  ]
}

/** Kinds that have all labels in common are one series. */
function series(kinds: Iterable<DropKind>): Map<string, { labels: Record<string, string>; value: number }> {
  const found = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const kind of kinds) {
    const labels = labelsOf(kind)
    const key = labelText(labels)
    const sample = found.get(key)
    if (sample) sample.value += kind.count
    else found.set(key, { labels, value: kind.count })
  }
  return found
}

/** As empty labels are none for Prometheus, what is not known is left out by it. */
function labelsOf({ reason, place, family, protocol, rule, isHarmless }: DropKind): Record<string, string> {
  const ref = rule?.known ? rule.ref : undefined
  return {
    reason,
    function: place ?? '',
    family: family ?? '',
    protocol: protocol ?? '',
    harmless: String(isHarmless),
    hook: (rule?.known && rule.hook) || '',
    table: ref ? `${ref.family} ${ref.table}` : '',
    chain: ref?.chain ?? '',
    rule: ref ? nameRef(ref) : rule && !rule.known ? `unknown: ${rule.why}` : '',
  }
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (!labels) return ''
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`
}

const escaped = (value: string): string =>
  printable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
