/** How a script over there knows that we are still here: a line on its standard input now and then. */

/** Seconds. */
const BEAT_EVERY = 10
/** Seconds; without a beat for so long the connection is taken for lost. */
const SILENCE = 35

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

/** Gives what stops it. */
export function keepBeating(stdin: NodeJS.WritableStream): () => void {
  const timer = setInterval(() => stdin.write('beat\n'), BEAT_EVERY * 1000)
  return () => clearInterval(timer)
}
