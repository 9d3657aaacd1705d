import { ssReader } from '../../read/host/ss.ts'
import type { Detector } from '../context.ts'

/** Fetched with what reads how long queues are. */
const fullQueue = ssReader.with(() => import('../host/full-queue.ts'))

/** A program listens, and does not accept. Asked where nothing came back. */
export const acceptQueueFull: Detector = {
  code: 'accept-queue-full',
  detect: (context) =>
    context.inVain === 'unanswered' && context.world.host.sockets?.some((socket) => socket.fullQueue)
      ? fullQueue.loaded.fullQueueFindings(context)
      : [],
}
