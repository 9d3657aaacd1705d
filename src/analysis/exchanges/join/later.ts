/** What only a list of connections tells: a page without one does not wait for it. */
import { listings } from '../../../read/host/listings.ts'

const listed = listings.with(() => import('./listed.ts'))

type Listed = typeof import('./listed.ts')

/** Undefined where nothing is listed. */
export const byEntry: Listed['byEntry'] = (table, tuple, told, closed) =>
  closed.world.host.conntrack && listed.loaded.byEntry(table, tuple, told, closed)

/** `found` where nothing is listed. */
export const notOfAnother: Listed['notOfAnother'] = (found, list, closed) =>
  closed.world.host.conntrack ? listed.loaded.notOfAnother(found, list, closed) : found
