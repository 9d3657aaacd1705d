/**
 * What a trace may hold, part by part, so that the whole program stays below 512 MB however many packets come. The rest,
 * some 250 MB, is for Node, its threads, the rules, and what waits for the garbage collector. Places that are traced at
 * the same time, and the streams of each, have equal shares.
 */

const MB = 1 << 20

export const BUDGET = {
  /** Bytes received from the kernel and not yet read; beyond it the kernel's own buffer fills, and what that loses is told. */
  unread: 64 * MB,
  /** Journeys under way. */
  open: 48 * MB,
  /** What the kernel says of its drops: not yet read, and kept for the journeys that they end. */
  unreadDrops: 8 * MB,
  drops: 48 * MB,
  /** Journeys kept: the first of each kind, and those that wait for an earlier one (--json). */
  kept: 32 * MB,
  /** Packets that may have been seen on another place, too. */
  joined: 32 * MB,
  /** Written, and not yet taken by whoever reads standard output. */
  output: 24 * MB,
  /** On the disk, with --save. */
  saved: 2048 * MB,
} as const

// as measured, with all that hangs on each: bytes
const OPEN_JOURNEY = 4096
const DROP = 2400
const JOINED_END = 1024

/** Counts, of one stream or place of so many. */
export const mostOpen = (streams: number): number => Math.floor(BUDGET.open / OPEN_JOURNEY / streams)
export const mostDrops = (places: number): number => Math.floor(BUDGET.drops / DROP / places)
export const mostJoined = Math.floor(BUDGET.joined / JOINED_END)
