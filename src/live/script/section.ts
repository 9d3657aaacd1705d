/** One question to a machine: sh that prints one file. */

export interface Section {
  /** Stable; callers choose and find sections by it. */
  id: string
  /** The file's name in a bundle; NOTES: it is told in the list of what was collected. */
  file: string
  /** What it prints, for people. */
  what: string
  /** What nfwhy can tell by it, and cannot without. */
  why: string
  /** `ruleset`: asked again when rules change. `host`: the rest. */
  tag: 'ruleset' | 'host'
  /**
   * Runs in a subshell, with the words of ./prelude.ts, and without standard input. It only looks: it makes no table, loads
   * no module and sets nothing. What is not there is told with `absent`, what only root may ask with `refused`.
   */
  sh: string
}

/** What was collected, and how; in a bundle it stands beside the files. */
export const NOTES = 'collected.txt'
/** The first section of every framed script: `host`, `when`, `uid`, `capabilities`, a line each. */
export const ABOUT = 'about'

/** Exit statuses of sections. */
export const ABSENT = 90
export const REFUSED = 91
