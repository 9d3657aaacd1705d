/**
 * Which cases of a file are played: vitest.config.ts gives some files to two projects, one of which has those that write
 * the kernel's log, one at a time, and the other those that nft traces in namespaces of their own, beside them.
 */
const LANE = process.env.NFWHY_LANE

/** `whole`: a run that draws all figures together has all of them in the first one. */
export const isPlayedHere = (logs: boolean, whole = false): boolean =>
  LANE === undefined || (LANE === 'log') === (logs || whole)
