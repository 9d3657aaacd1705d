/** What the kernel drops, while it is watched: the last ten minutes, and the first drop of each kind explained. */
import type { WatchedKind, WatchPage } from '../../watch.ts'
import { looked, watched } from './asking.ts'

export function Watch() {
  const now = watched.value
  return (
    <main class="watch">
      {now ? <Counted of={now} /> : <p role="status">Counting begins: the rules of this machine are being read.</p>}
    </main>
  )
}

/** `12:31:05`, UTC. */
const clock = (time: number): string => new Date(time).toISOString().slice(11, 19)
const number = (count: number): string => count.toLocaleString('en')

function Counted({ of: { count, recent, began, kinds, notes } }: { of: WatchPage }) {
  const chosen = kinds.find(({ id }) => id === looked.value) ?? kinds[0]
  const most = Math.max(...kinds.flatMap(({ minutes }) => minutes))
  return (
    <>
      <p>
        <b>{number(recent)}</b> {recent === 1 ? 'drop' : 'drops'} in the last ten minutes, {number(count)} since{' '}
        {clock(began)} UTC
        {kinds[0] ? `; most: ${[kinds[0].reason, kinds[0].rule].filter(Boolean).join(' by ')}.` : '.'}
      </p>
      {kinds.length > 0 && (
        <div class="kinds">
          <table>
            <thead>
              <tr>
                <th class="count">drops</th>
                <th>last ten minutes</th>
                <th>last</th>
                <th>reason and rule</th>
                <th>interfaces</th>
              </tr>
            </thead>
            <tbody>
              {kinds.map((kind) => (
                <Kind key={kind.id} of={kind} most={most} isChosen={kind === chosen} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {notes.map((note) => (
        <p class="hint" key={note}>
          {note}
        </p>
      ))}
      {chosen && <Behind of={chosen} />}
    </>
  )
}

function Kind({ of, most, isChosen }: { of: WatchedKind; most: number; isChosen: boolean }) {
  const { id, reason, rule, interfaces, recent, last, minutes, isHarmless } = of
  return (
    <tr class={[isChosen ? 'chosen' : '', isHarmless ? 'harmless' : ''].join(' ')}>
      <td class="count">{number(recent)}</td>
      <td>
        <Minutes of={minutes} most={most} />
      </td>
      <td>{clock(last)}</td>
      <td>
        <button type="button" class="plain" aria-pressed={isChosen} onClick={() => (looked.value = id)}>
          {reason}
          {rule !== '' && <> {rule}</>}
        </button>
        {isHarmless && ' harmless'}
      </td>
      <td>{interfaces}</td>
    </tr>
  )
}

const HEIGHT = 20

/** A bar for each minute, the latest at the right. */
function Minutes({ of, most }: { of: readonly number[]; most: number }) {
  return (
    <svg
      class="minutes"
      viewBox={`0 0 ${of.length} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`In each minute: ${of.map(number).join('; ')}`}
    >
      {of.map((count, i) => {
        // one of a thousand is to be seen as well
        const tall = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT)
        const ago = of.length - 1 - i
        return (
          <rect key={i} x={i} y={HEIGHT - tall} width={0.85} height={tall}>
            <title>{`${number(count)} ${ago === 0 ? 'in this minute' : `${ago} min ago`}`}</title>
          </rect>
        )
      })}
    </svg>
  )
}

/** The first drop of a kind, explained, and which tuples it is about. */
function Behind({ of: { reason, rule, text, tuples, tupleCount } }: { of: WatchedKind }) {
  return (
    <section>
      <h2>{[reason, rule].filter(Boolean).join(' ')}</h2>
      {text !== '' && <pre>{text}</pre>}
      {tuples.length > 0 && (
        <>
          <h3>{tupleCount}, most in the last ten minutes</h3>
          <ol class="tuples">
            {tuples.map(({ packet, count }) => (
              <li key={packet}>
                <span class="count">{number(count)}</span> <code>{packet}</code>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  )
}
