/**
 * What is taken of another machine at most, each time that it is asked something. It may be broken, or lie: whatever it
 * prints, nfwhy comes to its end in bounded memory, keeps what was good, and says what it left out.
 */

export interface Limits {
  /** Bytes of one section; what is behind them is dropped. */
  section: number
  /** Bytes of all that is printed, wanted or not. */
  bytes: number
  /** Sections, wanted or not. */
  sections: number
  /** Seconds without a byte. */
  silence: number
  /** Seconds in all. */
  seconds: number
  /** Seconds to end in, when everything has come. */
  ending: number
}

/** `nfwhy collect`. Each command over there has 30 s of its own. */
export const COLLECT: Limits = {
  section: 64e6,
  bytes: 128e6,
  sections: 200,
  silence: 90,
  seconds: 600,
  ending: 2,
}

/** The same for a trace, which waits for its rules. */
export const TRACE: Limits = { ...COLLECT, seconds: 120 }

/** A script that has no sections: what it prints, in bytes and lines, and how long it runs, in seconds. */
export interface ScriptLimits {
  bytes: number
  lines: number
  seconds: number
}

export const SCRIPT: ScriptLimits = { bytes: 32e6, lines: 500_000, seconds: 60 }

/** What it complains of on standard error: bytes that are kept; lines, and characters of each, that are shown. */
export const COMPLAINTS = { bytes: 64e3, lines: 12, width: 300 } as const

/** A program that goes on printing has so many seconds to say that it is there. */
export const BEGINNING = 90

/** The shell that holds a session. */
export const GUARD = {
  /** Seconds that setting up may last, and taking back; and then until the connection is cut: others may hold iptables' lock for a minute. */
  beginning: 90,
  undoing: 30,
  lastWords: 40,
  /** Seconds that restoring from here may last, where nobody is left to do it over there. */
  fromHere: 15,
  /** Characters that are kept of what it says. */
  words: 16_384,
}

export const sizeWords = (bytes: number): string =>
  bytes >= 1e6 ? `${bytes / 1e6} MB` : bytes >= 1e3 ? `${bytes / 1e3} kB` : `${bytes} bytes`
