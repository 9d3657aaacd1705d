/** A row of bars for each rule, host or outcome. */
import type { GroupOverTime, OverTime } from '../../over-time.ts'
import { chosen, look, shown } from './asking.ts'
import { lasting, moment } from './moments.ts'

export function Groups({ of }: { of: OverTime }) {
  const { groups, more, span, width, stored } = of
  const most = Math.max(...groups.flatMap(({ bars }) => bars))
  return (
    <section>
      <ol class="groups">
        {groups.map((group) => (
          <Group key={group.name} of={group} most={most} isNew={stored !== undefined && isNew(group, of)} />
        ))}
      </ol>
      <p class="hint">
        {moment(span.from)} to {moment(span.until)}, {lasting(width)} a bar; the highest bar is{' '}
        {most.toLocaleString('en')}.
        {more > 0 && ` ${more.toLocaleString('en')} more with fewer exchanges are not shown.`}
      </p>
    </section>
  )
}

/** Never seen before the span, though there was somebody to see. */
const isNew = ({ first }: GroupOverTime, { span, stored }: OverTime): boolean =>
  stored !== undefined && stored.from < span.from && first >= span.from

const HEIGHT = 28

function Group({ of, most, isNew }: { of: GroupOverTime; most: number; isNew: boolean }) {
  const { name, text, exchanges, hosts, first, last, bars } = of
  const bar = chosen.value?.name === name ? chosen.value : undefined
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    const next = nextFilled(bars, bar?.bar, by)
    if (next !== undefined) void look({ name, bar: next })
  }
  const onClick = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as SVGElement).getBoundingClientRect()
    const at = Math.floor(((event.clientX - left) / width) * bars.length)
    const near = nearestFilled(bars, at)
    if (near !== undefined) void look({ name, bar: near })
  }
  return (
    <li class={bar ? 'chosen' : ''}>
      <button
        type="button"
        class="group"
        aria-pressed={bar !== undefined}
        title="Arrow keys go from bar to bar"
        onClick={() => void look({ name })}
        onKeyDown={onKeyDown}
      >
        <span class="count">{exchanges.toLocaleString('en')}</span> <b>{name}</b>
        {isNew && <span class="new">new since {moment(first)}</span>}
        {hosts > 1 && <span class="dim">{hosts} hosts</span>}
        <span class="dim">last {moment(last)}</span>
        {text !== undefined && <code>{text}</code>}
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the button beside it has the keys */}
      <svg
        class="bars"
        viewBox={`0 0 ${bars.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={toldBars(bars)}
        onClick={onClick}
      >
        {bars.map((count, i) => {
          if (count === 0) return null
          // one of a thousand is to be seen as well
          const tall = Math.max(2, (count / most) * HEIGHT)
          return (
            <rect key={i} x={i} y={HEIGHT - tall} width={0.85} height={tall} class={bar?.bar === i ? 'chosen' : ''}>
              <title>{titleOf(i, count)}</title>
            </rect>
          )
        })}
      </svg>
    </li>
  )
}

function titleOf(bar: number, count: number): string {
  const { span, width } = shown.value!
  return `${count.toLocaleString('en')} from ${moment(span.from + bar * width)}`
}

function toldBars(bars: readonly number[]): string {
  const at = bars.indexOf(Math.max(...bars))
  return `Most in one bar: ${titleOf(at, bars[at]!)}`
}

/** The next bar that has exchanges; from the end where none is chosen. */
function nextFilled(bars: readonly number[], from: number | undefined, by: number): number | undefined {
  for (let at = (from ?? (by > 0 ? -1 : bars.length)) + by; at >= 0 && at < bars.length; at += by)
    if (bars[at]! > 0) return at
  return undefined
}

/** A bar is a few pixels wide. */
function nearestFilled(bars: readonly number[], at: number): number | undefined {
  for (let by = 0; by < bars.length; by++) for (const i of [at - by, at + by]) if ((bars[i] ?? 0) > 0) return i
  return undefined
}
