/** Failed exchanges over time: which rule, which host, since when; and what is behind each bar. */
import { GROUPINGS, type Grouping, type OverTime as Shown } from '../../over-time.ts'
import { choose, explained, grouping, load, type Since, shown, since } from './asking.ts'
import { BehindBar } from './behind.tsx'
import { Groups } from './groups.tsx'
import { moment } from './moments.ts'
import { StoredExplained } from './stored.tsx'

export function OverTime() {
  const all = shown.value
  return (
    <main class="over-time">
      <Asked />
      {all && (
        <>
          <p role="status">
            <Answer of={all} />
          </p>
          {all.groups.length > 0 && <Groups of={all} />}
        </>
      )}
      <BehindBar />
      {explained.value && <StoredExplained of={explained.value} />}
    </main>
  )
}

const BY: Readonly<Record<Grouping, string>> = { rule: 'rule', host: 'host', status: 'outcome' }
const MOST: Readonly<Record<Grouping, string>> = { rule: 'by', host: 'on', status: 'were' }
const HOUR = 3600
/** Seconds. */
const AGO: readonly [number, string][] = [
  [HOUR, 'the last hour'],
  [24 * HOUR, 'the last day'],
  [7 * 24 * HOUR, 'the last week'],
  [30 * 24 * HOUR, 'the last 30 days'],
]

function Asked() {
  const at = since.value
  const kind = at.kind === 'ago' ? String(at.seconds) : at.kind
  const onKind = (value: string) => {
    const now: Since =
      value === 'all'
        ? { kind: 'all' }
        : value === 'at'
          ? { kind: 'at', millis: Math.floor(Date.now() / 60_000) * 60_000 - HOUR * 1000 }
          : { kind: 'ago', seconds: Number(value) }
    choose(grouping.value, now)
  }
  return (
    <form class="asked" onSubmit={(event) => event.preventDefault()}>
      <label>
        By{' '}
        <select value={grouping.value} onChange={(event) => choose(event.currentTarget.value as Grouping, since.value)}>
          {GROUPINGS.map((one) => (
            <option key={one} value={one}>
              {BY[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Time{' '}
        <select value={kind} onChange={(event) => onKind(event.currentTarget.value)}>
          <option value="all">all that is stored</option>
          {AGO.map(([seconds, words]) => (
            <option key={seconds} value={String(seconds)}>
              {words}
            </option>
          ))}
          {at.kind === 'ago' && !AGO.some(([seconds]) => seconds === at.seconds) && (
            <option value={kind}>the last {at.seconds} seconds</option>
          )}
          <option value="at">since …</option>
        </select>
      </label>
      {at.kind === 'at' && (
        <label>
          UTC{' '}
          <input
            type="datetime-local"
            value={new Date(at.millis).toISOString().slice(0, 16)}
            onChange={(event) => {
              const millis = Date.parse(`${event.currentTarget.value}Z`)
              if (Number.isFinite(millis)) choose(grouping.value, { kind: 'at', millis })
            }}
          />
        </label>
      )}
      <button type="button" onClick={() => void load()}>
        Ask again
      </button>
    </form>
  )
}

/** The answer on line one. */
function Answer({ of }: { of: Shown }) {
  const { groups, exchanges, untimed, stored, span } = of
  const [first] = groups
  const beside =
    untimed > 0 && ` ${untimed.toLocaleString('en')} failed ${plural(untimed)} without a time are not shown.`
  if (!stored) return <>No exchange with a time is stored.{beside}</>
  if (!first)
    return (
      <>
        No exchange failed from {moment(span.from)} to {moment(span.until)}.{beside}
      </>
    )
  return (
    <>
      <b>
        {exchanges.toLocaleString('en')} failed {plural(exchanges)}
      </b>{' '}
      from {moment(span.from)} to {moment(span.until)}; most {MOST[grouping.value]} <b>{first.name}</b>:{' '}
      {first.exchanges.toLocaleString('en')}.{beside}
    </>
  )
}

const plural = (count: number): string => (count === 1 ? 'exchange' : 'exchanges')
