/** How a script over there knows that we are still here: a line on its standard input now and then. */

/** Seconds; without a heartbeat, or an answer to one, for so long the connection is taken for lost. Tests have less patience. */
export const SILENCE = Math.max(4, Math.floor(Number(process.env.NFWHY_SILENCE) || 35))
/** Beats within it. */
const BEATS = 4

/**
 * sh: `nfwhy_read [SECONDS]` prints a line of standard input; fails at its end and, where there is `timeout`, after so
 * long without one, or after too long a silence.
 */
export const LINE_OF_INPUT = `
if timeout 5 true 2>/dev/null; then
  nfwhy_read() {
    [ "\${1:-${SILENCE}}" -lt ${SILENCE} ] || set -- ${SILENCE}
    timeout "$1" sh -c 'read -r word && printf "%s\\n" "$word"'
  }
else
  nfwhy_read() { read -r word && printf '%s\\n' "$word"; }
fi`

export interface Heartbeat {
  /** An answer came. */
  heard(): void
  stop(): void
}

/** `lost`: called once where answers are expected and none came to any of the last heartbeats. Counted, as a computer may sleep. */
export function keepHeartbeat(stdin: NodeJS.WritableStream, lost?: () => void): Heartbeat {
  let unanswered = 0
  const timer = setInterval(
    () => {
      if (unanswered++ === BEATS) lost?.()
      stdin.write('heartbeat\n')
    },
    (SILENCE / BEATS) * 1000,
  )
  return {
    heard: () => {
      unanswered = 0
    },
    stop: () => clearInterval(timer),
  }
}
