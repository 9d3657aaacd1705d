/** What is traced, and what can be done about it. */
import { listed } from '../state.ts'
import { live, pause, paused, stop } from './live.ts'

export function LiveBar() {
  const state = live.value
  if (!state) return null
  const { phase, filter, where, deadline, said } = state
  const what = filter === '' ? 'all packets' : filter
  return (
    <section class="live" aria-label="Trace">
      <p role="status">
        <b>{WORDS[phase]}</b> {what} on {where}
        {phase === 'tracing' && `, until ${new Date(deadline).toLocaleTimeString()} at the latest`}
        {phase === 'tracing' && listed.value?.rows === 0 && '. Send the packet that fails.'}
        {phase === 'ended' && '. Everything that it set up is removed.'}
      </p>
      {phase !== 'ended' && (
        <button type="button" aria-pressed={paused.value} onClick={pause}>
          Pause the list
        </button>
      )}
      {phase === 'tracing' && (
        <button type="button" onClick={() => void stop()}>
          Stop the trace
        </button>
      )}
      {said.length > 0 && (
        <details>
          <summary>{said.length === 1 ? '1 message' : `${said.length} messages`} of the trace</summary>
          <pre>{said.join('\n')}</pre>
        </details>
      )}
    </section>
  )
}

const WORDS = { tracing: 'Tracing', stopping: 'Ending the trace of', ended: 'Traced' } as const
