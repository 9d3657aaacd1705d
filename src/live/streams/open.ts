/** A plan's streams, by the best way there is: the kernel's own sockets where its namespace can be entered, else programs there. */
import { type Receiver, receive } from '../../kernel/receiver.ts'
import { IDLE_TICK } from '../../kernel/receiver-messages.ts'
import { Unavailable } from '../../kernel/unavailable.ts'
import type { Stream } from '../plan.ts'
import { LiveProblem, unlessEnded } from '../problem.ts'
import type { Facts } from '../survey/facts.ts'
import type { TraceHost } from '../trace-host.ts'
import { programStream } from './program.ts'
import { programFor } from './programs.ts'
import { captureFormat, type EventStream } from './stream.ts'

/**
 * `namespace`: where the place is on our own kernel. `holdBytes`: received and not yet read, at most. Resolves when the stream is ready; throws LiveProblem, also where
 * an end is asked for (Interrupted), and then nothing of it is left.
 */
export async function openStream(
  stream: Stream,
  place: TraceHost,
  facts: Facts,
  namespace: { path?: string } | undefined,
  holdBytes: number,
  ending?: AbortSignal,
): Promise<{ stream: EventStream; note?: string }> {
  let note: string | undefined
  if (namespace && stream.kind !== 'kernel-log') {
    const direct = netlinkStream(stream, namespace, holdBytes)
    try {
      await direct.ready
      await direct.format.load?.()
      return { stream: direct }
    } catch (error) {
      await direct.stop()
      if (!(error instanceof Unavailable)) throw error
      if (error.reason === 'taken') throw new LiveProblem(`${error.message}.`)
      note = `${error.message}; so another program reads the trace for nfwhy, and it can lose events under load`
    }
  }
  const program = programFor(stream, facts)
  if ('problem' in program) throw new LiveProblem(`${place.name}: ${program.problem}.`, note)
  const opened = programStream(place, program)
  try {
    await unlessEnded(opened.ready, ending)
    await opened.format.load?.()
  } catch (error) {
    await opened.stop()
    throw error
  }
  return { stream: opened, ...(note === undefined ? {} : { note }) }
}

function netlinkStream(
  stream: Exclude<Stream, { kind: 'kernel-log' }>,
  { path }: { path?: string },
  holdBytes: number,
): EventStream {
  const receiver: Receiver = receive({
    what: stream.kind,
    holdBytes,
    ...(path === undefined ? {} : { namespace: path }),
    ...(stream.kind === 'nflog' ? { group: stream.group } : {}),
  })
  return {
    format: captureFormat(stream.kind === 'nflog' ? 'nflog-pcap' : 'nft-netlink'),
    by: "the kernel's netlink socket",
    idleTick: IDLE_TICK,
    tellsLosses: true,
    ready: receiver.ready.then(() => {}),
    chunks: receiver.chunks,
    lost: () => receiver.lost(),
    unread: () => receiver.unread(),
    received: () => receiver.received(),
    abandon: () => receiver.abandon(),
    onRulesetChange: (callback) => receiver.onRulesetChange(callback),
    stop: () => receiver.stop(),
  }
}
